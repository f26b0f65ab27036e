package cloudevents

import (
	"bytes"
	"encoding/base64"
	"errors"
)

var (
	errBase64 = errors.New("must be padded base64, without line breaks")
	strict    = base64.StdEncoding.Strict()
)

// encoded checks the JSON string of a data_base64 and returns it without escapes.
func encoded(value []byte) ([]byte, error) {
	text, err := unquote(value)
	if err != nil {
		return nil, err
	}
	if !isBase64(text) {
		return nil, errBase64
	}
	if len(text)+2 == len(value) {
		return value, nil
	}
	return quote(text), nil
}

// isBase64 decodes a piece at a time, so that nothing of the text's size is
// allocated. The decoder skips line breaks, which base64 in JSON has not.
func isBase64(text []byte) bool {
	if bytes.ContainsAny(text, "\r\n") {
		return false
	}
	var piece [768]byte
	const full = len(piece) / 3 * 4
	for len(text) > full {
		if n, err := strict.Decode(piece[:], text[:full]); err != nil || n < len(piece) {
			return false
		}
		text = text[full:]
	}
	_, err := strict.Decode(piece[:], text)
	return err == nil
}

// quote makes a JSON string of base64, which has nothing to escape.
func quote(text []byte) []byte {
	quoted := make([]byte, 0, len(text)+2)
	return append(append(append(quoted, '"'), text...), '"')
}
