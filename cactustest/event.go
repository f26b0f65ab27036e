package cactustest

import (
	"context"
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cactuscorp/cactus"
)

// Defaults of the events that [Event] and [RawEvent] make.
const (
	EventID  = "evt_test" // the event's id
	ObjectID = "obj_test" // the related object's, unless the object has an id
)

// Event returns an event of type E, thin or full, as a handler is given it. Its
// pulls answer from memory:
//
//	e := cactustest.Event[types.OrderShippedPushed](t,
//		types.OrderShippedData{ShippingService: "usps"}, types.Order{ID: "ord_1"})
//	err := handleOrderShipped(t.Context(), e)
//
// Pull answers with data, and FetchRelatedObject with object. Each may be the
// Go type that E has for it or a pointer to that, a [json.RawMessage] or a
// map[string]any; another type ends the test. It may also be an error, which
// the pull then returns, wrapped. A nil object means that the event came
// without one, a nil data that the API has none.
//
// The event has [EventID] and E's own type, and was received now. An edit changes
// what arrives before the event is made of it: the Meta, the Data of a sender
// that pushes it along, or the Raw, which holds the fields that E adds to the
// envelope.
func Event[E any, P cactus.PushedEvent[E]](tb testing.TB, data, object any, edit ...func(*cactus.Envelope)) *E {
	tb.Helper()
	var event *E
	r := &cactus.Registry{}
	cactus.On[E, P](r, func(_ context.Context, e *E) error { event = e; return nil }, cactus.WithTypes("*"))
	dataType, objectType := pulledTypes(reflect.TypeFor[E]())
	checkFits(tb, reflect.TypeFor[E](), "data", data, dataType)
	checkFits(tb, reflect.TypeFor[E](), "related object", object, objectType)
	arrive(tb, r, P(new(E)).EventType(), newMemory(tb, data, object, objectType), edit)
	return event
}

// Fields is an edit for [Event]: it adds fields to the event's JSON, those that
// E declares beside what it embeds. A field of the envelope's own is replaced in
// the JSON alone; set it in the Envelope instead.
func Fields(fields map[string]any) func(*cactus.Envelope) {
	return func(env *cactus.Envelope) {
		all := map[string]any{"id": env.ID, "type": env.Type}
		if env.Raw != nil {
			if err := json.Unmarshal(env.Raw, &all); err != nil {
				panic("cactustest: Fields: the envelope's Raw is not an object: " + err.Error())
			}
		}
		maps.Copy(all, fields)
		raw, err := json.Marshal(all)
		if err != nil {
			panic("cactustest: Fields: " + err.Error())
		}
		env.Raw = raw
	}
}

// RawEvent is [Event] for handlers of a [cactus.RawEvent]. Data and object may
// be anything that encoding/json writes.
func RawEvent(tb testing.TB, eventType string, data, object any, edit ...func(*cactus.Envelope)) *cactus.RawEvent {
	tb.Helper()
	var event *cactus.RawEvent
	r := &cactus.Registry{}
	r.Handle("*", func(_ context.Context, e *cactus.RawEvent) error { event = e; return nil })
	arrive(tb, r, eventType, newMemory(tb, data, object, reflect.TypeOf(object)), edit)
	return event
}

// arrive dispatches a thin event to r, whose only handler takes it.
func arrive(tb testing.TB, r *cactus.Registry, eventType string, m *memory, edit []func(*cactus.Envelope)) {
	tb.Helper()
	env := &cactus.Envelope{
		Meta:          cactus.Meta{ID: EventID, Type: eventType, Key: KeyName, ReceivedAt: time.Now()},
		RelatedObject: m.ref,
	}
	for _, change := range edit {
		change(env)
	}
	if env.Raw == nil {
		raw, err := cactus.MarshalThin(&cactus.RawEvent{Meta: env.Meta, RelatedObject: env.RelatedObject})
		if err != nil {
			tb.Fatalf("cactustest: make event %s: %v", env.Type, err)
		}
		env.Raw = raw
	}
	m.raw = env.Raw
	r.Fetcher = m
	if err := r.Dispatch(context.Background(), env); err != nil {
		tb.Fatalf("cactustest: make event %s: %v", env.Type, err)
	}
}

// memory is a [cactus.Fetcher] for one event.
type memory struct {
	ref                cactus.ObjectRef
	raw                json.RawMessage
	data, object       json.RawMessage
	dataErr, objectErr error
}

func newMemory(tb testing.TB, data, object any, objectType reflect.Type) *memory {
	tb.Helper()
	m := new(memory)
	m.data, m.dataErr = remembered(tb, data)
	m.object, m.objectErr = remembered(tb, object)
	if object != nil {
		m.ref = refOf(m.object, objectType)
	}
	return m
}

// remembered returns a value as JSON, or as the error that it is.
func remembered(tb testing.TB, value any) (json.RawMessage, error) {
	tb.Helper()
	if value == nil {
		return nil, nil
	}
	if err, ok := value.(error); ok {
		return nil, err
	}
	body, err := json.Marshal(value)
	if err != nil {
		tb.Fatalf("cactustest: marshal %T: %v", value, err)
	}
	return body, nil
}

// FetchEvent implements [cactus.Fetcher].
func (m *memory) FetchEvent(ctx context.Context, meta *cactus.Meta) (*cactus.Envelope, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if m.dataErr != nil {
		return nil, m.dataErr
	}
	return &cactus.Envelope{Meta: *meta, Data: m.data, Raw: m.raw}, nil
}

// FetchObject implements [cactus.Fetcher].
func (m *memory) FetchObject(ctx context.Context, _ *cactus.Meta, _ cactus.ObjectRef) ([]byte, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return m.object, m.objectErr
}

// refOf names an object: by the id in its JSON, and by its Go type's
// [cactus.ObjectTyper] or name.
func refOf(body []byte, objectType reflect.Type) cactus.ObjectRef {
	ref := cactus.ObjectRef{ID: idIn(body, ObjectID), Type: "object"}
	if objectType.Kind() == reflect.Pointer {
		objectType = objectType.Elem()
	}
	if typed, ok := reflect.TypeAssert[cactus.ObjectTyper](reflect.New(objectType)); ok {
		ref.Type = typed.ObjectType()
	} else if name := objectType.Name(); name != "" {
		ref.Type = strings.ToLower(name)
	}
	return ref
}
