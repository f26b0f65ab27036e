package cactus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cactuscorp/cactus/internal/memo"
)

// deps is what events need of their registry. It does not change once made.
type deps struct {
	fetcher  Fetcher         // nil: none
	validate func(any) error // nil: validator/v10, where a type has tags
}

// state is what an event remembers of its delivery. It sits behind a pointer,
// so that copies of the event share it.
type state struct {
	deps    *deps
	meta    *Meta      // the event's own, so that pulls see what middleware set
	ref     *ObjectRef // likewise; nil if the type has no related object
	payload *payload   // nil: nothing came along
	origin  *state     // whose memory of pulls this one shares; nil: its own
	lazy    atomic.Pointer[lazy]
}

// payload is what came along with a delivery. It views the request's body.
type payload struct {
	data, raw json.RawMessage
}

// lazy remembers what was pulled. It is made at the first pull, because most
// events are never pulled.
type lazy struct {
	event  memo.Memo[*Envelope]
	object memo.Memo[[]byte]
}

func (s *state) remember() *lazy {
	if s.origin != nil {
		s = s.origin
	}
	if l := s.lazy.Load(); l != nil {
		return l
	}
	l := new(lazy)
	l.event.Init()
	l.object.Init()
	if s.lazy.CompareAndSwap(nil, l) {
		return l
	}
	return s.lazy.Load()
}

// share makes s remember what other does.
func (s *state) share(other *state) {
	s.origin = other
	if other.origin != nil {
		s.origin = other.origin
	}
}

// bind ties an event to its state and fills in what the envelope says.
func (s *state) bind(event Event, env *Envelope, d *deps) {
	s.deps, s.meta = d, event.Metadata()
	*s.meta = env.Meta
	if s.meta.ReceivedAt.IsZero() {
		s.meta.ReceivedAt = time.Now()
	}
	*event.embedFullOrPushed() = s
	if r, ok := event.(relater); ok {
		s.ref = r.bindRelated(env.RelatedObject, s)
	}
}

// again makes another event for the same delivery: its own memory, the same Meta,
// and what was pulled shared. What only a pull has said is added, if there was
// one.
func (s *state) again(k *kind, pulled *Envelope) (Event, *state) {
	event, fresh := k.make()
	env := Envelope{Meta: *s.meta}
	if s.ref != nil {
		env.RelatedObject = *s.ref
	}
	if pulled != nil && env.Created.IsZero() {
		env.Created = pulled.Created
	}
	if pulled != nil && env.RelatedObject.IsZero() {
		env.RelatedObject = pulled.RelatedObject
	}
	fresh.bind(event, &env, s.deps)
	fresh.payload = s.payload
	fresh.share(s)
	return event, fresh
}

// envelope returns the event with its data: what came along, or what a pull
// brings.
func (s *state) envelope(ctx context.Context) (*Envelope, error) {
	if p := s.payload; p != nil && p.data != nil {
		env := &Envelope{Meta: *s.meta, Data: p.data, Raw: p.raw}
		if s.ref != nil {
			env.RelatedObject = *s.ref
		}
		return env, nil
	}
	return s.remember().event.Get(ctx, s.fetchEvent)
}

func (s *state) fetchEvent(ctx context.Context) (*Envelope, error) {
	meta := *s.meta
	if s.deps.fetcher == nil {
		return nil, fmt.Errorf("pull event %s: %w", meta.ID, ErrNoFetcher)
	}
	env, err := s.deps.fetcher.FetchEvent(ctx, &meta)
	if err != nil {
		return nil, fmt.Errorf("pull event %s: %w", meta.ID, err)
	}
	if err := checkPulled(&meta, env); err != nil {
		return nil, err
	}
	pulled := *env
	switch {
	case s.ref == nil || s.ref.IsZero():
	case pulled.RelatedObject.IsZero():
		pulled.RelatedObject = *s.ref
	case pulled.RelatedObject.ID != s.ref.ID || pulled.RelatedObject.Type != s.ref.Type:
		return nil, fmt.Errorf("pull event %s: it came back with another related object than it was pushed with", meta.ID)
	}
	pulled.Tenant, pulled.Key, pulled.DedupeID, pulled.ReceivedAt = meta.Tenant, meta.Key, meta.DedupeID, meta.ReceivedAt
	if pulled.Context == "" {
		pulled.Context = meta.Context
	}
	if pulled.Created.IsZero() {
		pulled.Created = meta.Created
	}
	if pulled.Raw == nil && s.payload != nil {
		pulled.Raw = s.payload.raw
	}
	return &pulled, nil
}

// checkPulled refuses an answer that is not the event asked for. An empty Type
// asks for any.
func checkPulled(asked *Meta, env *Envelope) error {
	switch {
	case env == nil:
		return fmt.Errorf("pull event %s: the fetcher returned nothing", asked.ID)
	case env.ID != asked.ID:
		return fmt.Errorf("pull event %s: an event with another id came back", asked.ID)
	case asked.Type != "" && env.Type != asked.Type:
		return fmt.Errorf("pull event %s: it was pushed as %q but came back as %q", asked.ID, asked.Type, env.Type)
	}
	return nil
}

// pullInto fills target, an event of the kind that kindOf returns, and binds it
// to fresh.
func (s *state) pullInto(ctx context.Context, target any, fresh *state, kindOf func() (*kind, error)) error {
	if s == nil {
		return ErrNoFetcher
	}
	k, err := kindOf()
	if err != nil {
		return err
	}
	env, err := s.envelope(ctx)
	if err != nil {
		return err
	}
	event := target.(Event) //nolint:errcheck,forcetypeassert // kindOf has checked it
	fresh.bind(event, env, s.deps)
	fresh.payload = &payload{data: env.Data, raw: env.Raw}
	fresh.share(s)
	if err := k.decode(event, env.Data, env.Raw, s.deps); err != nil {
		if s.payload != nil && s.payload.data != nil {
			return Permanent(err) // the same bytes will not fit better next time
		}
		s.forget(env)
		return err
	}
	return nil
}

// objectInto decodes the related object into the struct that target points to.
func (s *state) objectInto(ctx context.Context, target any, again bool) error {
	if s == nil {
		return ErrNoFetcher
	}
	if typed, ok := target.(ObjectTyper); ok && s.ref != nil && !s.ref.IsZero() && s.ref.Type != typed.ObjectType() {
		return Permanent(fmt.Errorf("fetch related object of event %s: it is a %q, not a %q",
			s.meta.ID, s.ref.Type, typed.ObjectType()))
	}
	decoded := false
	decode := func(body []byte) error {
		decoded = true
		return decodeChecked("related object", body, target, s.deps)
	}
	body, err := s.object(ctx, again, decode)
	if err != nil || decoded {
		return err
	}
	return decode(body) // it was remembered
}

// objectJSON returns the related object's bytes, which are remembered rather
// than a pointer because two Go types may ask for them.
func (s *state) objectJSON(ctx context.Context, again bool) ([]byte, error) {
	if s == nil {
		return nil, ErrNoFetcher
	}
	return s.object(ctx, again, func([]byte) error { return nil })
}

// object is objectJSON for an answer that must pass a check to be remembered:
// the API may do better next time.
func (s *state) object(ctx context.Context, again bool, check func([]byte) error) ([]byte, error) {
	if s.ref == nil || s.ref.IsZero() {
		return nil, fmt.Errorf("%w: %s %s", ErrNoObject, s.meta.Type, s.meta.ID)
	}
	load := func(ctx context.Context) ([]byte, error) {
		body, err := s.fetchObject(ctx, again)
		if err != nil {
			return nil, err
		}
		return body, check(body)
	}
	if again {
		return s.remember().object.Refresh(ctx, load)
	}
	return s.remember().object.Get(ctx, load)
}

// forget drops a pulled event that does not fit: the API may do better next
// time.
func (s *state) forget(env *Envelope) {
	s.remember().event.Forget(func(remembered *Envelope) bool { return remembered == env })
}

// fetchObject asks the fetcher for the related object as it is when the event
// arrived or, if now, at this time.
func (s *state) fetchObject(ctx context.Context, now bool) ([]byte, error) {
	meta, ref := *s.meta, *s.ref
	if now {
		meta.ReceivedAt = time.Now()
	}
	if s.deps.fetcher == nil {
		return nil, fmt.Errorf("fetch %s %s: %w", ref.Type, ref.ID, ErrNoFetcher)
	}
	body, err := s.deps.fetcher.FetchObject(ctx, &meta, ref)
	if err != nil {
		return nil, fmt.Errorf("fetch %s %s: %w", ref.Type, ref.ID, err)
	}
	if !json.Valid(body) {
		return nil, fmt.Errorf("fetch %s %s: the answer is not JSON", ref.Type, ref.ID)
	}
	return body, nil
}

// prefetch pulls the event, where that is wanted, and its related object at the
// same time. An event without an object is no error.
func (s *state) prefetch(ctx context.Context, event bool) error {
	var (
		group               sync.WaitGroup
		eventErr, objectErr error
	)
	if s.ref != nil && !s.ref.IsZero() {
		group.Go(func() {
			objectErr = recovered(func() error { _, err := s.objectJSON(ctx, false); return err })
		})
	}
	if event {
		eventErr = recovered(func() error { _, err := s.envelope(ctx); return err })
	}
	group.Wait()
	return errors.Join(eventErr, objectErr)
}

// recovered turns a panic of f into an error, on goroutines of our own where
// nobody above could, and in hooks. Not even http.ErrAbortHandler goes through:
// it would end the program there.
func recovered(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = panicError(v, debug.Stack())
		}
	}()
	return f()
}
