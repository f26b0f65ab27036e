package envelope

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// wordBytes is how many bytes of a body are looked at together.
const wordBytes = 8

// ones times a byte is a word of eight such bytes.
const ones = 0x0101010101010101

// load returns the eight bytes of b from i on, of which the first is the
// lowest.
func load(b []byte, i int) uint64 {
	return binary.LittleEndian.Uint64(b[i : i+wordBytes : i+wordBytes])
}

// stops returns a word whose lowest set bit is the high bit of the first byte
// of w that does not stand for itself in a string. Zero: there is none. The
// subtractions set the high bit of such a byte. They may set that of a byte
// above it, by borrowing from it, or of one that has it anyway, and neither
// changes which is the lowest.
func stops(w uint64) uint64 {
	control := (w ^ ones*2) - ones*0x21 // and the quote, the one beyond 0x1f that 2 takes below 0x21
	reverse := (w ^ ones*'\\') - ones
	unicode := w

	return (control | reverse | unicode) & (ones * 0x80)
}

// readString returns what the string at b[i], a quote, stands for, and the index
// of the first byte after it. Without escapes that is a view into b.
func readString(b []byte, i int) (text []byte, end int, err *Error) {
	start := i + 1
	if end = skipPlain(b, start); end < len(b) && b[end] == '"' {
		return b[start:end:end], end + 1, nil
	}

	if end, err = skipRest(b, end); err != nil {
		return nil, end, err
	}
	text = b[start : end-1 : end-1]
	if bytes.IndexByte(text, '\\') < 0 {
		return text, end, nil
	}
	text, ok := unescape(make([]byte, 0, len(text)), text)
	if !ok {
		return nil, i, syntaxError("half of a surrogate pair in a string", i)
	}

	return text, end, nil
}

// skipRest checks the rest of a string from b[i] on, a byte within it, and
// returns the index of the first byte after the string. It accepts the escape
// of half a surrogate pair, as encoding/json does; unescape does not.
func skipRest(b []byte, i int) (end int, err *Error) {
	for {
		if i = skipPlain(b, i); i >= len(b) {
			return i, unexpectedEnd(b)
		}

		switch c := b[i]; {
		case c == '"':
			return i + 1, nil
		case c == '\\':
			i, err = skipEscape(b, i)
		case c < ' ':
			err = syntaxError("control character in a string", i)
		default:
			i, err = skipUnicode(b, i)
		}
		if err != nil {
			return i, err
		}
	}
}

// skipPlain returns the index of the first byte, from i on, that does not stand
// for itself in a string.
func skipPlain(b []byte, i int) int {
	for i+wordBytes <= len(b) {
		if m := stops(load(b, i)); m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
		i += wordBytes
	}
	for i < len(b) && plain(b[i]) {
		i++
	}
	return i
}

// plain reports whether c is a character that stands for itself in a string.
func plain(c byte) bool {
	return c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf
}

// skipUnicode checks the characters at b[i] that are beyond ASCII.
func skipUnicode(b []byte, i int) (int, *Error) {
	for i < len(b) && b[i] >= utf8.RuneSelf {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i, syntaxError("invalid UTF-8", i)
		}
		i += n
	}
	return i, nil
}

// skipEscape checks the escape at b[i], a backslash.
func skipEscape(b []byte, i int) (int, *Error) {
	if i+1 >= len(b) {
		return i, unexpectedEnd(b)
	}
	switch b[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2, nil
	case 'u':
		for j := i + 2; j < i+6; j++ {
			if j >= len(b) {
				return j, unexpectedEnd(b)
			}
			if !isHex(b[j]) {
				return j, syntaxError("invalid escape", j)
			}
		}
		return i + 6, nil
	default:
		return i, syntaxError("invalid escape", i)
	}
}

// unescape appends to dst what s, the inside of a string that skipString has
// accepted, stands for. It returns false when half of a surrogate pair stands
// alone, which no character is.
func unescape(dst, s []byte) ([]byte, bool) {
	for {
		i := bytes.IndexByte(s, '\\')
		if i < 0 {
			return append(dst, s...), true
		}
		dst = append(dst, s[:i]...)
		c := s[i+1]
		s = s[i+2:]
		switch c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r := hexRune(s)
			s = s[4:]
			if utf16.IsSurrogate(r) {
				if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
					return dst, false
				}
				if r = utf16.DecodeRune(r, hexRune(s[2:])); r == utf8.RuneError {
					return dst, false
				}
				s = s[6:]
			}
			dst = utf8.AppendRune(dst, r)
		default: // quote, backslash, slash
			dst = append(dst, c)
		}
	}
}

// hexRune returns the value of the four hexadecimal digits that s begins with.
func hexRune(s []byte) rune {
	var r rune
	for _, c := range s[:4] {
		r = r<<4 | rune(hex(c))
	}
	return r
}
