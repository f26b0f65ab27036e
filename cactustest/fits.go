package cactustest

import (
	"encoding/json"
	"reflect"
	"testing"
)

// pulledTypes returns the Go types of the data and of the related object that
// an event's pulls decode. Nil means that it has none.
func pulledTypes(event reflect.Type) (data, object reflect.Type) {
	full := event
	if pushed, ok := event.FieldByName("Pushed"); ok {
		full = resultOf(pushed.Type, "Pull")
	}
	if full != nil {
		if f, ok := full.FieldByName("Data"); ok {
			data = f.Type
		}
	}
	if related, ok := event.FieldByName("Related"); ok {
		object = resultOf(related.Type, "FetchRelatedObject")
	}
	return data, object
}

// resultOf returns the T of a method of embedded's pointer that returns a *T.
func resultOf(embedded reflect.Type, method string) reflect.Type {
	m, ok := reflect.PointerTo(embedded).MethodByName(method)
	if !ok {
		return nil
	}
	return m.Type.Out(0).Elem()
}

// checkFits ends the test if value is not what event decodes there. A wrong
// struct would otherwise decode to zero fields without a word.
func checkFits(tb testing.TB, event reflect.Type, what string, value any, want reflect.Type) {
	tb.Helper()
	switch value.(type) {
	case nil:
		return
	case error, json.RawMessage, map[string]any:
		if want != nil {
			return
		}
	}
	got := reflect.TypeOf(value)
	switch {
	case want == nil:
		tb.Fatalf("cactustest: %s has no %s, but was given a %s", event, what, got)
	case got != want && got != reflect.PointerTo(want):
		tb.Fatalf("cactustest: the %s of %s is a %s, but was given a %s", what, event, want, got)
	}
}
