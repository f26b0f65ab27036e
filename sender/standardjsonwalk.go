package sender

import (
	"bytes"
	"encoding"
	"encoding/json"
	"reflect"
	"strconv"
	"time"
)

// timeRewriter copies what [json.Marshal] has made of a value, and walks along the
// value to see which of the strings are times. Whatever it cannot follow stays as
// json.Marshal wrote it.
type timeRewriter struct {
	in  []byte // compact and valid
	pos int
	out []byte
}

var (
	timeType = reflect.TypeFor[time.Time]()
	textType = reflect.TypeFor[encoding.TextMarshaler]()
)

// value copies the JSON value at pos, which is that of v.
func (r *timeRewriter) value(v reflect.Value) error {
	for v.IsValid() && r.in[r.pos] != 'n' {
		t := v.Type()
		if t == timeType {
			return r.time(v)
		}
		if !canHoldTime(t) || t != reflect.PointerTo(timeType) && marshalsItself(v) {
			break
		}
		switch v.Kind() { //nolint:exhaustive // no other holds values
		case reflect.Pointer, reflect.Interface:
			v = v.Elem()
			continue
		case reflect.Struct:
			return r.object(structMembers(v))
		case reflect.Map:
			return r.object(mapMembers(v))
		case reflect.Slice, reflect.Array:
			return r.array(v)
		}
		break
	}
	r.skip()
	return nil
}

// time writes a time in place of the string at pos.
func (r *timeRewriter) time(v reflect.Value) error {
	t, ok := reflect.TypeAssert[time.Time](v)
	if !ok || r.in[r.pos] != '"' {
		r.skip()
		return nil
	}
	r.pos = stringEnd(r.in, r.pos)
	r.out = append(appendStandardTime(append(r.out, '"'), t), '"')
	return nil
}

// object copies an object. Member returns the value of a name.
func (r *timeRewriter) object(member func(name []byte) reflect.Value) error {
	if r.in[r.pos] != '{' {
		r.skip()
		return nil
	}
	r.copy(1)
	for r.in[r.pos] != '}' {
		end := stringEnd(r.in, r.pos)
		name := r.in[r.pos+1 : end-1]
		if bytes.IndexByte(name, '\\') >= 0 {
			var text string
			if err := json.Unmarshal(r.in[r.pos:end], &text); err != nil {
				return err
			}
			name = []byte(text)
		}
		r.copy(end - r.pos + 1) // and the colon
		if err := r.value(member(name)); err != nil {
			return err
		}
		if r.in[r.pos] == ',' {
			r.copy(1)
		}
	}
	r.copy(1)
	return nil
}

func (r *timeRewriter) array(v reflect.Value) error {
	if r.in[r.pos] != '[' {
		r.skip()
		return nil
	}
	r.copy(1)
	for i := 0; r.in[r.pos] != ']'; i++ {
		if err := r.value(v.Index(i)); err != nil {
			return err
		}
		if r.in[r.pos] == ',' {
			r.copy(1)
		}
	}
	r.copy(1)
	return nil
}

func (r *timeRewriter) copy(n int) {
	r.out = append(r.out, r.in[r.pos:r.pos+n]...)
	r.pos += n
}

// skip copies the value at pos as it is.
func (r *timeRewriter) skip() {
	depth, i := 0, r.pos
	for i < len(r.in) {
		switch r.in[i] {
		case '"':
			i = stringEnd(r.in, i) - 1
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		i++
		if depth == 0 && (i == len(r.in) || r.in[i] == ',' || r.in[i] == '}' || r.in[i] == ']') {
			break
		}
	}
	r.copy(i - r.pos)
}

// stringEnd returns the position after the string that begins at i.
func stringEnd(in []byte, i int) int {
	for i++; in[i] != '"'; i++ {
		if in[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// marshalsItself reports whether json.Marshal has left v to its own methods.
func marshalsItself(v reflect.Value) bool {
	t := v.Type()
	if t.Implements(writerType) || t.Implements(textType) {
		return t.Kind() != reflect.Interface
	}
	p := reflect.PointerTo(t)
	return v.CanAddr() && (p.Implements(writerType) || p.Implements(textType))
}

// mapMembers looks values up by what json.Marshal makes of their keys.
func mapMembers(v reflect.Value) func([]byte) reflect.Value {
	members := make(map[string]reflect.Value, v.Len())
	for entries := v.MapRange(); entries.Next(); {
		name := string([]rune(keyText(entries.Key()))) // invalid bytes as json.Marshal writes them
		if _, ok := members[name]; ok {
			members[name] = reflect.Value{} // which of them it is cannot be told
			continue
		}
		members[name] = entries.Value()
	}
	return func(name []byte) reflect.Value { return members[string(name)] }
}

func keyText(key reflect.Value) string {
	if key.Kind() == reflect.String {
		return key.String()
	}
	if m, ok := reflect.TypeAssert[encoding.TextMarshaler](key); ok {
		text, err := m.MarshalText()
		if err == nil {
			return string(text)
		}
	}
	switch {
	case key.CanInt():
		return strconv.FormatInt(key.Int(), 10)
	case key.CanUint():
		return strconv.FormatUint(key.Uint(), 10)
	}
	return ""
}
