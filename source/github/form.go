package github

import (
	"bytes"
	"encoding/hex"
	"errors"
)

// formPrefix begins a form body, and no JSON.
const formPrefix = "payload="

var (
	errOtherField = errors.New(`field "payload": must be the form's only one`)
	errEscape     = errors.New(`field "payload": has a percent sign that does not begin an escape`)
)

// payloadOf returns the JSON of a body: the body itself, or what the one field
// of a form stands for, in memory of its own.
//
// The Content-Type is not asked, because nobody signed it: an issue may well
// have a title with "&payload=" in it, and its JSON would pass for a form. For
// the same reason there is no other field in a form.
func payloadOf(body []byte) ([]byte, error) {
	form, ok := bytes.CutPrefix(body, []byte(formPrefix))
	if !ok {
		return body, nil
	}
	payload := make([]byte, 0, max(0, len(form)-2*bytes.Count(form, []byte{'%'})))
	for i := 0; i < len(form); i++ {
		c := form[i]
		switch c {
		case '&', ';':
			return nil, errOtherField
		case '+':
			c = ' '
		case '%':
			var decoded [1]byte
			if i+2 >= len(form) {
				return nil, errEscape
			}
			if _, err := hex.Decode(decoded[:], form[i+1:i+3]); err != nil {
				return nil, errEscape
			}
			c = decoded[0]
			i += 2
		}
		payload = append(payload, c)
	}
	return payload, nil
}
