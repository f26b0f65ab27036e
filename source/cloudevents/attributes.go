package cloudevents

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/cactuscorp/cactus"
)

// attributes are those that every event needs, and its time, in UTF-8. Nil is
// absent.
type attributes struct{ specversion, id, source, typ, time []byte }

var (
	errVersion = errors.New(`attribute "specversion": must be "1.0"`)
	errTime    = errors.New(`attribute "time": must be an RFC 3339 time`)
)

// fill checks the attributes and puts them into env. All strings share one
// allocation.
func (a *attributes) fill(env *cactus.Envelope) error {
	if string(a.specversion) != "1.0" && a.specversion != nil {
		return errVersion
	}
	for _, required := range [...]struct {
		name  string
		value []byte
	}{{"specversion", a.specversion}, {"id", a.id}, {"source", a.source}, {"type", a.typ}} {
		if problem := problemOf(required.value); problem != "" {
			return fmt.Errorf("attribute %q: %s", required.name, problem)
		}
	}
	if string(a.id) == "." || string(a.id) == ".." {
		return errors.New(`attribute "id": must not be a dot segment`)
	}
	if a.time != nil {
		var t time.Time
		if t.UnmarshalText(a.time) != nil {
			return errTime
		}
		env.Created = t
	}

	// The source's length comes first, so that no other pair of source and id
	// makes the same text, whatever characters they have.
	var digits [4]byte
	length := strconv.AppendInt(digits[:0], int64(len(a.source)), 10)
	var b strings.Builder
	b.Grow(len(length) + 1 + len(a.source) + 1 + len(a.id) + len(a.typ))
	b.Write(length)
	b.WriteByte(' ')
	b.Write(a.source)
	b.WriteByte(' ')
	b.Write(a.id)
	key := b.Len()
	b.Write(a.typ)
	text := b.String()
	env.DedupeID, env.ID, env.Type = text[:key], text[key-len(a.id):key], text[key:]
	return nil
}

// maxAttribute is the most bytes that a required attribute may have. The
// specification sets no limit; an id becomes part of keys and of paths.
const maxAttribute = 1024

// problemOf returns what is wrong with a required attribute, or "".
func problemOf(value []byte) string {
	switch {
	case value == nil:
		return "is missing"
	case len(value) == 0:
		return "is empty"
	case len(value) > maxAttribute:
		return "is longer than 1024 bytes"
	case !isText(value):
		return "has a control character"
	default:
		return ""
	}
}

// isText reports whether valid UTF-8 has no control characters, which the
// specification's strings do not have.
func isText(value []byte) bool {
	for i := 0; i < len(value); {
		c := value[i]
		if c < utf8.RuneSelf {
			if c < ' ' || c == '\x7f' {
				return false
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(value[i:])
		if unicode.IsControl(r) {
			return false
		}
		i += n
	}
	return true
}
