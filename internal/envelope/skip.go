package envelope

import "math/bits"

// maxDepth is how deeply objects and arrays may nest, the body's own object
// included. It bounds what a later decoder of the same bytes must bear.
const maxDepth = 512

// skipSpace returns the index of the first byte, from i on, that is not JSON
// whitespace.
func skipSpace(b []byte, i int) int {
	if uint(i) < uint(len(b)) && b[i] > ' ' {
		return i
	}
	return skipSpaces(b, i)
}

// skipSpaces is skipSpace without the shortcut. It is quick on the indentation
// of pretty-printed JSON. It stays out of line, or the compiler would copy it
// to every call of skipSpace, and slow all of them down.
//
//go:noinline
func skipSpaces(b []byte, i int) int {
	for i < len(b) {
		switch b[i] {
		case ' ', '\n', '\t', '\r':
			i++
		default:
			return i
		}

		for i+wordBytes <= len(b) {
			if w := load(b, i) ^ ones*' '; w != 0 {
				i += bits.TrailingZeros64(w) / 8

				break
			}
			i += wordBytes
		}
	}

	return i
}

// skipValue checks the JSON value at b[i], which lies within depth objects
// and arrays, and returns the index of the first byte after it. It does not
// recurse: one bit for each open object or array says which of the two it is.
//
//nolint:nestif // the hot loop: a call for each key costs a twentieth
func skipValue(b []byte, i int, depth uint) (int, *Error) {
	var (
		objects bitStack
		open    uint // objects and arrays open here
		object  bool // whether the innermost is an object
		err     *Error
	)

	for {
		i = skipSpace(b, i)
		if object {
			if i >= len(b) || b[i] != '"' {
				return i, keyError(b, i)
			}
			if i = skipPlain(b, i+1); i < len(b) && b[i] == '"' {
				i++
			} else if i, err = skipRest(b, i); err != nil {
				return i, err
			}
			if i < len(b) && b[i] == ':' {
				i++
			} else if i, err = skipColon(b, i); err != nil {
				return i, err
			}
			i = skipSpace(b, i)
		}
		if i >= len(b) {
			return i, unexpectedEnd(b)
		}

		switch c := b[i]; c {
		case '"':
			if i = skipPlain(b, i+1); i < len(b) && b[i] == '"' {
				i++
			} else if i, err = skipRest(b, i); err != nil {
				return i, err
			}
		case '{', '[':
			if depth+open >= maxDepth {
				return i, syntaxError("nesting deeper than 512", i)
			}
			object = c == '{'
			objects.set(open, object)
			open++

			// An empty one is left to the loop below, which closes it.
			if i = skipSpace(b, i+1); i >= len(b) || b[i] != c+2 {
				continue
			}
		default:
			if i, err = skipScalar(b, i); err != nil {
				return i, err
			}
		}

		// A value is complete: close what it is the last of.
		for {
			if open == 0 {
				return i, nil
			}
			if i = skipSpace(b, i); i >= len(b) {
				return i, unexpectedEnd(b)
			}

			c := b[i]
			if c == ',' {
				i++

				break
			}
			if object && c != '}' {
				return i, syntaxError("expected a comma or a closing brace", i)
			}
			if !object && c != ']' {
				return i, syntaxError("expected a comma or a closing bracket", i)
			}
			i++
			open--
			object = open > 0 && objects.get(open-1)
		}
	}
}

// bitStack has a bit for each level of nesting.
type bitStack [maxDepth / 64]uint64

func (s *bitStack) get(level uint) bool {
	return s[level/64%uint(len(s))]>>(level%64)&1 != 0
}

func (s *bitStack) set(level uint, to bool) {
	word, bit := &s[level/64%uint(len(s))], uint64(1)<<(level%64)
	*word &^= bit
	if to {
		*word |= bit
	}
}

// keyError returns the error for what is at b[i] where a key must be.
func keyError(b []byte, i int) *Error {
	if i >= len(b) {
		return unexpectedEnd(b)
	}

	return syntaxError("expected a key", i)
}

// skipColon returns the index of the first byte after the colon at or after
// b[i].
func skipColon(b []byte, i int) (int, *Error) {
	i = skipSpace(b, i)
	if i >= len(b) {
		return i, unexpectedEnd(b)
	}
	if b[i] != ':' {
		return i, syntaxError("expected a colon", i)
	}
	return i + 1, nil
}

// skipScalar checks the number or literal at b[i].
func skipScalar(b []byte, i int) (int, *Error) {
	switch c := b[i]; {
	case c == '-' || isDigit(c):
		return skipNumber(b, i)
	case c == 't':
		return skipLiteral(b, i, "true")
	case c == 'f':
		return skipLiteral(b, i, "false")
	case c == 'n':
		return skipLiteral(b, i, "null")
	default:
		return i, syntaxError("expected a value", i)
	}
}

func skipLiteral(b []byte, i int, literal string) (int, *Error) {
	if len(b)-i >= len(literal) && string(b[i:i+len(literal)]) == literal {
		return i + len(literal), nil
	}
	for j := range len(literal) {
		if i+j >= len(b) {
			return i + j, unexpectedEnd(b)
		}
		if b[i+j] != literal[j] {
			return i + j, syntaxError("invalid literal", i+j)
		}
	}
	return i + len(literal), nil
}

// skipNumber checks a number by the grammar of RFC 8259 section 6.
func skipNumber(b []byte, i int) (int, *Error) {
	if b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else {
		start := i
		if i = skipDigits(b, i); i == start {
			return i, numberError(b, i)
		}
	}
	if i < len(b) && b[i] == '.' {
		start := i + 1
		if i = skipDigits(b, start); i == start {
			return i, numberError(b, i)
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		start := i
		if i = skipDigits(b, i); i == start {
			return i, numberError(b, i)
		}
	}
	return i, nil
}

func skipDigits(b []byte, i int) int {
	for i < len(b) && isDigit(b[i]) {
		i++
	}
	return i
}

func numberError(b []byte, i int) *Error {
	if i >= len(b) {
		return unexpectedEnd(b)
	}
	return syntaxError("invalid number", i)
}
