package protocol

import (
	"encoding/json"
	"fmt"
	"strings"
)

// What a key of an event can have besides the errors of a payload's fields.
var (
	fits     FieldError // no error
	errTwice = FieldError{ErrorType: "value_error.duplicate", Message: "the key stands twice"}
)

// malformedError is why something is not an event. It shows nothing of it.
type malformedError struct {
	text   string       // of the whole; or else:
	syntax bool         // it is not JSON at all
	fields []FieldError // in the wire's order
}

func (e *malformedError) Error() string {
	if e.fields == nil {
		return "event: " + e.text
	}
	var b strings.Builder
	b.WriteString("event: ")
	for i, f := range e.fields {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "field %q: %s", f.Name, f.Message)
	}
	return b.String()
}

// notAnEvent makes an error of why data could not be walked.
func notAnEvent(data []byte, err error) error {
	if json.Valid(data) && firstByte(data) != '{' {
		return &malformedError{text: "must be an object"}
	}
	return &malformedError{syntax: true, text: "must be JSON in UTF-8, an object at most 512 deep: " + strings.TrimPrefix(err.Error(), "body: ")}
}
