package middleware

import (
	"context"
	"fmt"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/internal/backoff"
)

// RetryOption changes a [Retry].
type RetryOption func(*retry)

// WithTries sets how often a handler runs at most for one delivery, the first
// time included. The default is 3. It panics if tries is less than 1.
func WithTries(tries int) RetryOption {
	if tries < 1 {
		panic(fmt.Sprintf("middleware: WithTries(%d): at least one try is needed", tries))
	}
	return func(r *retry) { r.tries = tries }
}

// WithBackoff sets the waits between attempts: base after the first, doubled
// after each further one up to longest, and of that a random part between half
// and all. The default is 100 milliseconds and 2 seconds. A base of zero tries
// again at once.
//
// It panics if base is negative or longest is less than base.
func WithBackoff(base, longest time.Duration) RetryOption {
	if base < 0 || longest < base {
		panic(fmt.Sprintf("middleware: WithBackoff(%v, %v): needed is 0 <= base <= longest", base, longest))
	}
	return func(r *retry) { r.waits = backoff.Exponential{Base: base, Max: longest} }
}

// WithRetryable asks whether an error is worth another attempt, of those errors
// that [Retry] would try again. It cannot make Retry try others. It panics if
// retryable is nil.
func WithRetryable(retryable func(err error) bool) RetryOption {
	if retryable == nil {
		panic("middleware: WithRetryable: the function is nil")
	}
	return func(r *retry) { r.retryable = retryable }
}

// Retry runs a handler that failed again, after a wait that doubles and varies
// at random. It mends what passes by itself within a second or two, without the
// sender noticing; whatever takes longer is the sender's to deliver again.
//
// The error's outcome decides:
//
//   - failed and retry are tried again, no sooner than [cactus.WaitOf] the error.
//     If that is more than the longest wait, or more than there is time for, the
//     sender is asked to wait instead. A panic is a failure if a [Recover] inside
//     made an error of it; one that nothing recovered passes through.
//   - permanent, gone, ignored, unhandled, and what a handler states of the
//     delivery in a [cactus.Error], end the same way next time.
//   - busy means that the event is being handled elsewhere. That one is likely
//     to succeed, so there is nothing to wait for here.
//
// Retry gives up when its context is done, and at once when the wait would not
// end before the context's deadline. It returns the last error as it was.
//
// The event is passed on unchanged. A handler of a full type gets a fresh copy
// for each attempt; a pull that succeeded is not made again. A
// [cactus.Client] has tries of its own, which multiply with these: see
// [cactus.WithRetries].
func Retry(opts ...RetryOption) cactus.Middleware {
	r := &retry{
		tries: 3,
		waits: backoff.Exponential{Base: 100 * time.Millisecond, Max: 2 * time.Second},
	}
	for _, opt := range opts {
		opt(r)
	}
	return func(next cactus.HandlerFunc) cactus.HandlerFunc {
		return func(ctx context.Context, event cactus.Event) error {
			return r.handle(ctx, next, event)
		}
	}
}

type retry struct {
	tries     int
	waits     backoff.Exponential
	retryable func(error) bool // nil: all that may pass
}

func (r *retry) handle(ctx context.Context, next cactus.HandlerFunc, event cactus.Event) error {
	for try := 1; ; try++ {
		err := next(withAttempt(ctx, try), event)
		if err == nil || try >= r.tries || !r.mayPass(err) {
			return err
		}
		wait := max(r.waits.Wait(try), cactus.WaitOf(err))
		if wait > r.waits.Max || !backoff.Fits(ctx, wait) || backoff.Sleep(ctx, wait) != nil {
			return err
		}
	}
}

// mayPass reports whether another attempt may end better.
func (r *retry) mayPass(err error) bool {
	switch cactus.OutcomeOf(err) { //nolint:exhaustive // the rest stay as they are
	case cactus.OutcomeFailed, cactus.OutcomeRetry:
		return r.retryable == nil || r.retryable(err)
	default:
		return false
	}
}

type attemptKey struct{}

// Attempt returns which attempt of [Retry] this is: 1 for the first, and
// wherever there is no Retry. Where one Retry is inside another, the innermost
// that has tried again counts.
func Attempt(ctx context.Context) int {
	if n, ok := ctx.Value(attemptKey{}).(int); ok {
		return n
	}
	return 1
}

// withAttempt costs nothing for the first attempt, which most events end with.
func withAttempt(ctx context.Context, n int) context.Context {
	if n == 1 {
		return ctx
	}
	return context.WithValue(ctx, attemptKey{}, n)
}
