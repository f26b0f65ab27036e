package envelope

import (
	"bytes"
	"time"
)

// byteOrderMark is what some editors put before UTF-8; JSON must not have it.
const byteOrderMark = "\ufeff"

// open returns the index of the brace that begins the object that b is. There
// may be whitespace before it.
func open(b []byte) (int, *Error) {
	i := skipSpace(b, 0)

	switch {
	case i == len(b):
		return i, syntaxError("is empty", 0)
	case b[i] == '{':
		return i, nil
	case bytes.HasPrefix(b[i:], []byte(byteOrderMark)):
		return i, syntaxError("must not begin with a byte order mark", i)
	default:
		return i, syntaxError("must be a JSON object", i)
	}
}

// checkEnd checks that there is nothing but whitespace from b[i] on.
func checkEnd(b []byte, i int) *Error {
	if i = skipSpace(b, i); i < len(b) {
		return syntaxError("data after the object", i)
	}

	return nil
}

// readKey reads the next key of an object, of which b[i] is the first byte
// after the brace or, once begun, after a value. It returns the index of the
// value, or, with a nil key, of the first byte after the object.
func readKey(b []byte, i int, begun bool) (key []byte, end int, err *Error) {
	if i = skipSpace(b, i); i >= len(b) {
		return nil, i, unexpectedEnd(b)
	}
	if b[i] == '}' {
		return nil, i + 1, nil
	}

	if begun {
		if b[i] != ',' {
			return nil, i, syntaxError("expected a comma or a closing brace", i)
		}
		i = skipSpace(b, i+1)
	}
	if i >= len(b) || b[i] != '"' {
		return nil, i, keyError(b, i)
	}

	if key, i, err = readString(b, i); err != nil {
		return nil, i, err
	}
	if i < len(b) && b[i] == ':' {
		i++
	} else if i, err = skipColon(b, i); err != nil {
		return nil, i, err
	}

	return key, skipSpace(b, i), nil
}

// readText reads the string at b[i], the value of the field called name, and
// returns the index of the first byte after it. The text of null is nil.
func readText(b []byte, i int, name string) (text []byte, end int, err *Error) {
	if i < len(b) && b[i] == '"' {
		return readString(b, i)
	}
	end, err = readNull(b, i, name, "a string")

	return nil, end, err
}

// readName is readText for a field that has a grammar: the function problem
// returns what is wrong with a text.
func readName(b []byte, i int, name string, problem func([]byte) string) (text []byte, end int, err *Error) {
	text, end, err = readText(b, i, name)
	if text == nil || err != nil {
		return nil, end, err
	}
	if p := problem(text); p != "" {
		return nil, end, &Error{Field: name, Problem: p, Offset: i}
	}

	return text, end, nil
}

// readTime is readText for a field that is a time. The time of null is zero.
func readTime(b []byte, i int, name string) (t time.Time, end int, err *Error) {
	text, end, err := readText(b, i, name)
	if text == nil || err != nil {
		return t, end, err
	}
	t, ok := parseTime(text)
	if !ok {
		return t, end, &Error{Field: name, Problem: "must be an RFC 3339 time", Offset: i}
	}

	return t, end, nil
}

// readNull reads the null at b[i], the value of the field called name. The
// error for anything else says what it should have been, want, which it is not.
func readNull(b []byte, i int, name, want string) (end int, err *Error) {
	if i >= len(b) {
		return i, unexpectedEnd(b)
	}

	switch c := b[i]; {
	case c == 'n':
		return skipLiteral(b, i, "null")
	case kindOf(c) == "":
		return i, syntaxError("expected a value", i)
	default:
		return i, &Error{Field: name, Problem: "must be " + want + ", not " + kindOf(c), Offset: i}
	}
}

// kindOf returns what the value is that begins with c, or "" if none does. Null
// has no kind.
func kindOf(c byte) string {
	switch {
	case c == '"':
		return "a string"
	case c == '{':
		return "an object"
	case c == '[':
		return "an array"
	case c == 't' || c == 'f':
		return "a boolean"
	case c == '-' || isDigit(c):
		return "a number"
	default:
		return ""
	}
}
