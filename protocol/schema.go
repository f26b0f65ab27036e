package protocol

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// schemas writes JSON Schemas (draft 2020-12) of Go types. Named structs go to
// defs, so that types may contain themselves.
//
// The rules are those of Handle's own decoding, which no schema library knows:
// what is required, what may be null. A schema says what to send, not all that
// is understood: an integer is an integer, though a string of digits will do.
type schemas struct {
	prefix string // of references: #/$defs/
	defs   map[string]any
	names  map[schemaKey]string
}

// schemaKey is a type in one of its two roles, in which different fields are
// required.
type schemaKey struct {
	goType reflect.Type
	output bool
}

func newSchemas(prefix string) *schemas {
	return &schemas{prefix: prefix, defs: map[string]any{}, names: map[schemaKey]string{}}
}

// of returns the schema of t.
func (s *schemas) of(t reflect.Type, output bool) map[string]any {
	return s.shape(shapeOf(t), output)
}

func (s *schemas) shape(sh *shape, output bool) map[string]any {
	switch {
	case output && writesItself(sh):
		return writtenSchema(sh)
	case sh.kind == objectShape:
		return s.reference(sh, output)
	case sh.kind == dictShape && sh.endless:
		return object("type", "object")
	case sh.kind == dictShape:
		return object("type", "object", "additionalProperties", s.element(sh, output))
	case sh.kind == listShape && sh.endless:
		return object("type", "array")
	case sh.kind == listShape:
		return object("type", "array", "items", s.element(sh, output))
	}
	return leafSchema(sh)
}

// element returns the schema of what is in a list or dict.
func (s *schemas) element(sh *shape, output bool) map[string]any {
	schema := s.shape(sh.elem, output)
	if sh.goType.Elem().Kind() == reflect.Pointer || output && nilIsNull(sh.elem) {
		return nullable(schema)
	}
	return schema
}

// reference returns a reference to the schema of a struct, which it writes to
// the defs if need be. Structs without a name stand where they are used, unless
// they contain themselves.
func (s *schemas) reference(sh *shape, output bool) map[string]any {
	called := sh.goType.Name()
	if called == "" {
		below := map[*shape]bool{}
		for i := range sh.fields {
			sh.fields[i].shape.visit(below)
		}
		if !below[sh] {
			return s.object(sh, output)
		}
		called = "object"
	}
	key := schemaKey{sh.goType, output}
	name, ok := s.names[key]
	if !ok {
		name = s.free(defName(called))
		s.names[key] = name
		s.defs[name] = nil // taken, also for itself
		s.defs[name] = s.object(sh, output)
	}
	return object("$ref", s.prefix+name)
}

// free returns name, with a number if another type has it.
func (s *schemas) free(name string) string {
	free := name
	for i := 2; ; i++ {
		if _, taken := s.defs[free]; !taken {
			return free
		}
		free = name + "_" + strconv.Itoa(i)
	}
}

// defName replaces what the name of a generic type has beyond letters, digits
// and underscores.
func defName(name string) string {
	return strings.Map(func(c rune) rune {
		if c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' {
			return c
		}
		return '_'
	}, name)
}

func (s *schemas) object(sh *shape, output bool) map[string]any {
	properties, required := map[string]any{}, []string{}
	demanded := sh.demanded()
	for i := range sh.fields {
		f := &sh.fields[i]
		properties[f.name] = s.field(f, output, demanded[f.report])
		if !output && demanded[f.report] || output && !f.omitted() {
			required = append(required, f.name)
		}
	}
	schema := object("type", "object", "properties", properties)
	if len(required) > 0 {
		schema["required"] = required
	}
	return schema
}

// omitted reports whether an output may lack the field.
func (f *field) omitted() bool {
	_, options, _ := strings.Cut(f.tags.Get("json"), ",")
	opts := strings.Split(options, ",")
	return slices.Contains(opts, "omitempty") || slices.Contains(opts, "omitzero") || len(f.index) > 1 && !f.required
}

func (s *schemas) field(f *field, output, demanded bool) map[string]any {
	schema := s.shape(f.shape, output)
	if f.quoted {
		schema = object("type", "string")
	}
	if !output {
		addRules(schema, f)
	}
	mayBeNull := f.pointer && !demanded
	if output {
		mayBeNull = !f.omitted() && (f.pointer || nilIsNull(f.shape))
	}
	if mayBeNull {
		schema = nullable(schema)
	}
	if f.doc != "" {
		schema["description"] = f.doc
	}
	return schema
}

// object returns a JSON object of keys and values in turn.
func object(pairs ...any) map[string]any {
	o := make(map[string]any, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		if key, ok := pairs[i].(string); ok {
			o[key] = pairs[i+1]
		}
	}
	return o
}
