package sender

import (
	"encoding/json"
	"reflect"
	"strconv"
	"time"
)

// encodeFields returns the JSON of the struct v, which stands at path.
func (c *Countdowns) encodeFields(path string, v reflect.Value, list *fieldErrors) []byte {
	out := []byte{'{'}
	for _, a := range argumentsOf(v.Type()) {
		field := v.Field(a.index)
		if a.omitEmpty && field.IsZero() {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(out, quoted(a.name)...), ':')
		out = append(out, c.encodeValue(join(path, a.name), field, list)...)
	}
	return append(out, '}')
}

func (c *Countdowns) encodeValue(path string, v reflect.Value, list *fieldErrors) []byte {
	t := v.Type()
	switch {
	case t == durationType:
		d := time.Duration(v.Int())
		if d%time.Second != 0 {
			list.addf(path, "is %v, want whole seconds", d)
		}
		return strconv.AppendInt(nil, int64(d/time.Second), 10)
	case t == countdownType:
		countdown, _ := reflect.TypeAssert[Countdown](v)
		return c.encode(path, countdown, list)
	case t.Implements(writerType) || nilable(t) && v.IsNil():
	case t.Kind() == reflect.Pointer:
		return c.encodeValue(path, v.Elem(), list)
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		out := []byte{'['}
		for i := range v.Len() {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(out, c.encodeValue(element(path, i), v.Index(i), list)...)
		}
		return append(out, ']')
	}
	out, err := json.Marshal(v.Interface())
	if err != nil {
		*list = append(*list, fieldError{path: path, text: "cannot be stored: " + err.Error(), err: err})
	}
	return out
}
