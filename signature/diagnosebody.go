package signature

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"iter"
	"net/url"
	"slices"
	"strings"
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
