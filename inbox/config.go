package inbox

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/internal/backoff"
)

// Config changes an [Inbox]. Each zero field is its default.
type Config struct {
	// Workers is how many items are worked on at once. Default 16.
	Workers int
	// Batch is how many items are claimed at once at most, and how many may wait
	// here, claimed, for a worker. They wait only as long as handlers are quick:
	// about 50 ms. Default 64.
	Batch int
	// Poll is how often the store is asked for work when there was none: what
	// others have added, and retries, begin so much later. What this Inbox adds
	// begins at once. Default 1 second.
	Poll time.Duration
	// Lease is how long a claim holds unless it is renewed, which happens each
	// third of it. It is how long an item waits whose process has died. Default 1
	// minute.
	Lease time.Duration
	// Timeout is how long the handlers of one item may take; the sender is not
	// waiting any more. Default 1 minute; negative means for ever.
	Timeout time.Duration
	// Retry is when what failed is tried again.
	Retry Schedule
	// MaxAge bounds what does not count as an attempt: after so long an item that
	// is busy, or whose source is not registered, is a dead letter. Let it be
	// longer than all of Retry. Default 72 hours.
	MaxAge time.Duration
	// MaxLost is how often in a row a process may die over an item, or fall
	// silent, before it is a dead letter: it may be what kills them. Default 20.
	MaxLost int
	// Strict makes an item a dead letter if nothing takes one of its events, so that
	// it can be replayed when the handler is there. Deploy handlers before the sender
	// knows of their types: an old replica buries what only a new one can handle.
	// Default: the item is done, and the Logger and [Inbox.Unhandled] tell of it.
	Strict bool
	// DropHeader reports whether a header, by its canonical name, is not to be
	// stored. A source that needs one to choose the tenant or to parse must have
	// it; one that chooses the tenant can go by req.Tenant instead, which is empty
	// before and what it chose ever after. Default Authorization,
	// Proxy-Authorization and Cookie. The secret header of a source that is a
	// [cactus.Concealer] is never stored. Any other that has a secret, such as that
	// of a Source of your own, belongs here.
	DropHeader func(name string) bool
	// Context makes the context that an item is dispatched under, out of one with
	// its deadline. It is where trace context in req's headers is taken up. It may
	// keep neither req nor change what is in it. Default ctx itself.
	Context func(ctx context.Context, req *cactus.Request) context.Context
	// Logger is told of retries and of events that nothing takes (warn), dead
	// letters, handlers that do not return and a store that fails (error): the
	// item's id and source, the attempt and up to 1 KiB of the error, never bodies
	// or headers. Of what is put off without an attempt, and of what nothing takes,
	// it is told once a second at most each. Default none.
	Logger *slog.Logger
}

// Schedule is the waits between attempts: Base after the first, and twice as long
// each time up to Max. Each is shortened by up to a half at random, so that what
// failed together does not return together.
type Schedule struct {
	Base     time.Duration // default 1 second
	Max      time.Duration // default 1 hour
	Attempts int           // how many in all; default 45, which takes about a day
}

// Wait returns the wait after the given number of failures, 1 for the first.
func (s Schedule) Wait(failures int) time.Duration {
	return backoff.Exponential{Base: s.Base, Max: s.Max}.Wait(failures)
}

const (
	defaultBusy = time.Second            // the wait of a busy error that asks for none
	minBusy     = 100 * time.Millisecond // of one that asks for less: it counts no attempts
)

// complete fills in the defaults. It panics at what cannot be meant.
func (c *Config) complete() {
	fill(&c.Workers, 16, "Workers")
	fill(&c.Batch, 64, "Batch")
	fill(&c.Poll, time.Second, "Poll")
	fill(&c.Lease, time.Minute, "Lease")
	if c.Timeout == 0 {
		c.Timeout = time.Minute
	}
	fill(&c.Retry.Base, time.Second, "Retry.Base")
	fill(&c.Retry.Max, max(time.Hour, c.Retry.Base), "Retry.Max")
	fill(&c.Retry.Attempts, 45, "Retry.Attempts")
	fill(&c.MaxAge, 72*time.Hour, "MaxAge")
	fill(&c.MaxLost, 20, "MaxLost")
	if c.Lease < 3*time.Millisecond {
		panic(fmt.Sprintf("inbox: New: Config.Lease is %v: at least 3 milliseconds are needed", c.Lease))
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
}

func fill[T int | time.Duration](field *T, value T, name string) {
	if *field < 0 {
		panic(fmt.Sprintf("inbox: New: Config.%s is %v: it must not be negative", name, *field))
	}
	if *field == 0 {
		*field = value
	}
}
