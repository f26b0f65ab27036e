package cactus

import (
	"context"
	"fmt"
	"time"
)

// BackfillOption changes a [Registry.Backfill].
type BackfillOption func(*backfill)

// WithCursor begins behind the event with this id, which is the Cursor of an
// earlier [Progress]. An empty one begins at the beginning.
func WithCursor(cursor string) BackfillOption {
	return func(b *backfill) { b.progress.Cursor = cursor }
}

// WithUntil ends the window: only events created before t are dispatched. The
// default, and the zero time, is the time of the call, so that the walk over a
// list that grows comes to an end.
func WithUntil(t time.Time) BackfillOption {
	return func(b *backfill) { b.progress.Until = t }
}

// WithTenant sets the Tenant of each event, which should be what [PerRequest]
// gives to those that are pushed: [FetcherByTenant] and Dedupe go by it. The default,
// and the empty one, is what the [Lister] says, which for a [Client] is none.
func WithTenant(tenant string) BackfillOption {
	return func(b *backfill) { b.tenant = tenant }
}

// WithParallel has up to n events handled at a time, in no order among them. The
// default is 1: one event after the other. It panics if n is less than 1.
func WithParallel(n int) BackfillOption {
	if n < 1 {
		panic(fmt.Sprintf("cactus: WithParallel(%d): at least one event at a time is needed", n))
	}
	return func(b *backfill) { b.parallel = n }
}

// WithProgress has f told of each event that is done, in the list's order. It is
// called on the goroutine that called Backfill, one call at a time, which waits for
// it. A panic of f ends the walk with a [PanicError]. It panics if f is nil.
func WithProgress(f func(Progress)) BackfillOption {
	if f == nil {
		panic("cactus: WithProgress: the function is nil")
	}
	return func(b *backfill) { b.tell = f }
}

// WithSkipFailed asks skip about each event that failed, after which the walk
// would end. If it returns nil the event counts as done, and the walk goes on; an
// error ends the walk in place of the event's own. It is the place to write the
// event down, since no resumed walk will come by it again. An event that failed
// while ctx ended is not skipped.
//
// It is called where [WithProgress]'s function is, and may panic likewise. It
// panics if skip is nil.
func WithSkipFailed(skip func(ctx context.Context, env *Envelope, err error) error) BackfillOption {
	if skip == nil {
		panic("cactus: WithSkipFailed: the function is nil")
	}
	return func(b *backfill) { b.skip = skip }
}
