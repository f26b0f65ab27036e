package cactus

import (
	"context"
	"errors"
	"fmt"
)

// routes is what dispatch reads. It never changes.
type routes struct {
	deps       deps
	exact      map[string]*route
	prefixes   map[string]*route
	other      *route
	deadLetter func(context.Context, *Envelope, error) error
}

// Dispatch runs the handler of the event's type, or the fallback. It is the one
// door to handlers: whatever calls it has verified that the event is genuine.
//
// It returns what the handler returned, but counts as a failure what the handler
// took over from elsewhere: an ErrMalformed, an ErrNoTenant and a refused
// signature. A panic is returned as a [PanicError], except http.ErrAbortHandler,
// which is passed on. Without handler and fallback it returns an [ErrNoHandler]
// that names the type.
//
// The event keeps views of env's Data and Raw. A ReceivedAt that is zero is now.
func (r *Registry) Dispatch(ctx context.Context, env *Envelope) error {
	_, err := r.dispatch(ctx, env)
	return err
}

// dispatch also reports whether anybody may still hold env's Data or Raw.
func (r *Registry) dispatch(ctx context.Context, env *Envelope) (kept bool, err error) {
	if err := env.check(); err != nil {
		return false, err
	}
	table := r.routes.Load()
	if table == nil {
		table = r.freeze()
	}
	found := table.find(env.Type)
	if found == nil {
		r.unhandled.Add(1)
		return false, &noHandlerError{registry: r, eventType: env.Type}
	}
	event, s := found.kind.make()
	s.bind(event, env, &table.deps)
	if env.Data != nil || found.kind.readsRaw() {
		s.payload = &payload{data: env.Data, raw: env.Raw}
	}
	arrived := s.meta.ReceivedAt
	err = run(ctx, found.chain, event)
	if err != nil && table.deadLetter != nil && OutcomeOf(err) == OutcomePermanent {
		letter := *env
		letter.ReceivedAt = arrived
		return true, table.keep(ctx, &letter, err)
	}
	return s.payload != nil, err
}

// dispatchAll has dispatch take the events of a delivery in order, whatever becomes
// of the others. The error of a single event is returned as it is.
func dispatchAll(envs []Envelope, dispatch func(env *Envelope) error) error {
	if len(envs) == 1 {
		return dispatch(&envs[0])
	}
	var batch batchError
	for i := range envs {
		if err := dispatch(&envs[i]); err != nil {
			batch.add(err)
		}
	}
	if batch.errs == nil {
		return nil
	}
	return &batch
}

// run is the chain with a net below it. The net also catches errors that panic
// when they are looked at, such as a nil pointer in an error.
func run(ctx context.Context, chain HandlerFunc, event Event) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = NewPanicError(v)
		}
	}()
	if err = chain(ctx, event); err != nil {
		look(err)
	}
	return err
}

// errDeadLetter marks an event that not even the dead letters took.
var errDeadLetter = errors.New("dead letter")

// keep gives an event to the dead letters.
func (t *routes) keep(ctx context.Context, letter *Envelope, cause error) error {
	err := recovered(func() error { return t.deadLetter(ctx, letter, cause) })
	if err == nil {
		return nil
	}
	return &Error{Outcome: OutcomeFailed, Err: errors.Join(cause, fmt.Errorf("%w: %w", errDeadLetter, err))}
}

// DispatchUnverified parses a body in Cactus Corp's wire format and dispatches
// it. Nothing proves where the body came from: it is for tests and for bodies
// that were verified before.
func (r *Registry) DispatchUnverified(ctx context.Context, body []byte) error {
	env, err := ParseEnvelope(body)
	if err != nil {
		return err
	}
	return r.Dispatch(ctx, env)
}

// readsRaw reports whether events of this kind read the envelope's Raw.
func (k *kind) readsRaw() bool { return len(k.extras) > 0 || k.name == "" }

func (r *Registry) freeze() *routes {
	r.mu.Lock()
	defer r.mu.Unlock()
	if table := r.routes.Load(); table != nil {
		return table
	}
	table := &routes{
		deps:       deps{fetcher: r.Fetcher, validate: r.Validate},
		exact:      r.exact,
		prefixes:   r.prefixes,
		other:      r.other,
		deadLetter: r.DeadLetter,
	}
	r.routes.Store(table)
	return table
}

// find returns the most specific route, or nil.
func (t *routes) find(eventType string) *route {
	if found := mostSpecific(t.exact, t.prefixes, eventType); found != nil {
		return found
	}
	return t.other
}

// mostSpecific returns the route of a full name, or that of the longest prefix
// up to a dot.
func mostSpecific(exact, prefixes map[string]*route, eventType string) *route {
	found := exact[eventType]
	for i := len(eventType); found == nil && i > 0 && len(prefixes) > 0; i-- {
		if eventType[i-1] == '.' {
			found = prefixes[eventType[:i]]
		}
	}
	if found == nil {
		found = prefixes[""]
	}
	return found
}

// noHandlerError is an ErrNoHandler. It looks for a near miss only when it is
// printed.
type noHandlerError struct {
	registry  *Registry
	eventType string
}

func (e *noHandlerError) Error() string {
	text := fmt.Sprintf("%v for event type %q", ErrNoHandler, e.eventType)
	if near, ok := nearest(e.eventType, e.registry.EventTypes()); ok {
		text += fmt.Sprintf(" (there is one for %q)", near)
	}
	return text
}

func (e *noHandlerError) Is(target error) bool { return target == ErrNoHandler }
