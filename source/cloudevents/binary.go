package cloudevents

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/cactuscorp/cactus"
)

var (
	errDataContentType = errors.New("header ce-datacontenttype: must not be there, Content-Type has its value")
	errDataJSON        = errors.New("body: must be JSON in UTF-8, as its Content-Type says")
)

// appendBinary appends the event whose attributes are in headers.
func appendBinary(dst []cactus.Envelope, req *cactus.Request, isJSON bool) ([]cactus.Envelope, error) {
	values, err := headerAttributes(req.Header)
	if err != nil {
		return dst, err
	}
	a := attributes{
		specversion: bytesOf(values, "specversion"),
		id:          bytesOf(values, "id"),
		source:      bytesOf(values, "source"),
		typ:         bytesOf(values, "type"),
		time:        bytesOf(values, "time"),
	}
	var env cactus.Envelope
	if err := a.fill(&env); err != nil {
		return dst, fmt.Errorf("binary mode: %w", err)
	}
	if env.Data, err = binaryData(req.Body, isJSON); err != nil {
		return dst, err
	}
	digest := sha256.Sum256(req.Body)
	env.DedupeID += " " + hex.EncodeToString(digest[:])
	values["datacontenttype"] = req.Header.Get("Content-Type")
	if env.Raw, err = json.Marshal(values); err != nil {
		return dst, err
	}
	return append(dst, env), nil
}

func bytesOf(values map[string]string, name string) []byte {
	if value, ok := values[name]; ok {
		return []byte(value)
	}
	return nil
}

// binaryData returns the body as JSON. An empty one is no data.
func binaryData(body []byte, isJSON bool) ([]byte, error) {
	switch {
	case len(body) == 0:
		return nil, nil
	case !isJSON:
		return quote(base64.StdEncoding.AppendEncode(nil, body)), nil
	case !json.Valid(body) || !utf8.Valid(body):
		return nil, errDataJSON
	default:
		return body, nil
	}
}

// headerAttributes returns the attributes that have a ce-* header. A name that
// no attribute can have is not looked at.
func headerAttributes(h http.Header) (map[string]string, error) {
	values := make(map[string]string)
	for _, header := range slices.Sorted(maps.Keys(h)) { // the same error each time
		name, ok := attributeName(header)
		if !ok {
			continue
		}
		if name == "datacontenttype" {
			return nil, errDataContentType
		}
		if _, twice := values[name]; twice || len(h[header]) != 1 {
			return nil, fmt.Errorf("header ce-%s: must be there once", name)
		}
		value, err := decodeValue(h[header][0])
		if err != nil {
			return nil, fmt.Errorf("header ce-%s: %w", name, err)
		}
		values[name] = value
	}
	return values, nil
}

// maxAttributeName is more than the 20 bytes that the specification asks names
// to stay below, and few enough for an error.
const maxAttributeName = 64

// attributeName returns the attribute that a header is for. A header map has
// canonical names. Attributes have letters and digits, and are not called data.
func attributeName(header string) (string, bool) {
	name, ok := strings.CutPrefix(header, "Ce-")
	if !ok || name == "" || len(name) > maxAttributeName || name == "Data" {
		return "", false
	}
	for _, c := range []byte(name) {
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') {
			return "", false
		}
	}
	return strings.ToLower(name), true
}
