package inbox

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/cactuscorp/cactus"
)

// Inbox stores verified requests and works on them in the background. It must be
// made with [New]. Register everything before the first request; then it is safe
// for concurrent use.
type Inbox struct {
	store  Store
	config Config
	tokens *tokens

	mu      sync.RWMutex
	sources map[string]registration
	work    *work // of Run; nil before

	unregistered atomic.Uint64
	unhandled    atomic.Uint64
	arrivals     *arrivals     // nil: the store keeps them
	wake         chan struct{} // something was added
	gate         gate
	drain        chan struct{} // closed by Shutdown: claim until nothing is ready
	shutdown     sync.Once     // closes drain
}

// registration is what a source's name stands for.
type registration struct {
	registry *cactus.Registry
	source   cactus.Source
}

// fullWait is the Retry-After of a full store.
const fullWait = 10 * time.Second

// New makes an Inbox over a store, which may be shared with others. It panics if
// store is nil, or if a number in config is negative.
func New(store Store, config Config) *Inbox {
	if store == nil {
		panic("inbox: New needs a store")
	}
	config.complete()
	return &Inbox{
		store: store, config: config, tokens: newTokens(), sources: make(map[string]registration), arrivals: newArrivals(store),
		wake: make(chan struct{}, 1), gate: gate{quiet: make(chan struct{}, 1)}, drain: make(chan struct{}),
	}
}

// Register says who works on the requests of a source. The name goes into the
// store with each: it must mean the same in all processes and after each deploy.
//
// An item whose name is not registered stays in the store, for a replica that
// knows it or the next deploy: it is given back for a minute at a time, which
// [Inbox.Unregistered] counts, and becomes a dead letter after Config.MaxAge.
//
// It panics if the registry or the source is nil, if the name is empty, not UTF-8
// or longer than 200 bytes, or if it is taken.
func (in *Inbox) Register(name string, r *cactus.Registry, src cactus.Source) {
	switch {
	case r == nil || src == nil:
		panic(fmt.Sprintf("inbox: Register(%q) needs a registry and a source", name))
	case name == "" || len(name) > 200 || !utf8.ValidString(name) || strings.Contains(name, "\x00"):
		panic(fmt.Sprintf("inbox: Register(%q): the name must be 1 to 200 bytes of UTF-8 without NUL", name))
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if _, taken := in.sources[name]; taken {
		panic(fmt.Sprintf("inbox: Register(%q): the name is taken", name))
	}
	in.sources[name] = registration{r, src}
}

func (in *Inbox) source(name string) (registration, bool) {
	in.mu.RLock()
	defer in.mu.RUnlock()
	r, ok := in.sources[name]
	return r, ok
}

// Handler receives the requests of a registered source over HTTP, stores what is
// verified and answers with 202. It is a [cactus.NewReceiver], which takes the
// options. A store that is full or fails is answered with 503, and so is what
// comes after Shutdown: the sender comes back.
//
// It panics if the name is not registered, and for [cactus.WithStrict], whose place
// is taken by Config.Strict.
func (in *Inbox) Handler(name string, opts ...cactus.HandlerOption) http.Handler {
	r, ok := in.source(name)
	if !ok {
		panic(fmt.Sprintf("inbox: Handler(%q): no such source is registered", name))
	}
	return cactus.NewReceiver(r.source, func(ctx context.Context, req *cactus.Request) error {
		return in.add(ctx, name, req)
	}, opts...)
}

// Enqueue stores a request that was received and verified otherwise, for the
// source of this name. When it returns nil the request is as safe as the store
// is. The request itself may be used again; its header, URL and body are kept
// and must not be changed. Its Tenant and Key are for the caller to set.
//
// An error's [cactus.Outcome] is retry if the store is full, fails or is shut
// down. It panics if req is nil.
func (in *Inbox) Enqueue(ctx context.Context, name string, req *cactus.Request) error {
	if req == nil {
		panic("inbox: Enqueue needs a request")
	}
	r, ok := in.source(name)
	if !ok {
		return fmt.Errorf("inbox: enqueue for source %q: no such source is registered", name)
	}
	if c, ok := r.source.(cactus.Concealer); ok {
		stripped := *req
		c.Conceal(&stripped)
		req = &stripped
	}
	return in.add(ctx, name, req)
}

func (in *Inbox) add(ctx context.Context, name string, req *cactus.Request) error {
	if !in.gate.enter() {
		return cactus.RetryAfter(0, ErrShutdown)
	}
	defer in.gate.leave()
	item := newItem(in.tokens.id(time.Now()), name, req, in.config.DropHeader)
	in.arrivals.note(item)
	if err := in.store.Add(ctx, item); err != nil {
		return cactus.RetryAfter(fullWait, fmt.Errorf("store request: %w", err))
	}
	select {
	case in.wake <- struct{}{}:
	default: // somebody has woken it already
	}
	return nil
}

// Stats counts what is in the store, in one call of its Stats: enough for gauges
// of the depth, of the age of the oldest and of the dead letters.
func (in *Inbox) Stats(ctx context.Context) (Stats, error) { return in.store.Stats(ctx) }

// Unregistered returns how often this Inbox has given back an item because its
// source's name is not registered.
func (in *Inbox) Unregistered() uint64 { return in.unregistered.Load() }

// Unhandled returns how many items of this Inbox had an event that nothing took.
// With Config.Strict they became dead letters.
func (in *Inbox) Unhandled() uint64 { return in.unhandled.Load() }
