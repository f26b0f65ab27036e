package protocol

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"

	"github.com/go-playground/validator/v10"
)

// addRules adds what the validate tag says and JSON Schema has a word for. Rules
// for the elements of a list and for bytes, which are not as many as their text's,
// are left out, and those with an "or".
func addRules(schema map[string]any, f *field) {
	tag := f.tags.Get("validate")
	typ, _ := schema["type"].(string)
	if tag == "" || typ == "" || strings.Contains(tag, "|") || f.quoted || schema["contentEncoding"] != nil {
		return
	}
	for rule := range strings.SplitSeq(tag, ",") {
		name, param, _ := strings.Cut(rule, "=")
		switch name {
		case "omitempty", "omitzero", "dive": // a zero is fine, or these are not ours
			return
		case "min", "gte":
			addLimit(schema, typ, param, "minimum", "min")
		case "max", "lte":
			addLimit(schema, typ, param, "maximum", "max")
		case "gt":
			addLimit(schema, typ, param, "exclusiveMinimum", "")
		case "lt":
			addLimit(schema, typ, param, "exclusiveMaximum", "")
		case "email", "uuid":
			schema["format"] = name
		case "url", "uri":
			schema["format"] = "uri"
		case "oneof":
			if typ == "string" && !strings.Contains(param, "'") {
				enum := []any{}
				for value := range strings.FieldsSeq(param) {
					enum = append(enum, value)
				}
				schema["enum"] = enum
			}
		}
	}
}

// demanded returns the names of the fields without which an input is refused: by
// decoding, or by a rule that the zero in their place breaks, as a nil pointer
// breaks most. Rules about several fields are left out.
func (s *shape) demanded() map[string]bool {
	names := map[string]bool{}
	for i := range s.fields {
		if f := &s.fields[i]; f.required {
			names[f.report] = true
		}
	}
	var failed validator.ValidationErrors
	if !errors.As(s.rules(reflect.New(s.goType).Elem()), &failed) {
		return names
	}
	for _, e := range failed {
		if !looksElsewhere(e.Tag()) {
			names[s.reportName(e.StructNamespace())] = true
		}
	}
	return names
}

// addLimit adds a number's limit, or that of a length.
func addLimit(schema map[string]any, typ, param, ofNumber, ofLength string) {
	if !isNumber(param) {
		return
	}
	what := map[string]string{"string": "Length", "array": "Items", "object": "Properties"}[typ]
	switch {
	case typ == "integer" || typ == "number":
		schema[ofNumber] = json.Number(param)
	case what != "" && ofLength != "":
		schema[ofLength+what] = json.Number(param)
	}
}
