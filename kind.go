package cactus

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/cactuscorp/cactus/internal/envelope"
)

// box holds an event and its delivery in one allocation.
type box[E any] struct {
	event E
	state state
}

// kind is what there is to know about an event's Go type, found once.
type kind struct {
	goType reflect.Type
	name   string // EventType; "" for RawEvent
	full   *kind  // of a Pushed: its full type; else nil
	extras []extra

	object       reflect.Type // O of Related; nil: none
	hasData      bool         // embeds Full
	dataMayBeNil bool         // null is a D
	tagged       bool         // Data has validate tags
	taggedExtras bool         // so has a field of the user's own

	// make returns a new event with its state, not yet bound to each other.
	make func() (Event, *state)
}

// extra is a field of the user's own, filled from the event's JSON.
type extra struct {
	name  string
	index []int
	plain bool // the type does not read itself
}

// What the embedded types have, each for one question of inspect. The names
// differ because methods of equal name would cancel each other in an event.
type (
	dataHolder interface{ dataTarget() any }
	pusher     interface{ fullKind() (*kind, error) }
	relater    interface {
		bindRelated(ref ObjectRef, s *state) *ObjectRef
		objectRef() ObjectRef
	}
	objectHolder interface{ objectTarget() any }
)

var kinds sync.Map // reflect.Type of an event -> *kind

// kindOf returns E's kind, or an error that says what is wrong with E.
func kindOf[E any]() (*kind, error) {
	t := reflect.TypeFor[E]()
	if k, ok := kinds.Load(t); ok {
		return k.(*kind), nil //nolint:errcheck,forcetypeassert // only kinds are stored
	}
	if _, ok := any(new(E)).(Event); !ok {
		return nil, fmt.Errorf("%s is not an event: it must embed cactus.Full, cactus.Bare or cactus.Pushed by value", t)
	}
	return inspect(t, func() (Event, *state) {
		b := new(box[E])
		return any(&b.event).(Event), &b.state //nolint:errcheck,forcetypeassert // checked above, once
	})
}

// mustKind is kindOf for callers whose E is a programmer's choice.
func mustKind[E any]() *kind {
	k, err := kindOf[E]()
	if err != nil {
		panic("cactus: " + err.Error())
	}
	return k
}

// inspect finds out about t, whose pointer newEvent returns.
func inspect(t reflect.Type, newEvent func() (Event, *state)) (*kind, error) {
	k := &kind{goType: t, make: newEvent}
	event, _ := newEvent()
	if t != reflect.TypeFor[RawEvent]() {
		err := k.inspectFields(t, nil)
		if err == nil { // a nil embedded pointer has no methods to ask
			err = k.inspectMethods(event)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t, err)
		}
	}
	actual, _ := kinds.LoadOrStore(t, k)
	return actual.(*kind), nil //nolint:errcheck,forcetypeassert // only kinds are stored
}

// inspectMethods reads what the embedded types promote.
func (k *kind) inspectMethods(event Event) error {
	switch event.(type) {
	case json.Unmarshaler, json.Marshaler, encoding.TextMarshaler, encoding.TextUnmarshaler:
		return errors.New("it has MarshalJSON, UnmarshalJSON or their text twins, perhaps promoted from an embedded " +
			"type: an event is read and written field by field, so they would replace the whole event")
	}
	if named, ok := event.(interface{ EventType() string }); ok {
		k.name = named.EventType()
	}
	if err := envelope.CheckType(k.name); err != nil {
		return fmt.Errorf("EventType %q: %w", k.name, err)
	}
	if holder, ok := event.(objectHolder); ok {
		k.object = reflect.TypeOf(holder.objectTarget()).Elem()
	}
	if holder, ok := event.(dataHolder); ok {
		if err := k.inspectData(reflect.TypeOf(holder.dataTarget()).Elem()); err != nil {
			return err
		}
	}
	if p, ok := event.(pusher); ok {
		return k.inspectPair(p)
	}
	return nil
}

func (k *kind) inspectData(data reflect.Type) error {
	if reflect.PointerTo(data).Implements(reflect.TypeFor[Event]()) {
		return fmt.Errorf("its data is %s, itself an event: name the data's own type in cactus.Full", data)
	}
	k.hasData = true
	switch data.Kind() { //nolint:exhaustive // those that can be nil
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		k.dataMayBeNil = true
	}
	k.tagged = hasValidateTag(data)
	return nil
}

// inspectPair holds a thin type against its full one.
func (k *kind) inspectPair(p pusher) error {
	full, err := p.fullKind()
	if err != nil {
		return err
	}
	switch {
	case full.name != k.name:
		return fmt.Errorf("its EventType is %q but that of %s is %q: leave EventType to the full type",
			k.name, full.goType, full.name)
	case full.object != k.object:
		return fmt.Errorf("it has %s but %s has %s: embed the same cactus.Related in both",
			relatedName(k.object), full.goType, relatedName(full.object))
	}
	k.full = full
	return nil
}

func relatedName(object reflect.Type) string {
	if object == nil {
		return "no related object"
	}
	return "Related[" + object.String() + "]"
}

// envelopeKeys are the JSON names that an event's own fields cannot take.
var envelopeKeys = []string{"id", "type", "created", "context", "related_object", "relatedObject", "data"}

// inspectFields collects the fields with a json tag that are not ours.
func (k *kind) inspectFields(t reflect.Type, path []int) error {
	for i := range t.NumField() {
		f := t.Field(i)
		index := append(slices.Clone(path), i)
		tag, tagged := f.Tag.Lookup("json")
		name, _, _ := strings.Cut(tag, ",")

		switch {
		case isOurs(f.Type):
			continue
		case f.Anonymous && f.Type.Kind() == reflect.Pointer && embedsOurs(f.Type.Elem()):
			return fmt.Errorf("it embeds %s by pointer, which would be nil: embed it by value", f.Type)
		case f.Anonymous && f.Type.Kind() == reflect.Struct && name == "":
			if err := k.inspectFields(f.Type, index); err != nil {
				return err
			}
			continue
		case !tagged || name == "" || tag == "-":
			continue
		case !f.IsExported():
			return fmt.Errorf("field %s has a json tag but is not exported", f.Name)
		case slices.Contains(envelopeKeys, name):
			return fmt.Errorf("field %s takes the JSON name %q, which the envelope has already", f.Name, name)
		case slices.ContainsFunc(k.extras, func(e extra) bool { return e.name == name }):
			return fmt.Errorf("field %s takes the JSON name %q, which another field has already", f.Name, name)
		}
		k.extras = append(k.extras, extra{name, index, !readsItself(f.Type) && f.Type != reflect.TypeFor[json.Number]()})
		k.taggedExtras = k.taggedExtras || f.Tag.Get("validate") != "" || hasValidateTag(f.Type)
	}
	return nil
}

// isOurs reports whether t is one of the types that make a struct an event, or
// RawEvent's own fields.
func isOurs(t reflect.Type) bool {
	if t.PkgPath() != reflect.TypeFor[Meta]().PkgPath() {
		return false
	}
	name, _, _ := strings.Cut(t.Name(), "[")
	return slices.Contains([]string{"Meta", "Full", "Bare", "Pushed", "Related", "ObjectRef", "state"}, name)
}

func embedsOurs(t reflect.Type) bool {
	if isOurs(t) {
		return true
	}
	if t.Kind() != reflect.Struct {
		return false
	}
	for i := range t.NumField() {
		if f := t.Field(i); f.Anonymous && embedsOurs(f.Type) {
			return true
		}
	}
	return false
}
