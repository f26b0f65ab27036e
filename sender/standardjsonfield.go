package sender

import (
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// member is a field of a struct under a name in JSON.
type member struct {
	index  []int
	tagged bool
	unsure bool // another one has as good a right to the name
}

var memberCache sync.Map // reflect.Type -> map[string]member

// structMembers looks fields up by their names in JSON.
func structMembers(v reflect.Value) func([]byte) reflect.Value {
	members := membersOf(v.Type())
	return func(name []byte) reflect.Value {
		m, ok := members[string(name)]
		if !ok || m.unsure {
			return reflect.Value{}
		}
		field, err := v.FieldByIndexErr(m.index)
		if err != nil { // an embedded pointer is nil
			return reflect.Value{}
		}
		return field
	}
}

// membersOf returns the fields that [json.Marshal] writes: of those with the same
// name the least deep, and among these the only one, or the only one with a tag.
func membersOf(t reflect.Type) map[string]member {
	if known, ok := memberCache.Load(t); ok {
		return known.(map[string]member) //nolint:errcheck,forcetypeassert // nothing else is stored
	}
	members := map[string]member{}
	addMembers(members, t, nil, map[reflect.Type]bool{})
	memberCache.Store(t, members)
	return members
}

func addMembers(members map[string]member, t reflect.Type, index []int, above map[reflect.Type]bool) {
	if above[t] {
		return
	}
	above[t] = true
	defer delete(above, t)
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		name, _, _ := strings.Cut(tag, ",")
		if strings.ContainsFunc(name, notInName) {
			name = "" // as json.Marshal takes it
		}
		path := append(slices.Clip(index), i)
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		flat := f.Anonymous && inner.Kind() == reflect.Struct
		switch {
		case tag == "-" || !f.IsExported() && !flat:
		case flat && name == "":
			addMembers(members, inner, path, above)
		case f.IsExported():
			m := member{index: path, tagged: name != ""}
			if name == "" {
				name = f.Name
			}
			putMember(members, name, m)
		}
	}
}

func putMember(members map[string]member, name string, m member) {
	known, ok := members[name]
	deeper := len(m.index) - len(known.index)
	switch {
	case !ok || deeper < 0 || deeper == 0 && m.tagged && !known.tagged:
		members[name] = m
	case deeper == 0 && m.tagged == known.tagged:
		known.unsure = true
		members[name] = known
	}
}

func notInName(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r)
}
