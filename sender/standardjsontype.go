package sender

import (
	"reflect"
	"sync"
)

var timeHolders sync.Map // reflect.Type -> bool

// canHoldTime reports whether a value of type t may have a time.Time in it.
func canHoldTime(t reflect.Type) bool {
	if known, ok := timeHolders.Load(t); ok {
		return known.(bool) //nolint:errcheck,forcetypeassert // only bools are stored
	}
	can := timeBelow(t, map[reflect.Type]bool{})
	timeHolders.Store(t, can)
	return can
}

func timeBelow(t reflect.Type, seen map[reflect.Type]bool) bool {
	if t == timeType || t.Kind() == reflect.Interface {
		return true
	}
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t.Kind() { //nolint:exhaustive // no other holds values
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return timeBelow(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if timeBelow(t.Field(i).Type, seen) {
				return true
			}
		}
	}
	return false
}
