package cactus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cactuscorp/cactus/internal/envelope"
)

// callerOfOn is how many frames lie between caller and the user's line, which
// calls On, Handle or OnOther, which call one of the two below.
const callerOfOn = 3

// register adds a handler for its kind's type, or for those of its options.
func (r *Registry) register(k *kind, kindErr error, h func(context.Context, Event) error, opts []Option) {
	where := caller(callerOfOn)
	if r == nil {
		panic(fmt.Sprintf("cactus: handler at %s: the registry is nil", where))
	}
	if kindErr != nil {
		panic(fmt.Sprintf("cactus: handler at %s: %v", where, kindErr))
	}
	if err := r.add(where, k, h, opts); err != nil {
		panic(fmt.Sprintf("cactus: handler at %s: %v", where, err))
	}
}

func (r *Registry) registerOther(h func(context.Context, Event) error, opts []Option) {
	where := caller(callerOfOn)
	if r == nil {
		panic(fmt.Sprintf("cactus: fallback at %s: the registry is nil", where))
	}
	added, o, err := r.route(where, mustKind[RawEvent](), h, opts)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		err = r.open(o)
	}
	switch {
	case err != nil:
		panic(fmt.Sprintf("cactus: fallback at %s: %v", where, err))
	case len(o.types) > 0:
		panic(fmt.Sprintf("cactus: fallback at %s: WithTypes has no meaning for a fallback", where))
	case r.other != nil:
		panic(fmt.Sprintf("cactus: fallback at %s: there is one already, registered at %s", where, r.other.where))
	}
	r.other = added
}

// open says whether what was made with o can still be registered. Its caller holds
// the lock.
func (r *Registry) open(o *options) error {
	switch {
	case r.routes.Load() != nil:
		return errors.New("it comes after the first dispatch: register everything at the start")
	case len(r.middleware) != o.inherited:
		return errors.New("Use was called meanwhile, whose middleware it would go without")
	}
	return nil
}

func (r *Registry) add(where string, k *kind, h func(context.Context, Event) error, opts []Option) error {
	added, o, err := r.route(where, k, h, opts)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.open(o); err != nil {
		return err
	}
	patterns := o.types
	if len(patterns) == 0 {
		patterns = []string{k.name}
	}
	if k.name == "" { // Handle: its own name comes first, WithTypes replaces it
		patterns = patterns[min(1, len(patterns)-1):]
	}
	for i, pattern := range patterns {
		if slices.Contains(patterns[:i], pattern) {
			return fmt.Errorf("it names event type %q twice", pattern)
		}
		if err := r.checkPattern(pattern, k); err != nil {
			return err
		}
	}
	for _, pattern := range patterns {
		table, key := r.tableOf(pattern)
		table[key] = added
	}
	return nil
}

// route makes a route, its middleware applied: without the lock, because a
// middleware may look at the registry.
func (r *Registry) route(where string, k *kind, h func(context.Context, Event) error, opts []Option) (*route, *options, error) {
	if h == nil {
		return nil, nil, errors.New("the handler is nil")
	}
	var o options
	for _, opt := range opts {
		if opt == nil {
			return nil, nil, errors.New("it was given a nil option")
		}
		opt(&o)
	}
	chain := HandlerFunc(func(ctx context.Context, event Event) error {
		loaded, err := k.load(ctx, event, o.prefetch)
		if err == nil {
			err = h(ctx, loaded)
		}
		return ownError(err)
	})
	r.mu.Lock()
	o.inherited = len(r.middleware)
	middleware := slices.Concat(r.middleware, o.middleware)
	r.mu.Unlock()
	for _, mw := range slices.Backward(middleware) {
		if mw == nil {
			return nil, nil, errors.New("it was given a nil middleware")
		}
		if chain = mw(chain); chain == nil {
			return nil, nil, errors.New("a middleware returned a nil handler")
		}
	}
	if len(middleware) > 0 && len(k.extras) > 0 {
		chain = k.show(chain)
	}
	return &route{where: where, kind: k, chain: chain}, &o, nil
}

// checkPattern refuses a name or pattern that is unsound, taken, or outside the
// catalogue.
func (r *Registry) checkPattern(pattern string, k *kind) error {
	prefix, isPattern := strings.CutSuffix(pattern, "*")
	name := strings.TrimSuffix(prefix, ".")
	switch {
	case isPattern && prefix != "" && !strings.HasSuffix(prefix, "."):
		return fmt.Errorf("event type pattern %q: a star stands alone or after a dot, at the end", pattern)
	case pattern != "*":
		if err := envelope.CheckType(name); err != nil {
			return fmt.Errorf("event type %q: %w", pattern, err)
		}
	}
	if table, key := r.tableOf(pattern); table[key] != nil {
		return fmt.Errorf("event type %q is already handled, registered at %s", pattern, table[key].where)
	}
	if k.name == "" || r.Catalogue.covers(prefix, isPattern) {
		return nil
	}
	if near, ok := r.Catalogue.Suggest(pattern); ok {
		return fmt.Errorf("event type %q is not in the catalogue: did you mean %q?", pattern, near)
	}
	return fmt.Errorf("event type %q is not in the catalogue", pattern)
}

// tableOf returns the table that a name or pattern belongs to, and its key
// there.
func (r *Registry) tableOf(pattern string) (map[string]*route, string) {
	if r.exact == nil {
		r.exact, r.prefixes = map[string]*route{}, map[string]*route{}
	}
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return r.prefixes, prefix
	}
	return r.exact, pattern
}
