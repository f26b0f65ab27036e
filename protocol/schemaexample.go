package protocol

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math"
	"reflect"
	"strconv"
)

// exampleOf returns a made-up value of t as JSON, in the order of its fields. One
// of an input keeps the validate tags that it knows, so that a handler takes it.
func exampleOf(t reflect.Type, output bool) json.RawMessage {
	x := example{output: output, within: map[*shape]bool{}}
	x.write(shapeOf(t), "")
	return x.out.Bytes()
}

// example is one that is being written.
type example struct {
	out    bytes.Buffer
	output bool
	within map[*shape]bool // structs: there an example of a type that contains itself ends
}

// maxExample bounds what a rule makes of an example: characters and items.
const maxExample = 50

// write writes an example of sh, which stands in a field with this validate tag.
func (x *example) write(sh *shape, tag string) {
	if x.output && writesItself(sh) {
		x.writeLeaf(writtenSchema(sh), sh, tag)
		return
	}
	switch sh.kind {
	case objectShape:
		x.writeObject(sh)
	case listShape:
		x.out.WriteString("[")
		if !x.within[sh.elem] && !sh.endless {
			rules := readRules(tag, sh.goType)
			for i := range min(rules.count(1), maxExample) {
				x.comma(i > 0)
				x.write(sh.elem, elements(tag))
			}
		}
		x.out.WriteString("]")
	case dictShape:
		x.out.WriteString("{")
		if key := exampleKey(sh.goType.Key(), tag); key != "" && !x.within[sh.elem] && !sh.endless {
			x.out.Write(append(appendString(nil, key), ':'))
			x.write(sh.elem, elements(tag))
		}
		x.out.WriteString("}")
	case leafShape:
		x.writeLeaf(leafSchema(sh), sh, tag)
	}
}

func (x *example) writeObject(sh *shape) {
	x.within[sh] = true
	defer delete(x.within, sh)
	x.out.WriteString("{")
	written := false
	for i := range sh.fields {
		f := &sh.fields[i]
		if x.within[f.shape] || f.shape.elem != nil && x.within[f.shape.elem] && !f.required {
			continue
		}
		x.comma(written)
		written = true
		x.out.Write(append(appendString(nil, f.name), ':'))
		start := x.out.Len()
		x.write(f.shape, f.tags.Get("validate"))
		if f.quoted {
			inner := string(x.out.Bytes()[start:])
			x.out.Truncate(start)
			x.out.Write(appendString(nil, inner))
		}
	}
	x.out.WriteString("}")
}

func (x *example) comma(wanted bool) {
	if wanted {
		x.out.WriteString(",")
	}
}

// exampleKey returns a key for a dict of this type, or nothing if it cannot say.
func exampleKey(t reflect.Type, tag string) string {
	switch k := t.Kind(); {
	case readsItself(t):
		return ""
	case k == reflect.String:
		rules := readRules(keys(tag), t)
		return rules.fitted("key")
	case reflect.Int <= k && k <= reflect.Uintptr:
		return "1"
	}
	return ""
}

// writeLeaf writes an example of what has nothing below it.
func (x *example) writeLeaf(schema map[string]any, sh *shape, tag string) {
	rules := readRules(tag, sh.goType)
	switch {
	case sh.goType == timeType:
		x.out.WriteString(`"2026-01-02T15:04:05Z"`)
		return
	case sh.own && !x.output:
		x.out.WriteString(readable(sh.goType, schema["type"] == "string"))
		return
	case schema["contentEncoding"] != nil:
		x.out.WriteString(`"` + base64.StdEncoding.EncodeToString([]byte(rules.fitted("text"))) + `"`)
		return
	}
	switch schema["type"] {
	case "string":
		x.out.Write(appendString(nil, rules.fitted("text")))
	case "boolean":
		x.out.WriteString("true")
	case "integer":
		x.out.WriteString(rules.number(strconv.Itoa(rules.count(1))))
	case "number":
		x.out.WriteString(rules.number(strconv.FormatFloat(rules.between(1.5), 'f', -1, 64)))
	default:
		x.out.WriteString("{}")
	}
}

// readable returns JSON that a type with a reader of its own takes: a text or an
// object, or else its zero.
func readable(t reflect.Type, isText bool) string {
	first, second := "{}", `"text"`
	if isText {
		first, second = second, first
	}
	for _, text := range []string{first, second, zeroOf(t)} {
		if takes(t, text) {
			return text
		}
	}
	return first
}

// takes reports whether JSON can be read into a t. A reader that panics cannot.
func takes(t reflect.Type, text string) (ok bool) {
	defer func() { ok = recover() == nil && ok }()
	return json.Unmarshal([]byte(text), reflect.New(t).Interface()) == nil
}

// zeroOf returns the zero of t as JSON, or null.
func zeroOf(t reflect.Type) (text string) {
	defer func() {
		if recover() != nil {
			text = "null"
		}
	}()
	raw, err := json.Marshal(reflect.New(t).Interface())
	if err != nil {
		return "null"
	}
	return string(raw)
}

// between returns normal, or what is nearest to the middle of the limits if they
// leave it out.
func (r *exampleRules) between(normal float64) float64 {
	switch {
	case r.low < normal && normal < r.high:
		return normal
	case !math.IsInf(r.low, 0) && !math.IsInf(r.high, 0):
		return r.low + (r.high-r.low)/2
	case math.IsInf(r.low, 0):
		return r.high - 1
	}
	return r.low + 1
}
