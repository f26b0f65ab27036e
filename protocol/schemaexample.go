package protocol

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
)

// exampleOf returns a made-up value of t as JSON, in the order of its fields.
func exampleOf(t reflect.Type, output bool) json.RawMessage {
	x := example{output: output, within: map[*shape]bool{}}
	x.write(shapeOf(t), "")
	return x.Bytes()
}

// example is one that is being written.
type example struct {
	bytes.Buffer

	output bool
	within map[*shape]bool // structs: there an example of a type that contains itself ends
}

// write writes an example of sh, which stands in a field with this validate tag.
func (x *example) write(sh *shape, rules string) {
	b, within := &x.Buffer, x.within
	if x.output && writesItself(sh) {
		x.writeLeaf(writtenSchema(sh), sh, rules)
		return
	}
	switch sh.kind {
	case objectShape:
		within[sh] = true
		defer delete(within, sh)
		b.WriteByte('{')
		comma := ""
		for i := range sh.fields {
			f := &sh.fields[i]
			if within[f.shape] || f.shape.elem != nil && within[f.shape.elem] && !f.required {
				continue
			}
			b.WriteString(comma)
			comma = ","
			b.Write(append(appendString(nil, f.name), ':'))
			if f.quoted {
				b.WriteString(`"1"`)
				continue
			}
			x.write(f.shape, f.tags.Get("validate"))
		}
		b.WriteByte('}')
	case listShape:
		b.WriteByte('[')
		if !within[sh.elem] && !sh.endless {
			x.write(sh.elem, elements(rules))
		}
		b.WriteByte(']')
	case dictShape:
		b.WriteString("{")
		if k := sh.goType.Key().Kind(); !within[sh.elem] && !sh.endless && k == reflect.String {
			b.WriteString(`"key":`)
			x.write(sh.elem, elements(rules))
		}
		b.WriteByte('}')
	case leafShape:
		x.writeLeaf(leafSchema(sh), sh, rules)
	}
}

// elements returns the rules for what is in a list or dict.
func elements(rules string) string {
	_, below, _ := strings.Cut(","+rules, ",dive,")
	if _, values, ofKeys := strings.Cut(","+below, ",endkeys,"); ofKeys {
		return values
	}
	return below
}

// writeLeaf writes an example of what has nothing below it.
func (x *example) writeLeaf(schema map[string]any, sh *shape, rules string) {
	b := &x.Buffer
	text, integer, number := "text", "1", "1.5"
	for rule := range strings.SplitSeq(rules, ",") {
		name, param, _ := strings.Cut(rule, "=")
		switch name {
		case "email":
			text = "user@example.com"
		case "uuid":
			text = "9230c47c-3bcf-11ea-b77f-2e728ce88125"
		case "url", "uri":
			text = "https://example.com"
		case "min", "gte":
			if isNumber(param) {
				integer, number = param, param
			}
		case "oneof":
			text, _, _ = strings.Cut(param, " ")
		}
	}
	switch {
	case sh.goType == timeType:
		text = "2026-01-02T15:04:05Z"
	case schema["contentEncoding"] != nil:
		text = "dGV4dA=="
	}
	switch schema["type"] {
	case "string":
		b.Write(appendString(nil, text))
	case "boolean":
		b.WriteString("true")
	case "integer":
		b.WriteString(integer)
	case "number":
		b.WriteString(number)
	default:
		b.WriteString("{}")
	}
}
