package protocol

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
)

// exampleOf returns a made-up value of t as JSON, in the order of its fields.
func exampleOf(t reflect.Type) json.RawMessage {
	var b bytes.Buffer
	writeExample(&b, shapeOf(t), "", map[*shape]bool{})
	return b.Bytes()
}

// writeExample writes an example of sh, which stands in a field with this
// validate tag. within has the structs around it: there an example of a type
// that contains itself ends.
func writeExample(b *bytes.Buffer, sh *shape, rules string, within map[*shape]bool) {
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
			writeExample(b, f.shape, f.tags.Get("validate"), within)
		}
		b.WriteByte('}')
	case listShape:
		b.WriteByte('[')
		if !within[sh.elem] && !sh.endless {
			writeExample(b, sh.elem, "", within)
		}
		b.WriteByte(']')
	case dictShape:
		b.WriteString("{")
		if k := sh.goType.Key().Kind(); !within[sh.elem] && !sh.endless && k == reflect.String {
			b.WriteString(`"key":`)
			writeExample(b, sh.elem, "", within)
		}
		b.WriteByte('}')
	case leafShape:
		writeLeafExample(b, sh, rules)
	}
}

func writeLeafExample(b *bytes.Buffer, sh *shape, rules string) {
	schema := leafSchema(sh)
	text := "text"
	for rule := range strings.SplitSeq(rules, ",") {
		name, param, _ := strings.Cut(rule, "=")
		switch name {
		case "email":
			text = "user@example.com"
		case "uuid":
			text = "9230c47c-3bcf-11ea-b77f-2e728ce88125"
		case "url", "uri":
			text = "https://example.com"
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
		b.WriteString("1")
	case "number":
		b.WriteString("1.5")
	default:
		b.WriteString("{}")
	}
}
