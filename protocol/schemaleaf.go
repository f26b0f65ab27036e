package protocol

import "reflect"

// nilIsNull reports whether a nil of the shape, which is no pointer, is written
// as null.
func nilIsNull(sh *shape) bool {
	kind := sh.goType.Kind()
	return (kind == reflect.Map || kind == reflect.Slice) && !writesItself(sh)
}

// nullable returns a schema that takes null too.
func nullable(schema map[string]any) map[string]any {
	typ, ok := schema["type"].(string)
	switch {
	case ok:
		schema["type"] = []string{typ, "null"}
		if enum, ok := schema["enum"].([]any); ok {
			schema["enum"] = append(enum, nil)
		}
	case len(schema) > 0:
		schema = object("anyOf", []any{schema, object("type", "null")})
	}
	return schema
}

// writesItself reports whether a type has a say in how it is written, or is read
// in a way that says nothing of that. [time.Time] is known.
func writesItself(sh *shape) bool {
	p := reflect.PointerTo(sh.goType)
	return sh.goType != timeType && (sh.own || p.Implements(jsonWriterType) || p.Implements(textWriterType))
}

// writtenSchema returns the schema of what such a type writes: of JSON, anything.
func writtenSchema(sh *shape) map[string]any {
	p := reflect.PointerTo(sh.goType)
	if p.Implements(textWriterType) && !p.Implements(jsonWriterType) {
		return object("type", "string")
	}
	return object()
}

// leafSchema returns the schema of what has nothing below it. A type that reads
// itself from JSON may be anything.
func leafSchema(sh *shape) map[string]any {
	p := reflect.PointerTo(sh.goType)
	switch {
	case sh.goType == timeType:
		return object("type", "string", "format", "date-time")
	case sh.goType == numberType:
		return object("type", "number")
	case p.Implements(jsonReaderType):
		return object()
	case sh.own:
		return object("type", "string")
	}
	switch kind := sh.goType.Kind(); {
	case kind == reflect.Bool:
		return object("type", "boolean")
	case kind == reflect.String:
		return object("type", "string")
	case kind == reflect.Slice:
		return object("type", "string", "contentEncoding", "base64")
	case kind == reflect.Float32 || kind == reflect.Float64:
		return object("type", "number")
	case reflect.Int <= kind && kind <= reflect.Int64:
		return object("type", "integer")
	case reflect.Uint <= kind && kind <= reflect.Uintptr:
		return object("type", "integer", "minimum", 0)
	default:
		return object()
	}
}
