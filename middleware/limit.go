package middleware

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cactuscorp/cactus"
)

// ErrLimited is what [Limit] wraps when it has no place for an event.
var ErrLimited = errors.New("middleware: too many events at once")

// LimitOption changes a [Limit].
type LimitOption func(*limit)

// WithWait lets an event wait for a place for at most d, or until its context
// ends if that is sooner. The default is zero: it is refused at once. Those that
// wait are served in the order in which they came. It panics if d is negative.
func WithWait(d time.Duration) LimitOption {
	if d < 0 {
		panic(fmt.Sprintf("middleware: WithWait(%v): it must not be negative", d))
	}
	return func(l *limit) { l.wait = d }
}

// WithRetryAfter sets when the sender of a refused event may try again. The
// default is zero, which leaves it to that of [cactus.Error]: one second. It
// panics if d is negative.
func WithRetryAfter(d time.Duration) LimitOption {
	if d < 0 {
		panic(fmt.Sprintf("middleware: WithRetryAfter(%v): it must not be negative", d))
	}
	return func(l *limit) { l.full.After = d }
}

// Limit lets at most n events through at once, counted over all the handlers
// that the one middleware is around. An event that finds no place is not
// handled: the error wraps [ErrLimited], its outcome is [cactus.OutcomeRetry],
// and the sender is answered with 503 and Retry-After. It panics if n is less
// than 1.
//
// A place is free again when the handler has returned or panicked. A handler
// that ignores the end of its context keeps its place for as long as it runs.
func Limit(n int, opts ...LimitOption) cactus.Middleware {
	if n < 1 {
		panic(fmt.Sprintf("middleware: Limit of %d: at least one place is needed", n))
	}
	l := &limit{
		places: make(chan struct{}, n),
		full:   cactus.Error{Outcome: cactus.OutcomeRetry, Err: ErrLimited},
	}
	for _, opt := range opts {
		opt(l)
	}
	return func(next cactus.HandlerFunc) cactus.HandlerFunc {
		return func(ctx context.Context, event cactus.Event) error {
			if !l.enter(ctx) {
				full := l.full
				return &full
			}
			defer func() { <-l.places }()
			return next(ctx, event)
		}
	}
}

type limit struct {
	places chan struct{} // one element for each event that runs
	wait   time.Duration
	full   cactus.Error
}

// enter takes a place and reports whether there was one.
func (l *limit) enter(ctx context.Context) bool {
	select {
	case l.places <- struct{}{}:
		return true
	default:
	}
	if l.wait == 0 || ctx.Err() != nil {
		return false
	}
	timer := time.NewTimer(l.wait)
	defer timer.Stop()
	select {
	case l.places <- struct{}{}:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}
