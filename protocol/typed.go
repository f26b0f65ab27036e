package protocol

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

// typed is what Handle knows of a handler beyond its function, for the pages
// about it.
type typed struct {
	in, out   reflect.Type
	noHandler bool
}

// check says what is wrong with the types, which is the programmer's mistake.
func (t *typed) check() error {
	event := reflect.TypeFor[Event]()
	if pointee(t.in) == event || pointee(t.out) == event {
		return errors.New("an Event is neither input nor output: use HandleEvent, or EventFromContext in the handler")
	}
	if err := checkType(t.in, jsonReaderType, textReaderType, map[reflect.Type]bool{}); err != nil {
		return fmt.Errorf("its input %s: %w", t.in, err)
	}
	if err := t.checkOut(); err != nil {
		return fmt.Errorf("its output %s: %w", t.out, err)
	}
	if err := checkTags(shapeOf(t.in)); err != nil {
		return fmt.Errorf("its input %s: %w", t.in, err)
	}
	return nil
}

func (t *typed) checkOut() error {
	out := pointee(t.out)
	p := reflect.PointerTo(out)
	switch {
	case out == timeType, p.Implements(textWriterType) && !p.Implements(jsonWriterType):
		return errNoObject
	case p.Implements(jsonWriterType), out.Kind() == reflect.Interface:
		return nil // seen when it is there
	case out.Kind() != reflect.Struct && out.Kind() != reflect.Map:
		return errNoObject
	}
	return checkType(t.out, jsonWriterType, textWriterType, map[reflect.Type]bool{})
}

var (
	jsonWriterType = reflect.TypeFor[json.Marshaler]()
	textWriterType = reflect.TypeFor[encoding.TextMarshaler]()

	errNoObject = errors.New("it must be written as a JSON object: use a struct or a map")
)

// pointee looks through one pointer; deeper ones are as they are.
func pointee(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// checkType refuses what encoding/json cannot read or write, or leaves out
// without a word. Types that implement one of the two interfaces are trusted.
func checkType(t, asJSON, asText reflect.Type, seen map[reflect.Type]bool) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	p := reflect.PointerTo(t)
	if seen[t] || p.Implements(asJSON) || p.Implements(asText) {
		return nil
	}
	seen[t] = true
	switch t.Kind() { //nolint:exhaustive // the others are fine
	case reflect.Chan, reflect.Func, reflect.Complex64, reflect.Complex128, reflect.UnsafePointer:
		return fmt.Errorf("JSON has nothing for a %s", t)
	case reflect.Interface:
		if t.NumMethod() > 0 && asJSON == jsonReaderType {
			return fmt.Errorf("nothing can be read into the interface %s", t)
		}
	case reflect.Slice, reflect.Array:
		return checkType(t.Elem(), asJSON, asText, seen)
	case reflect.Map:
		if k := t.Key().Kind(); k != reflect.String && (k < reflect.Int || k > reflect.Uintptr) &&
			!t.Key().Implements(asText) && !reflect.PointerTo(t.Key()).Implements(asText) {
			return fmt.Errorf("JSON has no keys for a %s", t)
		}
		return checkType(t.Elem(), asJSON, asText, seen)
	case reflect.Struct:
		return checkStruct(t, asJSON, asText, seen)
	}
	return nil
}

func checkStruct(t, asJSON, asText reflect.Type, seen map[reflect.Type]bool) error {
	if err := checkNames(t); err != nil {
		return err
	}
	fields := shapeOf(t).fields
	if len(fields) == 0 && t.NumField() > 0 {
		return fmt.Errorf("no field of %s is in its JSON: do they begin with a capital letter?", t)
	}
	if err := checkEmbedded(t, map[reflect.Type]bool{}); err != nil {
		return err
	}
	for i := range fields {
		if err := checkType(t.FieldByIndex(fields[i].index).Type, asJSON, asText, seen); err != nil {
			return fmt.Errorf("field %s: %w", fields[i].goName, err)
		}
	}
	return nil
}

// checkEmbedded refuses embedded structs, of embedded structs too, that
// encoding/json cannot make.
func checkEmbedded(t reflect.Type, seen map[reflect.Type]bool) error {
	if seen[t] {
		return nil
	}
	seen[t] = true
	for i := range t.NumField() {
		f := t.Field(i)
		in := pointee(f.Type)
		if !f.Anonymous || in.Kind() != reflect.Struct {
			continue
		}
		if !f.IsExported() && in != f.Type {
			return fmt.Errorf("field %s: encoding/json cannot set an embedded pointer to an unexported struct: embed it by value", f.Name)
		}
		if err := checkEmbedded(in, seen); err != nil {
			return err
		}
	}
	return nil
}

// checkNames refuses two fields side by side that claim one JSON name:
// encoding/json would drop both without a word.
func checkNames(t reflect.Type) error {
	all := collectFields(t, field{}, map[reflect.Type]bool{}, func(reflect.Type) *shape { return nil })
	for i, f := range all {
		for _, other := range all[:i] {
			if f.name == other.name && f.depth == 0 && other.depth == 0 {
				return fmt.Errorf("fields %s and %s both have the JSON name %q", other.goName, f.goName, f.name)
			}
		}
	}
	return nil
}

// checkTags tries the validate tags on zero values: validator/v10 panics on a
// tag that it does not know, and would do so at the first payload.
func checkTags(sh *shape) (err error) {
	if !sh.tagged {
		return nil
	}
	at := sh
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("validate tags of %s: %v", at.goType, p)
		}
	}()
	below := map[*shape]bool{}
	sh.visit(below)
	for s := range below {
		if at = s; s.kind == objectShape {
			_ = validate().Struct(reflect.New(s.goType).Interface()) // zeros may well be invalid
		}
	}
	return nil
}
