package envelope_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cactuscorp/cactus/internal/envelope"
)

// The reference is the envelope's rules once more, in plain code on top of
// encoding/json and regexp. It is slow, and says yes or no but not why.

var errReference = errors.New("the reference refuses it")

var (
	referenceID      = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,256}$`)
	referenceType    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.:/\[\]-]{0,255}$`)
	referenceContext = regexp.MustCompile(`^[!-~]{0,256}$`)
	referencePath    = regexp.MustCompile(`^/([^/]|$)`)
	referenceBytes   = regexp.MustCompile(`^[!-~]+$`)
	referenceTime    = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)
	referenceEscape  = regexp.MustCompile(`\\(?:u[0-9A-Fa-f]{4}|[^u])`)
)

// member is a key and its raw value, as encoding/json sees them.
type member struct {
	key   string
	value json.RawMessage
}

// referenceMembers returns the members of an object, or an error when data is
// not an object that a strict decoder accepts.
func referenceMembers(data []byte) ([]member, error) {
	if !utf8.Valid(data) || !json.Valid(data) || referenceDepth(data) > 512 {
		return nil, errReference
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errReference
	}

	var members []member
	for d.More() {
		start := d.InputOffset()
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		key, ok := token.(string)
		raw := bytes.TrimLeft(data[start:d.InputOffset()], ", \t\r\n")
		if !ok || halfSurrogate(raw) {
			return nil, errReference
		}
		m := member{key: key}
		if err := d.Decode(&m.value); err != nil {
			return nil, err
		}
		members = append(members, m)
	}

	return members, nil
}

func referenceDepth(data []byte) int {
	depth, deepest := 0, 0
	for d := json.NewDecoder(bytes.NewReader(data)); ; {
		t, err := d.Token()
		if err != nil {
			return deepest
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
			deepest = max(deepest, depth)
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
	}
}

// halfSurrogate reports whether the JSON string raw has the escape of half a
// surrogate pair, for which encoding/json puts U+FFFD: it looks whether there
// is one that the string does not spell.
func halfSurrogate(raw []byte) bool {
	spelled := bytes.ReplaceAll(raw, []byte("\ufffd"), []byte("-"))
	spelled = referenceEscape.ReplaceAllFunc(spelled, func(escape []byte) []byte {
		if strings.EqualFold(string(escape), `\ufffd`) {
			return []byte("-")
		}

		return escape
	})
	var text string
	if json.Unmarshal(spelled, &text) != nil {
		return true
	}

	return strings.Contains(text, "\ufffd")
}

// referenceText returns the text of a string, nil for null.
func referenceText(m member, ok func(string) bool) ([]byte, error) {
	if string(m.value) == "null" {
		return nil, nil
	}
	var text string
	if m.value[0] != '"' || halfSurrogate(m.value) || json.Unmarshal(m.value, &text) != nil || !ok(text) {
		return nil, errReference
	}

	return []byte(text), nil
}

func referenceIDOK(s string) bool {
	return referenceID.MatchString(s) && s != "." && s != ".."
}

func referenceTypeOK(s string) bool {
	return referenceType.MatchString(s) && noDotSegment(s)
}

func referencePathOK(s string) bool {
	if len(s) > 2048 || !referenceBytes.MatchString(s) || !referencePath.MatchString(s) || strings.ContainsAny(s, "\\#\"<>") {
		return false
	}
	path, _, _ := strings.Cut(s, "?")
	path, err := url.PathUnescape(path)
	if err != nil {
		return false
	}
	if strings.Contains(path, "%") {
		return false
	}

	return noDotSegment(path)
}

// noDotSegment splits a path as the most careless server would.
func noDotSegment(path string) bool {
	segments := strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune(`/\;`, r) })

	return !slices.Contains(segments, ".") && !slices.Contains(segments, "..")
}

func referenceTimeOf(s string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339Nano, s)

	return t, err == nil && referenceTime.MatchString(s)
}

// referenceScan is Scan.
func referenceScan(body []byte) (f envelope.Fields, err error) {
	members, err := referenceMembers(body)
	if err != nil {
		return f, err
	}

	seen := map[string]bool{}
	for _, m := range members {
		if m.key == "relatedObject" {
			m.key = "related_object"
		}
		twice := seen[m.key]
		seen[m.key] = true

		switch m.key {
		case "id":
			f.ID, err = referenceText(m, referenceIDOK)
		case "type":
			f.Type, err = referenceText(m, referenceTypeOK)
		case "context":
			f.Context, err = referenceText(m, referenceContext.MatchString)
			if len(f.Context) == 0 {
				f.Context = nil
			}
		case "created":
			_, err = referenceText(m, func(s string) (ok bool) {
				f.Created, ok = referenceTimeOf(s)

				return ok
			})
		case "related_object":
			err = referenceObject(m.value, &f)
		case "data":
			if string(m.value) != "null" {
				f.Data = m.value
			}
		case "object":
			f.Objects, f.Object, twice = f.Objects+1, m.value, false
		default:
			twice = false
		}
		if err != nil || twice {
			return f, errReference
		}
	}
	if f.ID == nil || f.Type == nil {
		return f, errReference
	}

	return f, nil
}

func referenceObject(raw json.RawMessage, f *envelope.Fields) error {
	if string(raw) == "null" {
		return nil
	}
	members, err := referenceMembers(raw)
	if err != nil {
		return err
	}
	f.HasObject = true

	seen := map[string]bool{}
	for _, m := range members {
		twice := seen[m.key]
		seen[m.key] = true

		switch m.key {
		case "id":
			f.ObjectID, err = referenceText(m, referenceIDOK)
		case "type":
			f.ObjectType, err = referenceText(m, referenceTypeOK)
		case "url":
			f.ObjectURL, err = referenceText(m, referencePathOK)
		default:
			twice = false
		}
		if err != nil || twice {
			return errReference
		}
	}
	if f.ObjectID == nil || f.ObjectType == nil {
		return errReference
	}

	return nil
}
