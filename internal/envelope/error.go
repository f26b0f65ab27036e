package envelope

import "strconv"

// Error says what is wrong with a body. No part of the body is ever in it: a
// field is one that the envelope knows, a problem is one of a few fixed texts.
type Error struct {
	// Field is the wire name of the field, such as "related_object.id". It is
	// empty when the body as a whole is at fault: when it is not JSON.
	Field string
	// Problem completes a sentence that begins with the field, such as
	// "is missing", or names a fault of syntax, such as "unexpected end".
	Problem string
	// Offset is the index of the byte at which the problem begins. A field that
	// is missing is a problem of the object that lacks it.
	Offset int
}

// Error returns the field and its problem, or else the body's problem and
// where it is, unless that is the first byte.
func (e *Error) Error() string {
	if e.Field != "" {
		return `envelope field "` + e.Field + `": ` + e.Problem
	}
	if e.Offset == 0 {
		return "body: " + e.Problem
	}

	return "body: " + e.Problem + " at byte " + strconv.Itoa(e.Offset)
}

func syntaxError(problem string, offset int) *Error {
	return &Error{Problem: problem, Offset: offset}
}

func unexpectedEnd(b []byte) *Error {
	return syntaxError("unexpected end", len(b))
}
