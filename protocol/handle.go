package protocol

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
)

// Handle registers h for the events of this name and version. Payloads are read
// into an In and answers made of an Out; [HandleEvent] is the raw tier below, and
// in both [EventFromContext] gives h the whole event.
//
// In is a struct, as a rule. A field is required unless it is a pointer or has
// omitempty or omitzero, or stands in an embedded pointer; a zero that is there
// counts as there. Keys may come in camelCase or snake_case and numbers as
// strings. Of a key that stands twice the last counts, and the tag's spelling
// before all others. The validate tags of validator/v10 apply. A payload that
// does not fit is answered with badRequest, MISSING_FIELDS and all the fields
// that are wrong, see [MissingFields]; but a rule about several fields is only
// looked at once each can be read. A pointer that may be absent needs omitempty in
// its validate tag too.
//
// In may also be any other type that JSON is read into, because Kotlin's
// payloads need not be objects; null is refused for all of them: take it with
// [HandleEvent]. Numbers in an any are [json.Number].
//
// Out must be written as a JSON object, because Python reads nothing else: a
// struct, a map, a pointer to one, or an any, a json.RawMessage or a type with a
// MarshalJSON, which are looked at when they are there: another value is the
// handler's failure. A nil Out answers {}.
//
// Handle panics where [HandleEvent] does, and on types that cannot be what they
// are for, naming the field.
func Handle[In, Out any](r *Registry, name string, version int, h func(ctx context.Context, in In) (Out, error), opts ...HandleOption) {
	t := &typed{in: reflect.TypeFor[In](), out: reflect.TypeFor[Out](), noHandler: h == nil}
	r.handle(name, version, t, opts, func(ctx context.Context, payload json.RawMessage) (any, error) {
		var in In
		if err := decodePayload(payload, &in); err != nil {
			return nil, err
		}
		return h(ctx, in)
	})
}

// handle is Handle without its types. It is called by Handle alone: it counts
// the frames to the user's line.
func (r *Registry) handle(name string, version int, t *typed, opts []HandleOption, h func(context.Context, json.RawMessage) (any, error)) {
	if err := t.check(); err != nil {
		panic(fmt.Sprintf("protocol: handler at %s: event %q version %d: %v", caller(3), name, version, err))
	}
	var call HandlerFunc
	if !t.noHandler {
		call = func(ctx context.Context, event *Event) (*Event, error) {
			out, err := h(ctx, event.Payload)
			if err != nil {
				return nil, err
			}
			return respond(event, out)
		}
	}
	r.add(name, version, call, t, opts, 2)
}

// respond makes the response and sees to it that its payload is an object.
func respond(event *Event, out any) (*Event, error) {
	response, err := event.Response(out)
	switch {
	case err != nil:
		return nil, err
	case string(response.Payload) == "null":
		response.Payload = json.RawMessage("{}")
	case len(response.Payload) == 0 || response.Payload[0] != '{':
		return nil, fmt.Errorf("response to %q: a %T must be written as a JSON object", event.Name, out)
	}
	return response, nil
}
