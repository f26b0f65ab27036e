package cactus

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// HandlerFunc handles an event of any type. It is what [Middleware] wraps.
type HandlerFunc func(ctx context.Context, event Event) error

// HandlerOf is a handler of one event type: what [On] takes, and what a typed
// decorator takes and returns.
//
//	func Audited[E any](next cactus.HandlerOf[E]) cactus.HandlerOf[E]
type HandlerOf[E any] = func(ctx context.Context, event *E) error

// Middleware wraps a handler. It sees the event's Meta, its related object and the
// fields of the user's own, as far as those fit: what does not fit fails below. The
// event's data is read below all middleware, so that what a middleware does about
// errors covers the pull as well.
//
// A middleware is called once a handler, when that is registered; what it
// returns runs concurrently. It must pass on the event that it was given.
type Middleware func(next HandlerFunc) HandlerFunc

// Registry routes events to handlers by their type. The zero value is ready;
// set the fields before the first registration. It must not be copied.
//
// Registration belongs to a program's start and panics on misuse, naming the
// lines that disagree. Registering after the first dispatch is such a misuse.
// Dispatch is safe for concurrent use.
type Registry struct {
	// Fetcher answers pulls, usually a [Client]. Without one, Pull and
	// FetchRelatedObject return ErrNoFetcher.
	Fetcher Fetcher
	// Catalogue names the event types that the provider has. If it is not
	// empty, [On] refuses names outside it, and a fallback learns whether a
	// type is in it.
	Catalogue Catalogue
	// Validate is called with a pointer to every decoded data and object. Nil
	// means validator/v10, for the types that have validate tags.
	Validate func(any) error
	// DeadLetter takes the events whose handlers failed with [Permanent]. If it
	// returns nil the event counts as handled; if it fails, so does the event.
	// An event that is delivered again comes here again: let it be idempotent by
	// the event's id.
	// Nil means that the sender is told: 422.
	DeadLetter func(ctx context.Context, env *Envelope, err error) error

	mu         sync.Mutex
	middleware []Middleware
	exact      map[string]*route
	prefixes   map[string]*route // of patterns, without the star
	other      *route
	routes     atomic.Pointer[routes] // set by the first dispatch
	unhandled  atomic.Uint64
}

// route is one registration.
type route struct {
	where string // file:line
	kind  *kind
	chain HandlerFunc
}

// Option changes one registration.
type Option func(*options)

type options struct {
	middleware []Middleware
	types      []string
	prefetch   bool
	inherited  int // how many middleware of the registry's own the handler has
}

// WithMiddleware wraps this handler alone, inside the registry's own
// middleware. The first is the outermost.
func WithMiddleware(mw ...Middleware) Option {
	return func(o *options) { o.middleware = append(o.middleware, mw...) }
}

// WithTypes registers the handler for these types instead of the one that
// EventType names. A type that ends in ".*" stands for all that begin like it,
// and "*" for all; a full name wins over a pattern and a longer pattern over a
// shorter one.
func WithTypes(patterns ...string) Option {
	return func(o *options) { o.types = append(o.types, patterns...) }
}

// Prefetch pulls the event's data and the related object that came with it, both
// at once, before the handler runs. Pull and FetchRelatedObject then answer from memory.
func Prefetch() Option {
	return func(o *options) { o.prefetch = true }
}

// On registers h for the events of type E, thin or full. The type of h's
// parameter says it all:
//
//	cactus.On(r, func(ctx context.Context, e *types.OrderShipped) error { ... })
//
// The compiler says "missing method Metadata" if E embeds none of Full, Pushed and
// Bare, and "cannot infer E and P" if h is not a func(context.Context, *E) error.
//
// On panics if E is not a sound event type, if its name is already taken or is
// outside the registry's Catalogue, or if r has dispatched.
func On[E any, P PushedEvent[E]](r *Registry, h func(ctx context.Context, event *E) error, opts ...Option) {
	var typed func(context.Context, Event) error
	if h != nil {
		typed = func(ctx context.Context, event Event) error {
			e, ok := event.(P)
			if !ok {
				return errForeign(event)
			}
			return h(ctx, e)
		}
	}
	k, err := kindOf[E]()
	r.register(k, err, typed, opts)
}

// Handle registers h for the events of a type that has no Go type. The name may
// be a pattern, see [WithTypes]. It need not be in the Catalogue.
func (r *Registry) Handle(name string, h func(ctx context.Context, event *RawEvent) error, opts ...Option) {
	var raw func(context.Context, Event) error
	if h != nil {
		raw = rawHandler(h)
	}
	r.register(mustKind[RawEvent](), nil, raw, append([]Option{WithTypes(name)}, opts...))
}

// OnOther registers the fallback for events that no handler takes. It is told
// whether the type is in the registry's Catalogue: known but not registered, or
// not known at all.
func (r *Registry) OnOther(h func(ctx context.Context, event *RawEvent, known bool) error, opts ...Option) {
	var raw func(context.Context, Event) error
	if h != nil && r != nil {
		catalogue := r.Catalogue
		raw = rawHandler(func(ctx context.Context, event *RawEvent) error {
			return h(ctx, event, catalogue.Has(event.Type))
		})
	}
	r.registerOther(raw, opts)
}

func rawHandler(h func(context.Context, *RawEvent) error) func(context.Context, Event) error {
	return func(ctx context.Context, event Event) error {
		e, ok := event.(*RawEvent)
		if !ok {
			return errForeign(event)
		}
		return h(ctx, e)
	}
}

func errForeign(event Event) error {
	return fmt.Errorf("cactus: a middleware passed on another event than it was given: a %T", event)
}

// Use adds middleware around every handler. The first is the outermost, over
// several calls too. It panics after the first registration, because handlers
// that are already there would go without.
func (r *Registry) Use(mw ...Middleware) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.other != nil || len(r.exact)+len(r.prefixes) > 0 {
		panic(fmt.Sprintf("cactus: Use at %s comes after a registration: put it first", caller(2)))
	}
	if r.routes.Load() != nil {
		panic(fmt.Sprintf("cactus: Use at %s comes after the first dispatch", caller(2)))
	}
	if slices.ContainsFunc(mw, func(m Middleware) bool { return m == nil }) {
		panic(fmt.Sprintf("cactus: Use at %s was given a nil middleware", caller(2)))
	}
	r.middleware = append(r.middleware, mw...)
}

// EventTypes returns the registered types and patterns in order. Compare them
// at start-up with what the endpoint is subscribed to: a type that nobody sends
// goes unnoticed otherwise. [Registry.Handles] asks the other way round.
func (r *Registry) EventTypes() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	names := slices.Collect(maps.Keys(r.exact))
	for prefix := range r.prefixes {
		names = append(names, prefix+"*")
	}
	slices.Sort(names)
	return names
}

// Handles reports whether a handler, other than the fallback, takes events of
// this type. Ask it at start-up about every type that the endpoint is
// subscribed to.
func (r *Registry) Handles(eventType string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return mostSpecific(r.exact, r.prefixes, eventType) != nil
}

// Unhandled returns how many dispatched events nothing took.
func (r *Registry) Unhandled() uint64 { return r.unhandled.Load() }

// caller returns the file:line that is skip frames above its own caller.
func caller(skip int) string {
	_, file, line, ok := runtime.Caller(skip)
	if !ok {
		return "an unknown place"
	}
	return fmt.Sprintf("%s:%d", file, line)
}
