package cloudevents

import (
	"errors"
	"strings"
	"unicode/utf8"
)

var (
	errQuote   = errors.New("has a quoted string that does not end where the value does")
	errPercent = errors.New("has a percent sign that does not begin an escape")
	errUTF8    = errors.New("must be UTF-8 once decoded")
	errControl = errors.New("has a control character")
)

// decodeValue returns the attribute that a header's value stands for, by
// section 3.1.3.2 of the HTTP protocol binding: quotes around the whole are
// undone, and then percent escapes, once.
func decodeValue(s string) (string, error) {
	s = strings.Trim(s, " \t")
	if strings.HasPrefix(s, `"`) {
		var ok bool
		if s, ok = unquoteValue(s[1:]); !ok {
			return "", errQuote
		}
	}
	if strings.IndexByte(s, '%') >= 0 {
		var ok bool
		if s, ok = unescapePercent(s); !ok {
			return "", errPercent
		}
	}
	if !utf8.ValidString(s) {
		return "", errUTF8
	}
	if !isText([]byte(s)) {
		return "", errControl
	}
	return s, nil
}

// unquoteValue undoes the quoted string of RFC 7230 section 3.2.6 whose first
// quote stood before s.
func unquoteValue(s string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return b.String(), i == len(s)-1
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}

func unescapePercent(s string) (string, bool) {
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", false
		}
		high, ok1 := hexDigit(s[i+1])
		low, ok2 := hexDigit(s[i+2])
		if !ok1 || !ok2 {
			return "", false
		}
		b.WriteByte(high<<4 | low)
		i += 2
	}
	return b.String(), true
}

// hexDigit takes either case, as the binding has it.
func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return (c | 0x20) - 'a' + 10, true
	default:
		return 0, false
	}
}
