package cactus

import (
	"context"
	"encoding/json"
)

// Event is any event a handler or middleware can be given. It is sealed: the
// types that embed [Full], [Bare] or [Pushed] implement it, and so does
// [RawEvent].
type Event interface {
	// Metadata returns the event's own Meta, not a copy.
	Metadata() *Meta
	// embedFullOrPushed is what the compiler names when neither is embedded. It
	// returns where the event keeps its delivery.
	embedFullOrPushed() **state
}

// FullEvent is what a [Pushed] event's full type must be: a struct that embeds
// [Full] or [Bare] and declares EventType on its value.
type FullEvent interface {
	EventType() string
	embedFull()
}

// PushedEvent constrains [On]: a struct E, thin or full, whose pointer is an
// event that names its type.
type PushedEvent[E any] interface {
	*E
	Event
	EventType() string
}

// Full is embedded, by value, in an event whose data is D.
//
//	type OrderShipped struct {
//		cactus.Full[OrderShippedData]
//		cactus.Related[Order] // where the event has a related object
//	}
//
//	func (OrderShipped) EventType() string { return "order.shipped" }
//
// A handler that asks for such a type has Data filled: from the delivery if
// the data came along, otherwise pulled before the handler runs. Fields of a D
// that does not fit the JSON stay zero without a word, so give those that must
// be there a `validate:"required"` tag.
//
// The struct may have fields of its own with json tags; they are filled from
// the event's JSON, for middleware too.
type Full[D any] struct {
	Meta

	Data D `json:"data"`

	s *state
}

func (Full[D]) embedFull() {} //nolint:unused // seals FullEvent

func (f *Full[D]) embedFullOrPushed() **state { return &f.s }

// dataTarget clears Data and returns a pointer to it.
func (f *Full[D]) dataTarget() any {
	var zero D
	f.Data = zero
	return &f.Data
}

// Bare is embedded, by value, in a full event that has no data. It is never
// pulled for a handler.
type Bare struct {
	Meta

	s *state
}

func (Bare) embedFull() {} //nolint:unused // seals FullEvent

func (b *Bare) embedFullOrPushed() **state { return &b.s }

// Pushed is embedded, by value, in the thin form of the full event F. It has
// F's type name.
//
//	type OrderShippedPushed struct {
//		cactus.Pushed[OrderShipped]
//		cactus.Related[Order]
//	}
type Pushed[F FullEvent] struct {
	Meta

	s *state
}

func (p *Pushed[F]) embedFullOrPushed() **state { return &p.s }

// EventType returns F's.
func (*Pushed[F]) EventType() string {
	var full F
	return full.EventType()
}

// fullKind describes F, for the checks at registration.
func (*Pushed[F]) fullKind() (*kind, error) { return kindOf[F]() }

// Pull returns the full event. It costs a request to the API unless the data
// came along with the delivery or the event was pulled before: the answer is
// remembered for this delivery, a failure is not.
//
// Each call decodes a fresh value, so that callers may change theirs. Pull is
// safe for concurrent use; a caller whose ctx ends gives up alone.
func (p *Pushed[F]) Pull(ctx context.Context) (*F, error) {
	full := new(box[F])
	if err := p.s.pullInto(ctx, &full.event, &full.state, kindOf[F]); err != nil {
		return nil, err
	}
	return &full.event, nil
}

// Related is embedded, by value, in an event that has a related object O. Put
// the same one into an event's thin and its full type.
type Related[O any] struct {
	// RelatedObject names the object. It is zero if this event came without.
	RelatedObject ObjectRef `json:"related_object,omitzero"`

	s *state
}

// ObjectTyper is optional on the O of [Related]: the type that the related
// object must have on the wire. Without it any type is fetched.
type ObjectTyper interface {
	ObjectType() string
}

// FetchRelatedObject returns the related object. The first call costs a request
// to the API, whose answer is remembered for this delivery: handler, middleware
// and the pulled event see one snapshot. Each call decodes a fresh value.
//
// It returns [ErrNoObject] if the event came without one. It is safe for
// concurrent use.
func (r *Related[O]) FetchRelatedObject(ctx context.Context) (*O, error) {
	return fetch[O](ctx, r, false)
}

// RefetchRelatedObject is FetchRelatedObject but always asks the API, and what
// it gets replaces what was remembered. The ReceivedAt of the Meta that the
// registry's Fetcher sees is the time of the call, so that [Coalesce] answers with
// nothing older.
func (r *Related[O]) RefetchRelatedObject(ctx context.Context) (*O, error) {
	return fetch[O](ctx, r, true)
}

func fetch[O any](ctx context.Context, r *Related[O], again bool) (*O, error) {
	object := new(O)
	if err := r.s.objectInto(ctx, object, again); err != nil {
		return nil, err
	}
	return object, nil
}

func (r *Related[O]) bindRelated(ref ObjectRef, s *state) *ObjectRef {
	r.RelatedObject, r.s = ref, s
	return &r.RelatedObject
}

func (r *Related[O]) objectRef() ObjectRef { return r.RelatedObject }

// RelatedObjectOf returns the reference to event's related object, for middleware.
// It is zero if the event came without one, or if its type embeds no [Related].
func RelatedObjectOf(event Event) ObjectRef {
	if r, ok := event.(relater); ok {
		return r.objectRef()
	}
	return ObjectRef{}
}

// objectTarget returns a new O, for the checks at registration.
func (*Related[O]) objectTarget() any { return new(O) }

// RawEvent is an event without a Go type of its own: what [Registry.Handle] and
// [Registry.OnOther] give their handlers. Its bytes must not be changed.
type RawEvent struct {
	Meta

	RelatedObject ObjectRef       `json:"related_object,omitzero"`
	Data          json.RawMessage `json:"data,omitempty"` // nil if thin
	Raw           json.RawMessage `json:"-"`              // the event's JSON as it came

	s *state
}

func (e *RawEvent) embedFullOrPushed() **state { return &e.s }

func (e *RawEvent) bindRelated(ref ObjectRef, s *state) *ObjectRef {
	e.RelatedObject, e.s = ref, s
	return &e.RelatedObject
}

func (e *RawEvent) objectRef() ObjectRef { return e.RelatedObject }

// Pull returns the event with its data, under the rules of [Pushed.Pull].
func (e *RawEvent) Pull(ctx context.Context) (*RawEvent, error) {
	full := new(box[RawEvent])
	if err := e.s.pullInto(ctx, &full.event, &full.state, kindOf[RawEvent]); err != nil {
		return nil, err
	}
	return &full.event, nil
}

// FetchRelatedObject returns the related object's JSON, under the rules of
// [Related.FetchRelatedObject]. The bytes are shared: do not change them.
func (e *RawEvent) FetchRelatedObject(ctx context.Context) (json.RawMessage, error) {
	return e.s.objectJSON(ctx, false)
}

// RefetchRelatedObject is FetchRelatedObject but always asks the API, and what
// it gets replaces what was remembered.
func (e *RawEvent) RefetchRelatedObject(ctx context.Context) (json.RawMessage, error) {
	return e.s.objectJSON(ctx, true)
}

// New makes an event for the publishing side: its type set, its data and
// related object left to the caller. What it makes cannot pull.
//
// It panics if E's type could not be registered with [On] either.
func New[E any, P PushedEvent[E]](id string) *E {
	event := P(new(E))
	*event.Metadata() = Meta{ID: id, Type: mustKind[E]().name}
	return event
}
