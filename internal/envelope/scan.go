// Package envelope reads the JSON envelope of an event in one pass: it checks
// the whole body, strictly, and finds the few fields that every event has.
//
// It is called for every event that arrives, before anybody knows whether the
// event is wanted, so it allocates nothing unless a string has escapes, and it
// bounds what the rest of the library has to expect of an id, a type or a path.
package envelope

import (
	"strings"
	"time"
)

// Fields is what [Scan] found in a body. Slices are views into the body; only
// a string that has escapes is in memory of its own.
type Fields struct {
	ID      []byte
	Type    []byte
	Context []byte    // nil: absent, null or empty
	Created time.Time // zero: absent or null

	HasObject  bool // whether there is a related object; false: absent or null
	ObjectID   []byte
	ObjectType []byte
	ObjectURL  []byte // nil: absent or null

	Data []byte // the JSON value as it was sent; nil: absent or null

	// Objects is how many members are called "object", by which some senders say
	// what a body is, and Object is the last one's value as it was sent.
	Objects int
	Object  []byte
}

// Texts is the texts of [Fields]. Those that are absent or null are empty.
type Texts struct{ ID, Type, Context, ObjectID, ObjectType, ObjectURL string }

// Texts copies the texts of f, which all share one allocation.
func (f *Fields) Texts() (t Texts) {
	var b strings.Builder
	b.Grow(len(f.ID) + len(f.Type) + len(f.Context) + len(f.ObjectID) + len(f.ObjectType) + len(f.ObjectURL))
	b.Write(f.ID)
	b.Write(f.Type)
	b.Write(f.Context)
	b.Write(f.ObjectID)
	b.Write(f.ObjectType)
	b.Write(f.ObjectURL)
	text := b.String()

	t.ID, text = text[:len(f.ID)], text[len(f.ID):]
	t.Type, text = text[:len(f.Type)], text[len(f.Type):]
	t.Context, text = text[:len(f.Context)], text[len(f.Context):]
	t.ObjectID, text = text[:len(f.ObjectID)], text[len(f.ObjectID):]
	t.ObjectType, t.ObjectURL = text[:len(f.ObjectType)], text[len(f.ObjectType):]

	return t
}

// Scan reads body, one JSON object, into f. It resets f first, and again when
// it returns an error, which is always an [*Error].
//
// It refuses whatever is not JSON by RFC 8259 in valid UTF-8, a byte order
// mark, nesting deeper than 512 and a known key that is given twice, however it
// is spelled. The related object may be called related_object or relatedObject:
// senders of both kinds exist. Unknown keys are checked and skipped.
//
// Where several things are wrong it reports the first in the order of the
// body, and what is missing last.
func Scan(body []byte, f *Fields) error {
	*f = Fields{}
	if err := scan(body, f); err != nil {
		*f = Fields{}

		return err
	}

	return nil
}

func scan(b []byte, f *Fields) *Error {
	start, err := open(b)
	if err != nil {
		return err
	}

	var (
		i      = start + 1
		object int // offset of the related object
		seen   bodyField
		key    []byte
	)
	for begun := false; ; begun = true {
		if key, i, err = readKey(b, i, begun); err != nil {
			return err
		}
		if key == nil {
			break
		}

		one, name := findBodyField(key)
		if seen&one != 0 {
			return &Error{Field: name, Problem: "is given twice", Offset: i}
		}
		seen |= one

		at := i
		switch one {
		case bodyID:
			f.ID, i, err = readName(b, i, name, idProblem)
		case bodyType:
			f.Type, i, err = readName(b, i, name, typeProblem)
		case bodyCreated:
			f.Created, i, err = readTime(b, i, name)
		case bodyContext:
			f.Context, i, err = readName(b, i, name, contextProblem)
			if len(f.Context) == 0 {
				f.Context = nil
			}
		case bodyObject:
			object = at
			i, err = scanObject(b, i, name, f)
		case bodyData:
			if i, err = skipValue(b, i, 1); err == nil && b[at] != 'n' {
				f.Data = b[at:i:i]
			}
		default:
			if i, err = skipValue(b, i, 1); err == nil && string(key) == "object" {
				f.Objects++
				f.Object = b[at:i:i]
			}
		}
		if err != nil {
			return err
		}
	}

	if err = checkEnd(b, i); err != nil {
		return err
	}

	return missing(f, start, object)
}

// scanObject reads the related object at b[i] into f and returns the index of
// the first byte after it.
func scanObject(b []byte, i int, name string, f *Fields) (end int, err *Error) {
	if i >= len(b) || b[i] != '{' {
		return readNull(b, i, name, "an object")
	}
	i++
	f.HasObject = true

	var (
		seen objectField
		key  []byte
	)
	for begun := false; ; begun = true {
		if key, i, err = readKey(b, i, begun); key == nil || err != nil {
			return i, err
		}

		one, name := findObjectField(key)
		if seen&one != 0 {
			return i, &Error{Field: name, Problem: "is given twice", Offset: i}
		}
		seen |= one

		switch one {
		case objectID:
			f.ObjectID, i, err = readName(b, i, name, idProblem)
		case objectType:
			f.ObjectType, i, err = readName(b, i, name, typeProblem)
		case objectURL:
			f.ObjectURL, i, err = readName(b, i, name, pathProblem)
		default:
			i, err = skipValue(b, i, 2)
		}
		if err != nil {
			return i, err
		}
	}
}

// missing returns the error of the first field that f lacks. The body's object
// begins at start, the related object, if there is one, at object.
func missing(f *Fields, start, object int) *Error {
	const problem = "is missing"

	switch {
	case f.ID == nil:
		return &Error{Field: "id", Problem: problem, Offset: start}
	case f.Type == nil:
		return &Error{Field: "type", Problem: problem, Offset: start}
	case f.HasObject && f.ObjectID == nil:
		return &Error{Field: "related_object.id", Problem: problem, Offset: object}
	case f.HasObject && f.ObjectType == nil:
		return &Error{Field: "related_object.type", Problem: problem, Offset: object}
	default:
		return nil
	}
}

// bodyField is a known key of a body, and a set of them.
type bodyField uint8

const (
	bodyID bodyField = 1 << iota
	bodyType
	bodyCreated
	bodyContext
	bodyObject
	bodyData
)

// findBodyField returns the field that key means and its name in errors, or 0.
func findBodyField(key []byte) (bodyField, string) {
	switch string(key) {
	case "id":
		return bodyID, "id"
	case "type":
		return bodyType, "type"
	case "created":
		return bodyCreated, "created"
	case "context":
		return bodyContext, "context"
	case "related_object", "relatedObject":
		return bodyObject, "related_object"
	case "data":
		return bodyData, "data"
	default:
		return 0, ""
	}
}

// objectField is a known key of a related object, and a set of them.
type objectField uint8

const (
	objectID objectField = 1 << iota
	objectType
	objectURL
)

// findObjectField returns the field that key means and its name in errors, or
// 0.
func findObjectField(key []byte) (objectField, string) {
	switch string(key) {
	case "id":
		return objectID, "related_object.id"
	case "type":
		return objectType, "related_object.type"
	case "url":
		return objectURL, "related_object.url"
	default:
		return 0, ""
	}
}
