package protocol

import (
	"encoding"
	"encoding/json"
	"reflect"
	"sync"
	"time"
)

// shapeKind says how a value is read when it is read field by field.
type shapeKind uint8

const (
	leafShape   shapeKind = iota // as a whole: scalars, any, types that read themselves
	objectShape                  // a struct
	listShape                    // a slice or an array
	dictShape                    // a map
)

// shape is what decoding needs to know of a Go type, found once. Pointers are
// looked through.
type shape struct {
	goType  reflect.Type
	kind    shapeKind
	own     bool // it has UnmarshalJSON or UnmarshalText
	fields  []field
	exact   map[string]int  // index into fields by JSON name
	loose   map[string]bool // the names as loosely writes them; nil: it cannot write them all
	elem    *shape          // of a list or dict
	nilElem bool            // null may stand for an element
	endless bool            // a list or dict that leads to itself, with no struct between
	scan    bool            // a struct is here or below: presence matters
	dynamic bool            // an interface is here or below: numbers become json.Number
	tagged  bool            // a validate tag is here or below
}

// field is one JSON field of a struct, embedded structs resolved.
type field struct {
	name     string // in JSON
	key      []byte // the same
	report   string // the same in camelCase, for errors
	goName   string
	doc      string // of the doc tag, for the pages
	index    []int
	shape    *shape
	pointer  bool
	required bool
	nullable bool // null counts as a value
	quoted   bool // the tag says ",string"
	depth    int
	named    bool // the tag names it
	tags     reflect.StructTag
}

var (
	shapes sync.Map // reflect.Type -> *shape

	timeType       = reflect.TypeFor[time.Time]()
	jsonReaderType = reflect.TypeFor[json.Unmarshaler]()
	textReaderType = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// shapeOf returns the shape of t, which may be a pointer.
func shapeOf(t reflect.Type) *shape {
	if known, ok := shapes.Load(t); ok {
		return known.(*shape) //nolint:errcheck,forcetypeassert // only shapes are stored
	}
	building := map[reflect.Type]*shape{}
	sh := buildShape(t, building)
	for _, s := range building {
		for e, left := s.elem, len(building); e != nil && left > 0 && !s.endless; e, left = e.elem, left-1 {
			s.endless = e == s
		}
		below := map[*shape]bool{}
		s.visit(below)
		for b := range below {
			s.scan = s.scan || b.kind == objectShape
			s.dynamic = s.dynamic || b.goType.Kind() == reflect.Interface
			for i := range b.fields {
				s.tagged = s.tagged || b.fields[i].tags.Get("validate") != ""
			}
		}
	}
	actual, _ := shapes.LoadOrStore(t, sh)
	return actual.(*shape) //nolint:errcheck,forcetypeassert // only shapes are stored
}

// visit adds s and all shapes below it to seen.
func (s *shape) visit(seen map[*shape]bool) {
	if seen[s] {
		return
	}
	seen[s] = true
	if s.elem != nil {
		s.elem.visit(seen)
	}
	for i := range s.fields {
		s.fields[i].shape.visit(seen)
	}
}

// buildShape finds the shape of t. Types that contain themselves end at
// building.
func buildShape(t reflect.Type, building map[reflect.Type]*shape) *shape {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if sh := building[t]; sh != nil {
		return sh
	}
	sh := &shape{goType: t, own: readsItself(t)}
	building[t] = sh
	if sh.own {
		return sh
	}
	switch t.Kind() { //nolint:exhaustive // the others have nothing below them
	case reflect.Struct:
		sh.kind = objectShape
		sh.fields = jsonFields(t, func(f reflect.Type) *shape { return buildShape(f, building) })
		sh.exact = make(map[string]int, len(sh.fields))
		for i := range sh.fields {
			sh.exact[sh.fields[i].name] = i
		}
		sh.loose = looseNames(sh.fields)
	case reflect.Slice, reflect.Array:
		if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 && !readsItself(t.Elem()) {
			break // base64
		}
		sh.kind = listShape
		sh.elem = buildShape(t.Elem(), building)
		sh.nilElem = t.Elem().Kind() == reflect.Pointer || sh.elem.kind != objectShape
	case reflect.Map:
		sh.kind = dictShape
		sh.elem = buildShape(t.Elem(), building)
		sh.nilElem = t.Elem().Kind() == reflect.Pointer || sh.elem.kind != objectShape
	}
	return sh
}

func readsItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(jsonReaderType) || p.Implements(textReaderType)
}

// takesNull reports whether null is a value of t rather than the lack of one:
// for pointers, any, json.RawMessage and types with an UnmarshalJSON of their
// own, which is shown it. [time.Time] ignores null, as a string does.
func takesNull(t reflect.Type) bool {
	switch {
	case t.Kind() == reflect.Pointer, t.Kind() == reflect.Interface:
		return true
	case t == timeType:
		return false
	default:
		return reflect.PointerTo(t).Implements(jsonReaderType)
	}
}
