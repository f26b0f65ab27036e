package cactus

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/cactuscorp/cactus/internal/envelope"
)

// redactedError is an error about a body that has no part of the body in its
// text. The original is there for those who unwrap it.
type redactedError struct {
	text string
	err  error
}

func (e *redactedError) Error() string { return e.text }
func (e *redactedError) Unwrap() error { return e.err }

// redact says which field of raw, itself at path, does not fit t and what was
// expected there. It is given the error of encoding/json, whose text may show
// what was found, and which names no field when a type reads itself.
func redact(path string, raw []byte, t reflect.Type, err error) error {
	if !json.Valid(raw) {
		return &redactedError{inField(path) + "is not JSON", err}
	}
	var kindErr *json.UnmarshalTypeError
	below, leaf := locate(raw, t, maxLocate)
	path = strings.Trim(path+below, ".")
	if !errors.As(err, &kindErr) || readsItself(leaf) {
		return &redactedError{inField(path) + "must be " + expected(leaf), err}
	}
	got, _, _ := strings.Cut(kindErr.Value, " ") // "number 1.5" has the number
	return &redactedError{inField(path) + "must be " + expected(leaf) + ", not " + got, err}
}

func inField(name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf("field %q: ", name)
}

// maxLocate is how deep an error's path is looked for. Each step decodes what
// is left, and a body may be as deep as its sender likes.
const maxLocate = 8

// locate returns the path and the type of the first value in raw that cannot be
// read into a t, by trying each.
func locate(raw []byte, t reflect.Type, depth int) (path string, leaf reflect.Type) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	leaf = t
	if readsItself(t) || depth == 0 {
		return "", t
	}
	try := func(step string, value []byte, of reflect.Type) error {
		err := json.Unmarshal(value, reflect.New(of).Interface())
		if err != nil {
			below, found := locate(value, of, depth-1)
			path, leaf = step+below, found
		}
		return err
	}
	switch t.Kind() { //nolint:exhaustive // the others have nothing below them
	case reflect.Struct:
		fields := jsonFields(t)
		_ = envelope.Each(raw, func(key, value []byte) error {
			if field, ok := fields[strings.ToLower(string(key))]; ok {
				return try("."+string(key), value, field)
			}
			return nil
		})
	case reflect.Map:
		_ = envelope.Each(raw, func(_, value []byte) error { // the key is part of the body
			return try("[...]", value, t.Elem())
		})
	case reflect.Slice, reflect.Array:
		var items []json.RawMessage
		if json.Unmarshal(raw, &items) != nil {
			return "", t
		}
		for i, item := range items {
			if try(fmt.Sprintf("[%d]", i), item, t.Elem()) != nil {
				break
			}
		}
	}
	return path, leaf
}

// jsonFields returns the types of t's fields by the names that encoding/json
// reads them from, in lower case, because it does not mind the case.
func jsonFields(t reflect.Type) map[string]reflect.Type {
	fields := make(map[string]reflect.Type)
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" {
			name = f.Name
		}
		if f.IsExported() && !f.Anonymous {
			fields[strings.ToLower(name)] = f.Type
		}
	}
	return fields
}

func readsItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[json.Unmarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// expected says in JSON's words what a Go type is read from.
func expected(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return "an RFC 3339 time"
	case readsItself(t):
		return "a " + t.String()
	}
	switch t.Kind() { //nolint:exhaustive // the rest has no kind of its own in JSON
	case reflect.Bool:
		return "a bool"
	case reflect.String:
		return "a string"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "an integer that fits " + t.Kind().String()
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Struct, reflect.Map:
		return "an object"
	default:
		return "a " + t.String()
	}
}
