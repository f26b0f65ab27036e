package signature

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"iter"
	"net/url"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// bodyVariants returns what may have been the body before something on the way
// decoded and encoded it, with words for each: the signature fits "once" they
// are done. There are at most 48.
func bodyVariants(body []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		differ := func(change string, variant []byte) bool {
			return variant == nil || bytes.Equal(variant, body) || yield(change, variant)
		}
		if textVariants(body, differ) && formVariants(body, differ) && json.Valid(body) {
			jsonVariants(body, differ)
		}
	}
}

const byteOrderMark = "\xef\xbb\xbf"

func textVariants(body []byte, yield func(string, []byte) bool) bool {
	unix := bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n"))
	return yield("the white space at its end is taken off", bytes.TrimRight(body, " \t\r\n")) &&
		yield("a newline is put at its end", join(body, "\n")) &&
		yield("a carriage return and a newline are put at its end", join(body, "\r\n")) &&
		yield("CRLF is made LF", unix) &&
		yield("LF is made CRLF", bytes.ReplaceAll(unix, []byte("\n"), []byte("\r\n"))) &&
		yield("the byte order mark is taken off", bytes.TrimPrefix(body, []byte(byteOrderMark))) &&
		yield("a byte order mark is put before it", append([]byte(byteOrderMark), body...)) &&
		yield("it is decoded from base64", decodeBody(body)) &&
		yield("it is taken out of its JSON string", unquoteBody(body))
}

func join(body []byte, tail string) []byte { return append(slices.Clip(body), tail...) }

// decodeBody decodes a body as gateways encode it.
func decodeBody(body []byte) []byte {
	decoded := make([]byte, base64.StdEncoding.DecodedLen(len(body)))
	n, err := base64.StdEncoding.Decode(decoded, body)
	if err != nil || n == 0 {
		return nil
	}
	return decoded[:n]
}

func unquoteBody(body []byte) []byte {
	var text string
	if len(body) == 0 || body[0] != '"' || json.Unmarshal(body, &text) != nil {
		return nil
	}
	return []byte(text)
}

// formVariants returns the variants of a form, and of JSON that was in one.
func formVariants(body []byte, yield func(string, []byte) bool) bool {
	text := string(body)
	if strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
		return yield("it is put in the field payload of a form", []byte("payload="+url.QueryEscape(text)))
	}
	if !strings.Contains(text, "=") {
		return true
	}
	if payload, ok := strings.CutPrefix(text, "payload="); ok {
		if decoded, err := url.QueryUnescape(payload); err == nil && !yield("it is taken out of the form", []byte(decoded)) {
			return false
		}
	}
	values, err := url.ParseQuery(text)
	if err != nil {
		return true
	}
	sorted := values.Encode()
	return yield("the form is encoded anew", []byte(sorted)) &&
		yield("the form's spaces are written %20", []byte(strings.ReplaceAll(text, "+", "%20"))) &&
		yield("the form's spaces are written +", []byte(strings.ReplaceAll(text, "%20", "+"))) &&
		yield("the form is encoded anew, with spaces as %20", []byte(strings.ReplaceAll(sorted, "+", "%20")))
}

// layout is how JSON is spread over a text.
type layout int

const (
	asItIs layout = iota
	compact
	spaced
	indented
	sorted
)

// escapes is how the strings of JSON are written.
type escapes uint8

const (
	escapeHTML escapes = 1 << iota
	escapeSlash
	escapeASCII
	keepEscapes
)

// jsonVariants returns JSON as the encoders of usual languages write it.
func jsonVariants(body []byte, yield func(string, []byte) bool) {
	for _, l := range [...]struct {
		layout layout
		change string
	}{
		{asItIs, ""},
		{compact, "the JSON is written without spaces"},
		{indented, "the JSON is indented by two spaces"},
		{spaced, "the JSON is written with a space after each comma and colon"},
		{sorted, "the JSON's keys are sorted"},
	} {
		text := body
		if l.layout == sorted {
			if text = sortKeys(body); text == nil {
				return
			}
		}
		for _, e := range [...]struct {
			escapes escapes
			change  string
		}{
			{keepEscapes, ""},
			{0, "escapes that need not be are undone"},
			{escapeHTML, `<, > and & are escaped (\u003c)`},
			{escapeSlash, `slashes are escaped (\/)`},
			{escapeASCII, `characters outside ASCII are escaped (\u00e9)`},
			{escapeASCII | escapeSlash, `slashes and characters outside ASCII are escaped (\/, \u00e9)`},
		} {
			change := l.change + " and " + e.change
			change = strings.TrimPrefix(strings.TrimSuffix(change, " and "), " and ")
			variant := rewrite(text, l.layout, e.escapes)
			if !yield(change, variant) {
				return
			}
			newline := e.escapes == keepEscapes && (l.layout == compact || l.layout == indented)
			if newline && !yield(change+", with a newline at its end", join(variant, "\n")) {
				return
			}
		}
	}
}

// sortKeys returns JSON, decoded and encoded, or nil.
func sortKeys(body []byte) []byte {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if decoder.Decode(&value) != nil {
		return nil
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// rewrite returns valid JSON in another layout and with other escapes.
func rewrite(body []byte, l layout, e escapes) []byte {
	out := make([]byte, 0, len(body)+len(body)/8)
	for i := 0; i < len(body); {
		c := body[i]
		if c == '"' {
			end := stringEnd(body, i)
			out = appendString(out, body[i:end], e)
			i = end
			continue
		}
		i++
		if l != asItIs && (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
			continue
		}
		out = append(out, c)
		if l == spaced && (c == ',' || c == ':') {
			out = append(out, ' ')
		}
	}
	if l != indented {
		return out
	}
	if indentedSize(out) > maxIndented {
		return nil
	}
	var b bytes.Buffer
	if json.Indent(&b, out, "", "  ") != nil {
		return nil
	}
	return b.Bytes()
}

// maxIndented bounds an indented body, in bytes: without it, deep nesting would
// make gigabytes of 256 KiB.
const maxIndented = 4 * maxDiagnosed

// indentedSize returns how long compact JSON is at most when it is indented by
// two spaces.
func indentedSize(compact []byte) int {
	size, depth := len(compact), 0
	for i := 0; i < len(compact); i++ {
		switch compact[i] {
		case '"':
			i = stringEnd(compact, i) - 1
		case '{', '[':
			depth++
			size += 1 + 2*depth
		case '}', ']':
			depth--
			size += 1 + 2*depth
		case ',':
			size += 1 + 2*depth
		case ':':
			size++
		}
	}
	return size
}

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
