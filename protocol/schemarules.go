package protocol

import (
	"encoding/json"
	"strings"
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

// demanded reports whether an input without the field is refused: by decoding, or
// by validator/v10, to which a nil pointer breaks every rule unless the tag begins
// with one that says when there may be none.
func (f *field) demanded() bool {
	tag := f.tags.Get("validate")
	first, _, _ := strings.Cut(tag, ",")
	switch {
	case f.required, first == "required":
		return true
	case !f.pointer, first == "", first == "-", first == "dive", first == "structonly", first == "nostructlevel":
		return false
	}
	return !strings.HasPrefix(first, "omit") && !looksElsewhere(first)
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
