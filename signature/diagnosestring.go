package signature

import (
	"bytes"
	"encoding/hex"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// stringEnd returns where the string that begins at i ends.
func stringEnd(body []byte, i int) int {
	for i++; i < len(body); i++ {
		switch body[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(body)
}

// appendString adds a JSON string, its quotes included, with other escapes.
func appendString(out, quoted []byte, e escapes) []byte {
	if e == keepEscapes || !bytes.ContainsAny(quoted, `\/<>&`) && ascii(quoted) {
		return append(out, quoted...)
	}
	out = append(out, '"')
	for rest := quoted[1 : len(quoted)-1]; len(rest) > 0; {
		r, n := firstRune(rest)
		rest = rest[n:]
		switch {
		case r == '"' || r == '\\' || r == '/' && e&escapeSlash != 0:
			out = append(out, '\\', byte(r))
		case r < ' ' && strings.ContainsRune("\b\f\n\r\t", r):
			out = append(out, '\\', "btn?fr"[r-'\b'])
		case r < ' ' || e&escapeHTML != 0 && strings.ContainsRune("<>&\u2028\u2029", r) ||
			e&escapeASCII != 0 && r >= utf8.RuneSelf:
			out = appendEscape(out, r)
		default:
			out = utf8.AppendRune(out, r)
		}
	}
	return append(out, '"')
}

// firstRune returns the character that the inside of a valid JSON string begins
// with, and in how many bytes it is written. Half of a surrogate pair and invalid
// UTF-8 are utf8.RuneError, as they are to encoding/json.
func firstRune(text []byte) (rune, int) {
	if text[0] != '\\' {
		return utf8.DecodeRune(text)
	}
	if text[1] != 'u' {
		if i := strings.IndexByte("bfnrt", text[1]); i >= 0 {
			return rune("\b\f\n\r\t"[i]), 2
		}
		return rune(text[1]), 2
	}
	r := escapedRune(text)
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if pair := utf16.DecodeRune(r, escapedRune(text[6:])); pair != utf8.RuneError {
		return pair, 12
	}
	return utf8.RuneError, 6
}

// escapedRune returns the code unit of the \u escape that text begins with, or
// utf8.RuneError if it begins with none.
func escapedRune(text []byte) rune {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return utf8.RuneError
	}
	var unit [2]byte
	if _, err := hex.Decode(unit[:], text[2:6]); err != nil {
		return utf8.RuneError
	}
	return rune(unit[0])<<8 | rune(unit[1])
}

func ascii(text []byte) bool {
	for _, c := range text {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// appendEscape adds a character as one escape, or as a surrogate pair of them.
func appendEscape(out []byte, r rune) []byte {
	const digits = "0123456789abcdef"
	if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
		return appendEscape(appendEscape(out, high), low)
	}
	return append(out, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
}
