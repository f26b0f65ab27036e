package cactus

import (
	"context"
	"sync"
	"time"
)

// Coalesce has events about the same object share the fetches of it. Its rule: a
// fetch that began after an event arrived may serve that event. So nobody sees
// an object older than the event, and a thousand queued events about ten objects
// cost ten requests, or twenty if they arrive while the first ten are under way.
// Put it around a [Client] or a [FetcherByTenant]:
//
//	registry.Fetcher = cactus.Coalesce(client)
//
// The same object is one with the same Tenant, Context and [ObjectRef]. Of each
// there is at most one fetch at a time. An event that arrived before that began
// joins it. One that arrived later waits for the next, which begins when the
// first ends and which all such events share: beginning it at once would save
// them a part of the wait, and have the API asked as often as events arrive. A
// finished fetch serves without a request, see [WithKept] and [WithMaxAge].
//
// Arrival is the Meta's ReceivedAt; zero means now. One that this process took
// from its clock is compared by its monotonic reading. One without, because it
// was stored and loaded or stamped elsewhere, is compared by the wall clock: a
// fetch must have begun more than [WithClockSkew] after it, unless it began on that
// event's own behalf. Events that are loaded sooner than that share less.
//
// A shared fetch has the values of the first context that asked for it but is
// not cancelled with it. Each caller gives up with its own context; when the last
// has gone the fetch is cancelled and counts as over. A failure is shared by
// those who waited for it and never kept; so is a panic, as a [PanicError]. The
// Fetcher sees the first caller's Meta, with the time at which the fetch began as
// ReceivedAt: it may build on Tenant and Context, not on what else differs
// between events. A credential that is a value of the context would be one caller's
// and serve all; choose it by the Tenant, see [FetcherByTenant].
//
// The bytes are shared by all who are served: do not change them. What an API
// answers out of a cache of its own may be older than the request; nothing here
// can tell. An answer that is not JSON is not kept; one that only does not fit
// its Go type is, and [Related.RefetchRelatedObject] asks anew.
//
// Events are not shared: FetchEvent is passed on, because each is pulled once a
// delivery. Coalesce panics if f is nil.
func Coalesce(f Fetcher, opts ...CoalesceOption) *Coalescer {
	if f == nil {
		panic("cactus: Coalesce needs a fetcher")
	}
	c := &Coalescer{
		fetcher: f,
		skew:    2 * time.Second,
		limit:   15 * time.Second,
		kept:    keptObjects{maxObjects: 4096, maxBytes: 16 << 20, maxAge: time.Minute},
		flying:  make(map[objectKey]*flights),
	}
	for _, opt := range opts {
		opt(c)
	}
	return c
}

// Coalescer is a [Fetcher] whose callers share fetches. It is made with
// [Coalesce] and safe for concurrent use.
type Coalescer struct {
	fetcher     Fetcher
	skew, limit time.Duration

	mu     sync.Mutex
	flying map[objectKey]*flights
	kept   keptObjects
	stats  CoalesceStats
}

// CoalesceStats counts what a [Coalescer] did, and what it holds now. Calls of
// FetchObject are Requests + Joined + Kept, but for those whose context had
// ended and for requests whose callers went before they began.
type CoalesceStats struct {
	Requests uint64 // fetches that began
	Joined   uint64 // calls that waited for a fetch that was another's
	Kept     uint64 // calls that were answered by a finished fetch

	InFlight int   // fetches now
	Objects  int   // kept now
	Bytes    int64 // of the objects kept now, and of their names
}

// Stats returns the counts so far.
func (c *Coalescer) Stats() CoalesceStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	s.InFlight, s.Objects, s.Bytes = len(c.flying), len(c.kept.byKey), c.kept.bytes
	return s
}

// FetchEvent implements [Fetcher]. It is passed on.
func (c *Coalescer) FetchEvent(ctx context.Context, m *Meta) (*Envelope, error) {
	return c.fetcher.FetchEvent(ctx, m)
}

// FetchObject implements [Fetcher]. The bytes are shared: do not change them.
func (c *Coalescer) FetchObject(ctx context.Context, m *Meta, ref ObjectRef) ([]byte, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	body, f := c.join(ctx, m, objectKey{m.Tenant, m.Context, ref})
	if f == nil {
		return body, nil
	}
	select {
	case <-f.done:
		return f.body, f.err
	case <-ctx.Done():
		c.leave(f)
		return nil, context.Cause(ctx)
	}
}

// objectKey is what makes two objects the same.
type objectKey struct {
	tenant, context string
	ref             ObjectRef
}

// join returns the kept object that serves the event m, or else the flight to
// wait for.
func (c *Coalescer) join(ctx context.Context, m *Meta, key objectKey) ([]byte, *flight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, arrived := time.Now(), m.ReceivedAt
	if arrived.IsZero() {
		arrived = now
	}
	if k := c.kept.find(key, now); k != nil && c.serves(k.began, arrived) {
		c.kept.touch(k)
		c.stats.Kept++
		return k.body, nil
	}
	all := c.flying[key]
	if all == nil {
		f := newFlight(ctx, m, key)
		c.flying[key] = &flights{current: f}
		c.begin(f) //nolint:contextcheck // f has it
		return nil, f
	}
	if !c.serves(all.current.began, arrived) {
		if all.next == nil {
			all.next = newFlight(ctx, m, key)
			return nil, all.next
		}
		all.next.waiters++
		c.stats.Joined++
		return nil, all.next
	}
	all.current.waiters++
	c.stats.Joined++
	return nil, all.current
}

// serves reports whether a fetch that began at that time may serve an event that
// arrived at the other. Equal readings of a coarse clock do not say which was
// first.
func (c *Coalescer) serves(began, arrived time.Time) bool {
	if arrived == arrived.Round(0) { //nolint:staticcheck // Equal would not tell a time without a monotonic reading
		arrived = arrived.Add(c.skew)
	}
	return began.After(arrived)
}
