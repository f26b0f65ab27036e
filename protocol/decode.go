package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
)

// errTrailing is for data after a payload.
var errTrailing = errors.New("data after the value")

// decodePayload reads a payload into what target, a pointer to a zero value,
// points to, and validates it. A nil payload is {}.
//
// The rules are those of encoding/json, with these on top. A field is required
// unless it is a pointer or has omitempty or omitzero, in nested structs too; a
// zero that is there counts as there. null is no value of a required field,
// unless its type takes null. Numbers in an any are [json.Number]. Keys may be in
// camelCase or snake_case whichever the tag says. Numbers may come as strings,
// strings as numbers, integers as 1.0, and bools in pydantic's words for them.
//
// Of a key that stands twice the last counts, one in the tag's spelling before
// all others.
//
// Its error is an *[Error] that names all bad fields, in the order of the
// struct. Only a payload that is in doubt is read field by field.
func decodePayload(payload json.RawMessage, target any) error {
	if len(payload) == 0 {
		payload = json.RawMessage("{}")
	}
	value := reflect.ValueOf(target).Elem()
	sh := shapeOf(value.Type())
	if err := unmarshal(payload, target, sh.dynamic); err == nil {
		s := scanner{data: payload}
		s.space()
		if s.data[s.pos] != 'n' && (!sh.scan || s.agrees(sh)) {
			return sh.validate(value)
		}
	}
	value.SetZero()
	return decodeFields(payload, value, sh)
}

// decodeFields reads a payload into value, a zero, field by field. It reads one
// that is in no doubt as decodePayload does.
func decodeFields(payload json.RawMessage, value reflect.Value, sh *shape) error {
	if !json.Valid(payload) {
		return MissingFields(named(wholePayload, errNoJSON))
	}
	var d fieldDecoder
	d.value(wholePayload, bytes.TrimSpace(payload), value, sh, &field{name: wholePayload})
	if len(d.errs) > 0 {
		return MissingFields(sh.withRules(value, d.errs)...)
	}
	return sh.validate(value)
}

func named(name string, e FieldError) FieldError {
	e.Name = name
	return e
}

// unmarshal is json.Unmarshal; if numbers says so, numbers in an any keep every
// digit.
func unmarshal(data []byte, target any, numbers bool) error {
	if !numbers {
		return json.Unmarshal(data, target)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(target); err != nil {
		return err
	}
	if len(bytes.Trim(data[d.InputOffset():], " \t\r\n")) > 0 {
		return errTrailing
	}
	return nil
}
