package protocol

import (
	"encoding/json"
	"reflect"
	"slices"
)

// maxDepth is how deep a payload is read field by field. Each step walks over
// what is left, and a payload may be as deep as its sender likes.
const maxDepth = 32

// fieldDecoder reads a payload field by field and collects what is wrong.
type fieldDecoder struct {
	errs  []FieldError
	fails int // with those that were noted before
	depth int
}

// maxFails is how many errors of a list or a dict are looked for. They all go by
// one name, so that few are news.
const maxFails = 100

// fail notes an error once: a list of a million bad items does not make a
// million errors.
func (d *fieldDecoder) fail(name string, e FieldError) {
	d.fails++
	if e = named(name, e); !slices.Contains(d.errs, e) {
		d.errs = append(d.errs, e)
	}
}

// value reads raw, which is valid JSON, into v. Its errors go by name; f says
// how the value stands in its parent.
func (d *fieldDecoder) value(name string, raw []byte, v reflect.Value, sh *shape, f *field) {
	if string(raw) == "null" {
		if !f.nullable {
			d.fail(name, errNull)
			return
		}
		if unmarshal(raw, v.Addr().Interface(), true) != nil { // a type that takes null may refuse it
			d.fail(name, sh.unfit())
		}
		return
	}
	if f.quoted && v.Kind() == reflect.Pointer && string(raw) == `"null"` {
		return // nil, as encoding/json has it
	}
	for v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	if sh.kind != leafShape && !sh.scan { // as a whole, which is faster by far
		if unmarshal(raw, v.Addr().Interface(), sh.dynamic) == nil {
			return
		}
		v.SetZero()
	}
	if sh.endless { // nothing below it can be read in another way
		d.fail(name, sh.unfit())
		return
	}
	d.depth++
	defer func() { d.depth-- }()
	switch {
	case sh.kind == leafShape || d.depth > maxDepth:
		d.leaf(name, raw, v, sh, f)
	case sh.kind == objectShape && raw[0] == '{':
		d.object(name, raw, v, sh)
	case sh.kind == dictShape && raw[0] == '{':
		d.dict(name, raw, v, sh)
	case sh.kind == listShape && raw[0] == '[':
		d.list(name, raw, v, sh)
	default:
		d.fail(name, sh.unfit())
	}
}

// object reads a struct. At the top the errors go by its fields' names.
func (d *fieldDecoder) object(name string, raw []byte, v reflect.Value, sh *shape) {
	found := make([][]byte, len(sh.fields))
	ranks := make([]int, len(sh.fields))
	s := scanner{data: raw, pos: 1}
	for s.more('}') {
		key := s.unquoted()
		value := s.value()
		if i, rank := sh.find(key, 0); i >= 0 && (found[i] == nil || rank <= ranks[i]) {
			found[i], ranks[i] = value, rank
		}
	}
	for i := range sh.fields {
		f := &sh.fields[i]
		in := name
		if d.depth == 1 {
			in = f.report
		}
		switch {
		case found[i] != nil:
			d.value(in, found[i], fieldByIndex(v, f.index), f.shape, f)
		case f.required:
			d.fail(in, errMissing)
		}
	}
}

// fieldByIndex is Value.FieldByIndex that makes embedded structs.
func fieldByIndex(v reflect.Value, index []int) reflect.Value {
	for _, i := range index {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	return v
}

func (d *fieldDecoder) list(name string, raw []byte, v reflect.Value, sh *shape) {
	isSlice := v.Kind() == reflect.Slice
	if isSlice {
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	}
	elem := &field{nullable: sh.nilElem}
	s := scanner{data: raw, pos: 1}
	enough := d.fails + maxFails
	for i := 0; d.fails < enough && s.more(']'); i++ {
		item := s.value()
		switch {
		case isSlice:
			v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
		case i >= v.Len():
			continue // as encoding/json does
		}
		d.value(name, item, v.Index(i), sh.elem, elem)
	}
}

func (d *fieldDecoder) dict(name string, raw []byte, v reflect.Value, sh *shape) {
	t := v.Type()
	v.Set(reflect.MakeMap(t))
	elem := &field{nullable: sh.nilElem}
	s := scanner{data: raw, pos: 1}
	enough := d.fails + maxFails
	for d.fails < enough && s.more('}') {
		key, ok := s.dictKey(t.Key())
		if !ok {
			d.fail(name, errDict)
			s.skip()
			continue
		}
		item := reflect.New(t.Elem()).Elem()
		d.value(name, s.value(), item, sh.elem, elem)
		v.SetMapIndex(key, item)
	}
}

// dictKey steps over a member's key to its value and returns the key as a t.
func (s *scanner) dictKey(t reflect.Type) (key reflect.Value, ok bool) {
	if t.Kind() == reflect.String && !readsItself(t) {
		return reflect.ValueOf(string(s.unquoted())).Convert(t), true
	}
	start := s.pos
	s.skip()
	quoted := s.data[start:s.pos]
	s.pos = start
	s.key()
	// encoding/json has its ways with other keys: let it read this one.
	one := reflect.New(reflect.MapOf(t, reflect.TypeFor[struct{}]()))
	if json.Unmarshal(slices.Concat([]byte("{"), quoted, []byte(":{}}")), one.Interface()) != nil {
		return key, false
	}
	return one.Elem().MapKeys()[0], true
}

// unquoted is key with the escapes resolved.
func (s *scanner) unquoted() []byte {
	start := s.pos
	key, plain := s.key()
	if plain {
		return key
	}
	var text string
	_ = json.Unmarshal(s.data[start:start+len(key)+2], &text) // the JSON is valid
	return []byte(text)
}
