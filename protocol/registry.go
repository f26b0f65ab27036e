package protocol

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// HandlerFunc handles an event and returns the response, usually made by
// [Event.Response]. It is what [Middleware] wraps.
//
// An error that is or wraps an [*Error] or a [Redirect] is the answer; see
// [NewProcessor] for the others. A nil response without an error, and the
// request itself, are mistakes and answered as a failure. The handler must not
// change the event's raw JSON in place.
type HandlerFunc func(ctx context.Context, event *Event) (*Event, error)

// Middleware wraps a handler. The first is the outermost. It is called once a
// handler, when that is registered; what it returns runs concurrently. It sees
// the response before the processor completes it, and a panic of the handler as
// a [*PanicError].
type Middleware func(next HandlerFunc) HandlerFunc

// Registry has the handlers by name and version. The zero value is ready. It
// must not be copied.
//
// Registration belongs to a program's start and panics on misuse, naming the
// lines that disagree. Registering after the first event is such a misuse.
// Events may be processed concurrently.
type Registry struct {
	mu         sync.Mutex
	middleware []Middleware
	handlers   map[key]*handler
	frozen     atomic.Pointer[map[key]*handler] // set by the first event
}

// key is what a handler is found by.
type key struct {
	name    string
	version int
}

// handler is one registration.
type handler struct {
	where string // file:line
	key   key
	call  HandlerFunc // with its middleware
	typed *typed      // of Handle; nil: of HandleEvent
	page  page        // for Docs
}

// HandleOption changes one registration.
type HandleOption func(*handleOptions)

type handleOptions struct {
	middleware []Middleware
	page       page
}

// WithMiddleware wraps this handler alone, inside the registry's own
// middleware. The first is the outermost.
func WithMiddleware(mw ...Middleware) HandleOption {
	return func(o *handleOptions) { o.middleware = append(o.middleware, mw...) }
}

// Use adds middleware around every handler. The first is the outermost, over
// several calls too. It panics after the first registration, because handlers
// that are already there would go without.
func (r *Registry) Use(mw ...Middleware) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case len(r.handlers) > 0:
		panic(fmt.Sprintf("protocol: Use at %s comes after a registration: put it first", caller(2)))
	case r.frozen.Load() != nil:
		panic(fmt.Sprintf("protocol: Use at %s comes after the first event", caller(2)))
	case slices.ContainsFunc(mw, func(m Middleware) bool { return m == nil }):
		panic(fmt.Sprintf("protocol: Use at %s was given a nil middleware", caller(2)))
	}
	r.middleware = append(r.middleware, mw...)
}

// Registration is one entry of [Registry.Events].
type Registration struct {
	Name    string
	Version int
}

// Events returns what is registered, by name and then by version. Compare it at
// start-up with what callers are promised.
func (r *Registry) Events() []Registration {
	handlers := r.sorted()
	events := make([]Registration, 0, len(handlers))
	for _, h := range handlers {
		events = append(events, Registration{Name: h.key.name, Version: h.key.version})
	}
	return events
}

// Handles reports whether a handler takes events of this name and version.
func (r *Registry) Handles(name string, version int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.handlers[key{name, version}] != nil
}

// sorted returns the registrations by name and then by version.
func (r *Registry) sorted() []*handler {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.SortedFunc(maps.Values(r.handlers), func(a, b *handler) int {
		if c := strings.Compare(a.key.name, b.key.name); c != 0 {
			return c
		}
		return a.key.version - b.key.version
	})
}

// find returns the handler of an event, nil if there is none, and ends the time
// of registration.
func (r *Registry) find(name string, version int) *handler {
	table := r.frozen.Load()
	if table == nil {
		r.mu.Lock()
		table = &r.handlers
		r.frozen.Store(table)
		r.mu.Unlock()
	}
	return (*table)[key{name, version}]
}

// caller returns the file:line that is skip frames above its own caller.
func caller(skip int) string {
	_, file, line, ok := runtime.Caller(skip)
	if !ok {
		return "an unknown place"
	}
	return fmt.Sprintf("%s:%d", file, line)
}
