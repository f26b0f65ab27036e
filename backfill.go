package cactus

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// Lister lists the events that an API has, the oldest first. [Client] is one.
type Lister interface {
	// Events walks the events that q selects. An error ends the walk.
	Events(ctx context.Context, q EventQuery) iter.Seq2[*Envelope, error]
}

// Progress says how far a [Registry.Backfill] has come. It speaks of the events
// up to Cursor in the list's order and of nothing behind, unless an event was left
// out because it was created after the window: then the Cursor stays before that.
// Seen is the sum of the counts below it.
type Progress struct {
	Seen      int
	Handled   int // with a nil error, also those that the DeadLetter hook took
	Ignored   int // by the handler, or as duplicates by a Dedupe
	Unhandled int // nothing takes their type
	Failed    int // and left behind by [WithSkipFailed]

	// Cursor is the id of the last event before which, itself included, all are
	// done. Pass it to [WithCursor] to go on. Empty: none is done.
	Cursor string
	// At is when that event was created, if its list says so.
	At time.Time
	// Since and Until are the window.
	Since, Until time.Time
}

// clockSlack is how far the API's clock may be from ours, and its list from the
// order of creation.
const clockSlack = time.Minute

// Backfill lists the events that the API has since a time and dispatches them,
// for a window in which they were not received. A zero since begins with the
// oldest. The events go through the registry's middleware as all others do: with
// a Dedupe around the handlers, those that were received count as Ignored, so let
// the window begin a little early. Delivery is at least once here too.
//
// Every outcome worse than OutcomeUnhandled is a failure: the walk ends with an
// error that names the event, unless [WithSkipFailed] has it go on. OutcomeBusy is
// one too: the event is being handled elsewhere, as the latest may be while they
// are also pushed. An event is tried again by a Retry middleware only.
//
// When the walk ends early, because of an event, of the list or of ctx, Backfill
// returns the error and the Progress so far. A walk of the same window that begins
// at its Cursor misses nothing; events that were handled out of order behind it
// come once more. Should the API no longer have the Cursor's event, begin a little
// before its At instead. Events under way are waited for; their handlers see the
// end of ctx in their own.
//
// An event created after the window is left out, and the Cursor does not pass it;
// the first one created more than a minute after ends the walk. One without a
// creation time counts as inside.
//
// ReceivedAt is the time at which the walk began; for an event that is not at
// least a minute older than that, it is when the list brought it. So [Coalesce]
// serves many events of a walk with one fetch, and none with an older object if
// the API's clock is less than a minute behind.
//
// Tenant, unless [WithTenant] sets it, and DedupeID are left as the Lister has
// them. An empty DedupeID is right for Cactus Corp's events. A Lister for a provider
// whose Source sets one must set the same, or nothing is a duplicate.
//
// No panic of a handler, of from or of an option's function goes through.
// Backfill panics if from is nil.
func (r *Registry) Backfill(ctx context.Context, from Lister, since time.Time, opts ...BackfillOption) (Progress, error) {
	if from == nil {
		panic("cactus: Backfill needs a lister")
	}
	b := &backfill{registry: r, began: time.Now(), parallel: 1}
	for _, opt := range opts {
		opt(b)
	}
	p := &b.progress
	if p.Since = since; p.Until.IsZero() {
		p.Until = b.began
	}
	if !since.IsZero() && !since.Before(p.Until) {
		return *p, errors.New("backfill: since must be before until, which is now by default")
	}
	b.done = make(chan *backfilled, b.parallel)
	list := recovered(func() error { return b.walk(ctx, from) })
	for b.running > 0 {
		b.await(ctx)
	}
	if b.err != nil {
		return *p, fmt.Errorf("backfill: %w", b.err)
	}
	if list != nil {
		return *p, fmt.Errorf("backfill: %w", list)
	}
	return *p, nil
}

// backfill is one walk. All but the handlers runs on the caller's goroutine.
type backfill struct {
	registry *Registry
	began    time.Time
	tenant   string
	parallel int
	tell     func(Progress)                                // nil: nobody
	skip     func(context.Context, *Envelope, error) error // nil: no event

	progress Progress
	passed   bool             // an event was left out: the cursor stays before it
	order    []*backfilled    // dispatched and not settled, as listed
	done     chan *backfilled // handled
	running  int
	err      error // why the walk ends early
}

// backfilled is an event of the list.
type backfilled struct {
	env  Envelope
	over bool  // handled
	err  error // of the handler
	past bool  // behind one that was left out
}

// maxAhead bounds, for each event at a time, how many may be done behind one that
// is not.
const maxAhead = 64

func (b *backfill) walk(ctx context.Context, from Lister) error {
	query := EventQuery{Since: b.progress.Since, After: b.progress.Cursor}
	for env, err := range from.Events(ctx, query) {
		if err != nil {
			return err
		}
		if env == nil {
			return errors.New("list of events: it has a nil event")
		}
		if !env.Created.IsZero() && !env.Created.Before(b.progress.Until) {
			if env.Created.Sub(b.progress.Until) > clockSlack {
				return nil
			}
			b.passed = true
			continue
		}
		b.collect(ctx)
		if b.err != nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		b.start(ctx, env)
		if b.err != nil {
			return nil
		}
	}
	return nil
}

// start has an event handled.
func (b *backfill) start(ctx context.Context, env *Envelope) {
	item := &backfilled{env: *env, past: b.passed}
	m := &item.env.Meta
	if b.tenant != "" {
		m.Tenant = b.tenant
	}
	m.ReceivedAt = b.began
	if m.Created.IsZero() || b.began.Sub(m.Created) < clockSlack {
		m.ReceivedAt = time.Now()
	}
	b.order = append(b.order, item)
	b.running++
	handle := func() {
		defer func() { b.done <- item }()
		item.err = errHandlerGone // after a runtime.Goexit
		env := item.env           // the rest is for skip
		item.err = recovered(func() error { return b.registry.Dispatch(ctx, &env) })
	}
	if b.parallel > 1 {
		go handle()
		return
	}
	handle()
	b.await(ctx)
}

var errHandlerGone = errors.New("the handler ended its goroutine")

// collect settles what is handled already, and waits until there is room for
// another event.
func (b *backfill) collect(ctx context.Context) {
	for b.err == nil && (len(b.done) > 0 || b.running == b.parallel || len(b.order) == b.parallel*maxAhead) {
		b.await(ctx)
	}
}

// await waits until an event is handled and settles those that are next.
func (b *backfill) await(ctx context.Context) {
	item := <-b.done
	item.over = true
	b.running--
	for b.err == nil && len(b.order) > 0 && b.order[0].over {
		if b.err = b.settle(ctx, b.order[0]); b.err == nil {
			b.order[0], b.order = nil, b.order[1:]
		}
	}
}

// settle counts the next event as done, or says why it is not.
func (b *backfill) settle(ctx context.Context, item *backfilled) error {
	p := &b.progress
	var count *int
	switch outcome := OutcomeOf(item.err); outcome { //nolint:exhaustive // the rest are failures
	case OutcomeHandled:
		count = &p.Handled
	case OutcomeIgnored:
		count = &p.Ignored
	case OutcomeUnhandled:
		count = &p.Unhandled
	default:
		if err := b.failed(ctx, item); err != nil {
			return fmt.Errorf("event %s: %w", item.env.ID, err)
		}
		count = &p.Failed
	}
	p.Seen++
	*count++
	if !item.past {
		p.Cursor, p.At = item.env.ID, item.env.Created
	}
	if b.tell == nil {
		return nil
	}
	return recovered(func() error { b.tell(*p); return nil })
}

// failed returns nil if the event may be left behind.
func (b *backfill) failed(ctx context.Context, item *backfilled) error {
	if b.skip == nil || ctx.Err() != nil {
		return item.err
	}
	return recovered(func() error { return b.skip(ctx, &item.env, item.err) })
}
