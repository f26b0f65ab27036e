package cactus

import (
	"encoding/json"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cactuscorp/cactus/internal/envelope"
)

// unmarshal is json.Unmarshal. It first leaves out of large data what target has
// no fields for: encoding/json walks over everything twice, slowly, and what
// users read of an event is often a small part of it.
func unmarshal(data []byte, target any) error {
	if len(data) >= minNarrowed {
		if n := narrowOf(reflect.TypeOf(target)); n.known != nil {
			data = n.apply(data)
		}
	}
	return json.Unmarshal(data, target)
}

const (
	// minNarrowed is the least size, in bytes, of data that is worth a walk.
	minNarrowed = 1 << 10
	// narrowPause is how many values are left as they are after one of which
	// too little could be left out.
	narrowPause = 31
)

// narrow is what is known of a type that data is decoded into.
type narrow struct {
	known *envelope.Known
	pause atomic.Int32
}

var narrows sync.Map // reflect.Type -> *narrow

func narrowOf(t reflect.Type) *narrow {
	if n, ok := narrows.Load(t); ok {
		return n.(*narrow) //nolint:errcheck,forcetypeassert // only these are stored
	}
	n, _ := narrows.LoadOrStore(t, &narrow{known: knownOf(t, map[reflect.Type]*envelope.Known{})})
	return n.(*narrow) //nolint:errcheck,forcetypeassert // likewise
}

// apply returns data without what the type does not read, or as it is if that
// is most of it. What it returns is never reused: a type may keep a view of it.
func (n *narrow) apply(data []byte) []byte {
	if n.pause.Load() > 0 {
		n.pause.Add(-1)
		return data
	}
	narrowed, ok := envelope.AppendKnown(make([]byte, 0, len(data)/2), data, n.known)
	if !ok {
		return data
	}
	if len(narrowed) > len(data)/4*3 {
		n.pause.Store(narrowPause)
	}
	return narrowed
}

// maxPointers is how many pointers in a row are followed: a type may be a pointer
// to itself.
const maxPointers = 4

// knownOf returns what encoding/json reads into a t, or nil if that may be
// everything.
func knownOf(t reflect.Type, seen map[reflect.Type]*envelope.Known) *envelope.Known {
	if readsAll(t) {
		return nil
	}
	for range maxPointers {
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
	}
	if k, ok := seen[t]; ok || readsAll(t) {
		return k
	}
	switch t.Kind() { //nolint:exhaustive // the others read all they are given
	case reflect.Slice, reflect.Array:
		seen[t] = nil // a type may be a slice of itself
		if items := knownOf(t.Elem(), seen); items != nil {
			seen[t] = &envelope.Known{Items: items}
		}
	case reflect.Struct:
		k := &envelope.Known{Members: map[string]*envelope.Known{}}
		seen[t] = k // before its fields: one may be of the same type
		if !addFields(k.Members, t, map[reflect.Type]bool{}, seen) {
			k.Members = nil // all, for a type below that has it already
			seen[t] = nil
		}
	}
	return seen[t]
}

// readsAll reports whether a t has a method that reads the JSON, also one that only
// GOEXPERIMENT=jsonv2 calls.
func readsAll(t reflect.Type) bool {
	_, streams := reflect.PointerTo(t).MethodByName("UnmarshalJSONFrom")
	return streams || readsItself(t)
}

// plainTag reports whether a tag's options leave a field one member of its own.
// With GOEXPERIMENT=jsonv2 there are others, such as inline and unknown.
func plainTag(options string) bool {
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "", "omitempty", "omitzero", "string":
		default:
			return false
		}
	}
	return true
}

// plainNames are the characters of usual names.
const plainNames = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."

// addFields adds the members that t's fields are read from, and reports false if
// there is one that cannot be told. It adds rather too many: where two fields
// have one name, all of the member is read.
func addFields(members map[string]*envelope.Known, t reflect.Type, within map[reflect.Type]bool, seen map[reflect.Type]*envelope.Known) bool {
	if within[t] {
		return true
	}
	within[t] = true
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		if !plainTag(options) {
			return false
		}
		if f.Anonymous && name == "" {
			embedded := f.Type
			if embedded.Kind() == reflect.Pointer {
				embedded = embedded.Elem()
			}
			if embedded.Kind() == reflect.Struct {
				if !addFields(members, embedded, within, seen) {
					return false
				}
				continue
			}
		}
		if tag == "-" {
			continue
		}
		if strings.Trim(name, plainNames) != "" || name == "" {
			name = f.Name // encoding/json takes it where the tag's cannot be one
			if tag != "" && !strings.HasPrefix(tag, ",") {
				return false
			}
		}
		if !envelope.CanKnow(name) {
			return false
		}
		name = strings.ToLower(name)
		below := knownOf(f.Type, seen)
		if _, twice := members[name]; twice {
			below = nil
		}
		members[name] = below
	}
	return true
}
