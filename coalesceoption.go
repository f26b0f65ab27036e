package cactus

import "time"

// CoalesceOption changes a [Coalesce].
type CoalesceOption func(*Coalescer)

// WithKept bounds what a [Coalescer] keeps of finished fetches: so many objects
// and, together with their names, so many bytes. The least recently used go
// first; an object larger than all of it is not kept. The default is 4,096
// objects in 16 MiB. Zero of either keeps nothing: then only fetches in flight
// are shared. It panics if one is negative.
func WithKept(objects int, bytes int64) CoalesceOption {
	if objects < 0 || bytes < 0 {
		panic("cactus: WithKept: neither bound may be negative")
	}
	return func(c *Coalescer) { c.kept.maxObjects, c.kept.maxBytes = objects, bytes }
}

// WithMaxAge sets for how long, since its fetch began, a finished fetch may serve
// events. The default is a minute. It panics if d is not positive.
func WithMaxAge(d time.Duration) CoalesceOption {
	if d <= 0 {
		panic("cactus: WithMaxAge: the age must be positive")
	}
	return func(c *Coalescer) { c.kept.maxAge = d }
}

// WithClockSkew sets how far the clocks of those who stamp and store events may
// be apart from this process's, see [Coalesce]. The default is 2 seconds. Inside a
// testing/synctest bubble, where no time has a monotonic reading, it applies to
// all events; tests of sharing set it to zero. It panics if d is negative.
func WithClockSkew(d time.Duration) CoalesceOption {
	if d < 0 {
		panic("cactus: WithClockSkew: the skew must not be negative")
	}
	return func(c *Coalescer) { c.skew = d }
}

// WithFetchTimeout sets how long one shared fetch may take; then those who wait
// for it fail with context.DeadlineExceeded, even if the Fetcher ignores that its
// context has ended. The default is 15 seconds, more than a [Client] takes unless
// [WithRetries] says otherwise. It panics if d is not positive.
func WithFetchTimeout(d time.Duration) CoalesceOption {
	if d <= 0 {
		panic("cactus: WithFetchTimeout: the time must be positive")
	}
	return func(c *Coalescer) { c.limit = d }
}
