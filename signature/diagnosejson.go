package signature

import (
	"bytes"
	"encoding/json"
	"strings"
)

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
