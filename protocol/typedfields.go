package protocol

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// jsonFields returns the fields that encoding/json knows of the struct t, in the
// order of the source. Like there, a field of an embedded struct gives way to one
// of the same JSON name above it, and of two at one depth the tagged one wins.
func jsonFields(t reflect.Type, shapeOf func(reflect.Type) *shape) []field {
	all := collectFields(t, field{required: true}, map[reflect.Type]bool{}, shapeOf)
	best := map[string][]field{}
	for _, f := range all {
		best[f.name] = append(best[f.name], f)
	}
	fields := all[:0]
	for _, f := range all {
		if w := winner(best[f.name]); w != nil && slices.Equal(w.index, f.index) {
			fields = append(fields, f)
		}
	}
	return fields
}

// winner returns the field that its name stands for, or nil if none does.
func winner(same []field) *field {
	better := func(a, b field) int {
		return cmp.Or(cmp.Compare(a.depth, b.depth), -boolCompare(a.named, b.named))
	}
	sorted := slices.SortedStableFunc(slices.Values(same), better)
	if len(sorted) > 1 && better(sorted[0], sorted[1]) == 0 {
		return nil
	}
	return &sorted[0]
}

func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}

// collectFields returns the fields of t and of what it embeds, at is where t
// stands: its index, its depth, and whether what is in it is required.
func collectFields(t reflect.Type, at field, within map[reflect.Type]bool, shapeOf func(reflect.Type) *shape) []field {
	if within[t] {
		return nil
	}
	within[t] = true
	defer delete(within, t)

	var fields []field
	for i := range t.NumField() {
		sf := t.Field(i)
		tag, hasTag := sf.Tag.Lookup("json")
		name, options, _ := strings.Cut(tag, ",")
		plain := sf.Type
		if plain.Kind() == reflect.Pointer {
			plain = plain.Elem()
		}
		if (hasTag && tag == "-") || (!sf.IsExported() && (!sf.Anonymous || plain.Kind() != reflect.Struct)) {
			continue
		}
		index := append(slices.Clone(at.index), i)
		if sf.Anonymous && !validName(name) && plain.Kind() == reflect.Struct {
			inside := field{index: index, depth: at.depth + 1, required: at.required && sf.Type.Kind() == reflect.Struct}
			fields = append(fields, collectFields(plain, inside, within, shapeOf)...)
			continue
		}
		if !sf.IsExported() {
			continue
		}
		f := field{
			name: name, named: true, goName: sf.Name, doc: sf.Tag.Get("doc"), tags: sf.Tag, index: index, depth: at.depth,
			pointer: sf.Type.Kind() == reflect.Pointer, shape: shapeOf(sf.Type),
		}
		if !validName(name) {
			f.name, f.named = sf.Name, false
		}
		f.key, f.report = []byte(f.name), camelCase(f.name)
		opts := strings.Split(options, ",")
		f.quoted = slices.Contains(opts, "string") && isScalar(plain)
		f.required = at.required && !f.pointer && !slices.Contains(opts, "omitempty") && !slices.Contains(opts, "omitzero")
		f.nullable = !f.required || takesNull(sf.Type)
		fields = append(fields, f)
	}
	return fields
}

// isScalar reports whether encoding/json heeds ",string" for t.
func isScalar(t reflect.Type) bool {
	return t.Kind() == reflect.String || reflect.Bool <= t.Kind() && t.Kind() <= reflect.Float64
}

// validName reports whether encoding/json takes a tag's name; if not, it goes by
// the field's own.
func validName(name string) bool {
	for _, c := range name {
		if !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", c) && !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			return false
		}
	}
	return name != ""
}

// camelCase writes a JSON name as Python's schemas name fields: some_count and
// SomeCount are someCount, ID is id.
func camelCase(name string) string {
	parts := strings.FieldsFunc(name, func(c rune) bool { return c == '_' })
	if len(parts) == 0 {
		return name
	}
	for i, part := range parts {
		if i == 0 {
			parts[i] = lowerFirst(part)
			continue
		}
		first, size := utf8.DecodeRuneInString(part)
		parts[i] = string(unicode.ToUpper(first)) + part[size:]
	}
	return strings.Join(parts, "")
}

// lowerFirst writes the capitals that s begins with in lower case, but for the
// last of several, which begins the next word: URLPath is urlPath.
func lowerFirst(s string) string {
	runes := []rune(s)
	for i, c := range runes {
		if !unicode.IsUpper(c) || (i > 0 && i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			break
		}
		runes[i] = unicode.ToLower(c)
	}
	return string(runes)
}
