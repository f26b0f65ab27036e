package sender

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// argument is a field of a schedule or of a countdown.
type argument struct {
	name      string
	index     int
	optional  bool
	omitEmpty bool // leave it out where it is empty
}

// argumentsOf returns the fields of a struct that checkFields accepts.
func argumentsOf(t reflect.Type) []argument {
	list := make([]argument, 0, t.NumField())
	for i := range t.NumField() {
		f := t.Field(i)
		name, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" && rest == "" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		options := strings.Split(rest, ",")
		omit := slices.Contains(options, "omitempty") || slices.Contains(options, "omitzero")
		list = append(list, argument{name, i, omit || f.Type.Kind() == reflect.Pointer, omit})
	}
	return list
}

// checkFields says why a countdown's type cannot be stored.
func checkFields(t reflect.Type) error {
	s := bare(t)
	if s.Kind() != reflect.Struct {
		return fmt.Errorf("%v is not a struct, nor a pointer to one", t)
	}
	for i := range s.NumField() {
		if f := s.Field(i); f.Anonymous || !f.IsExported() {
			return fmt.Errorf("%v has the field %s, which cannot be stored: want exported fields, none of them embedded", t, f.Name)
		}
	}
	seen := map[string]bool{}
	for _, a := range argumentsOf(s) {
		if seen[a.name] {
			return fmt.Errorf("%v has two fields with the name %q in JSON", t, a.name)
		}
		seen[a.name] = true
	}
	return nil
}

var (
	durationType  = reflect.TypeFor[time.Duration]()
	countdownType = reflect.TypeFor[Countdown]()
	readerType    = reflect.TypeFor[json.Unmarshaler]()
	writerType    = reflect.TypeFor[json.Marshaler]()
)

// maxSeconds is the longest time.Duration.
const maxSeconds = int64(math.MaxInt64 / time.Second)

// decodeFields reads the object that stands at path into the struct v. A field
// with a problem stays as it is.
func (c *Countdowns) decodeFields(path string, data []byte, v reflect.Value, list *fieldErrors) {
	arguments := argumentsOf(v.Type())
	names := make([]string, len(arguments))
	for i, a := range arguments {
		names[i] = a.name
	}
	o := readObject(path, data, names, list)
	if o == nil {
		return
	}
	for _, a := range arguments {
		field := v.Field(a.index)
		if a.optional {
			raw, ok := o.fields[a.name]
			if !ok || isNull(raw) && nilable(field.Type()) {
				continue
			}
			c.decodeValue(join(path, a.name), raw, field, list)
			continue
		}
		if raw := o.required(a.name, want(field.Type()), list); raw != nil {
			c.decodeValue(join(path, a.name), raw, field, list)
		}
	}
}

func nilable(t reflect.Type) bool {
	switch t.Kind() { //nolint:exhaustive // no other has a nil
	case reflect.Pointer, reflect.Slice, reflect.Interface, reflect.Map:
		return true
	}
	return false
}

func (c *Countdowns) decodeValue(path string, raw []byte, v reflect.Value, list *fieldErrors) {
	t := v.Type()
	switch {
	case t == durationType:
		seconds, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil || seconds < 0 || seconds > maxSeconds {
			list.addf(path, "is %s, want %s", kindOfJSON(raw), want(t))
			return
		}
		v.SetInt(seconds * int64(time.Second))
	case t == countdownType:
		if countdown := c.decode(path, raw, list); countdown != nil {
			v.Set(reflect.ValueOf(countdown))
		}
	case reflect.PointerTo(t).Implements(readerType):
		decodeOther(path, raw, v, list)
	case t.Kind() == reflect.Pointer && !isNull(raw):
		v.Set(reflect.New(t.Elem()))
		c.decodeValue(path, raw, v.Elem(), list)
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		var elements []json.RawMessage
		if isNull(raw) || json.Unmarshal(raw, &elements) != nil {
			list.addf(path, "is %s, want %s", kindOfJSON(raw), want(t))
			return
		}
		read := reflect.MakeSlice(t, len(elements), len(elements))
		for i, e := range elements {
			c.decodeValue(element(path, i), e, read.Index(i), list)
		}
		v.Set(read)
	default:
		decodeOther(path, raw, v, list)
	}
}

// decodeOther leaves a value to encoding/json.
func decodeOther(path string, raw []byte, v reflect.Value, list *fieldErrors) {
	read := reflect.New(v.Type())
	err := strictly(raw, read.Interface())
	var wrong *json.UnmarshalTypeError
	switch {
	case isNull(raw) || errors.As(err, &wrong):
		list.addf(path, "is %s, want %s", kindOfJSON(raw), want(v.Type()))
	case err != nil:
		*list = append(*list, fieldError{path: path, text: "is refused: " + err.Error(), err: err})
	default:
		v.Set(read.Elem())
	}
}

// want says what a value of type t is in JSON.
func want(t reflect.Type) string {
	switch {
	case t == durationType:
		return fmt.Sprintf("a whole number of seconds from 0 to %d", maxSeconds)
	case t == reflect.TypeFor[Outcome]():
		return "the name of an outcome"
	}
	switch t.Kind() { //nolint:exhaustive // the default is true of the others
	case reflect.Pointer:
		return want(t.Elem())
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "a whole number"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number, 0 or more"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.String:
		return "a string"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Struct, reflect.Map, reflect.Interface:
		return "an object"
	}
	return "a " + t.String()
}
