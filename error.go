package cactus

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/cactuscorp/cactus/signature"
)

// Sentinels that callers branch on. All of them may arrive wrapped.
var (
	// ErrNoHandler means that neither a handler nor a fallback took the event.
	// [NewHandler] answers it with success unless it is strict.
	ErrNoHandler = errors.New("cactus: no handler")
	// ErrIgnored marks an event that a handler chose not to act on. The sender
	// is told that all is well.
	ErrIgnored = errors.New("cactus: event ignored")
	// ErrGone tells the sender to stop: most disable the endpoint on a 410.
	ErrGone = errors.New("cactus: endpoint gone")
	// ErrMalformed is the parent of every error about a body that is not an
	// event.
	ErrMalformed = errors.New("cactus: malformed event")
	// ErrNoTenant is for the function of [PerRequest]: the request is nobody's.
	ErrNoTenant = errors.New("cactus: no such tenant")
	// ErrNoFetcher is returned by a pull when nothing can answer it: the
	// registry has no Fetcher, or the event was made rather than received.
	ErrNoFetcher = errors.New("cactus: no fetcher to pull with")
	// ErrNoObject is returned by a fetch of the related object when the event
	// has none.
	ErrNoObject = errors.New("cactus: event has no related object")
)

// Outcome says how the handling of an event ended. The values ascend in
// badness, so that the worst of several is their maximum. The zero value is
// OutcomeHandled.
type Outcome int

// Every Outcome, from best to worst, with the HTTP status that
// [Outcome.Status] gives it.
const (
	OutcomeHandled   Outcome = iota // 200
	OutcomeIgnored                  // 200
	OutcomeUnhandled                // 200; 404 when strict
	OutcomePermanent                // 422; 200 once a DeadLetter hook took it
	OutcomeGone                     // 410
	OutcomeMalformed                // 400
	OutcomeRefused                  // 401
	OutcomeNoTenant                 // 404
	OutcomeBusy                     // 409 with Retry-After
	OutcomeRetry                    // 503 with Retry-After
	OutcomeFailed                   // 500
)

var outcomes = [...]struct {
	name   string
	status int
}{
	OutcomeHandled:   {"handled", http.StatusOK},
	OutcomeIgnored:   {"ignored", http.StatusOK},
	OutcomeUnhandled: {"unhandled", http.StatusOK},
	OutcomePermanent: {"permanent", http.StatusUnprocessableEntity},
	OutcomeGone:      {"gone", http.StatusGone},
	OutcomeMalformed: {"malformed", http.StatusBadRequest},
	OutcomeRefused:   {"refused", http.StatusUnauthorized},
	OutcomeNoTenant:  {"no tenant", http.StatusNotFound},
	OutcomeBusy:      {"busy", http.StatusConflict},
	OutcomeRetry:     {"retry", http.StatusServiceUnavailable},
	OutcomeFailed:    {"failed", http.StatusInternalServerError},
}

// Status returns the HTTP status that tells a sender of o. A value outside the
// constants is a failure: 500.
func (o Outcome) Status() int {
	if o < 0 || int(o) >= len(outcomes) {
		return http.StatusInternalServerError
	}
	return outcomes[o].status
}

// String returns o in lower case, fit for a log or a metric label.
func (o Outcome) String() string {
	if o < 0 || int(o) >= len(outcomes) {
		return fmt.Sprintf("outcome(%d)", int(o))
	}
	return outcomes[o].name
}

// Error is an error whose Outcome is stated rather than derived. [Permanent]
// and [RetryAfter] make the common ones; middleware that refuses an event for
// now makes one with OutcomeBusy or OutcomeRetry.
type Error struct {
	Outcome Outcome
	// After is when the sender may try again, for OutcomeBusy and
	// OutcomeRetry. Zero leaves it to a default of one second.
	After time.Duration
	// Err is the cause. It may be nil.
	Err error
}

// Error returns the outcome and the cause.
func (e *Error) Error() string {
	if e.Err == nil {
		return "cactus: " + e.Outcome.String()
	}
	return e.Outcome.String() + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Permanent marks err as one that no retry will mend. The event goes to the
// registry's DeadLetter hook, and where there is none the sender is answered
// with 422. Permanent(nil) is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &Error{Outcome: OutcomePermanent, Err: err}
}

// RetryAfter asks the sender to deliver the event again after d. A nil err is
// allowed: the wait is the message.
func RetryAfter(d time.Duration, err error) error {
	return &Error{Outcome: OutcomeRetry, After: d, Err: err}
}

// PanicError is a handler's panic, turned into an error by [Registry.Dispatch]
// or by the recover middleware. Its Outcome is OutcomeFailed whatever the value.
type PanicError struct {
	Value any    // what was passed to panic
	Stack []byte // the stack at the panic, as debug.Stack formats it
}

// NewPanicError wraps a recovered value together with the current stack. Call
// it in the deferred function that recovered.
//
// It panics again with http.ErrAbortHandler, which is net/http's own signal
// and must reach the server.
func NewPanicError(value any) *PanicError {
	if value == http.ErrAbortHandler { //nolint:errorlint // net/http compares with ==
		panic(value)
	}
	return &PanicError{Value: value, Stack: debug.Stack()}
}

// Error returns the value without the stack. Of a value that is neither an
// error nor a string it tells only the type: it may be an event.
func (e *PanicError) Error() string {
	switch v := e.Value.(type) {
	case error:
		return "panic: " + v.Error()
	case string:
		return "panic: " + v
	default:
		return fmt.Sprintf("panic: a %T", v)
	}
}

// Unwrap returns the value if it was an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// OutcomeOf derives the Outcome of what a handler or [Registry.Dispatch]
// returned. The outermost *Error decides; the errors of errors.Join, and of a
// fmt.Errorf with several %w, count as their worst; an error that says nothing
// of itself is OutcomeFailed.
func OutcomeOf(err error) Outcome {
	o, _ := classify(err)
	return o
}

// WaitOf returns how long err asks the sender to wait, which may be zero: the
// wait that goes with [OutcomeOf], for outcomes that are answered with
// Retry-After.
func WaitOf(err error) time.Duration {
	_, after := classify(err)
	return after
}

// classify returns the outcome and, for those that carry one, the wait.
func classify(err error) (Outcome, time.Duration) {
	for err != nil {
		switch e := err.(type) { //nolint:errorlint // walks the tree itself
		case *Error:
			if e == nil { // a typed nil is a mistake, but no reason to panic
				return OutcomeFailed, 0
			}
			return e.Outcome, e.After
		case *APIError:
			return e.outcome()
		case *PanicError:
			return OutcomeFailed, 0
		}
		if o, ok := sentinelOutcome(err); ok {
			return o, 0
		}
		switch e := err.(type) { //nolint:errorlint // walks the tree itself
		case interface{ Unwrap() []error }:
			return worst(e.Unwrap())
		case interface{ Unwrap() error }:
			err = e.Unwrap()
		default:
			return OutcomeFailed, 0
		}
		if err == nil {
			return OutcomeFailed, 0
		}
	}
	return OutcomeHandled, 0
}

// worst returns the worst outcome and the longest wait that goes with it.
func worst(errs []error) (Outcome, time.Duration) {
	outcome, after := OutcomeHandled, time.Duration(0)
	for _, err := range errs {
		o, d := classify(err)
		switch {
		case o > outcome:
			outcome, after = o, d
		case o == outcome:
			after = max(after, d)
		}
	}
	return outcome, after
}

// sentinelOutcome looks at err itself, not at what it wraps.
func sentinelOutcome(err error) (Outcome, bool) {
	switch err {
	case ErrIgnored: //nolint:errorlint // one node of the tree
		return OutcomeIgnored, true
	case ErrNoHandler:
		return OutcomeUnhandled, true
	case ErrGone:
		return OutcomeGone, true
	case ErrMalformed:
		return OutcomeMalformed, true
	case signature.ErrRefused:
		return OutcomeRefused, true
	case ErrNoTenant:
		return OutcomeNoTenant, true
	}
	if is, ok := err.(interface{ Is(target error) bool }); ok {
		switch {
		case is.Is(ErrMalformed):
			return OutcomeMalformed, true
		case is.Is(ErrNoHandler):
			return OutcomeUnhandled, true
		case is.Is(signature.ErrRefused):
			return OutcomeRefused, true
		}
	}
	return 0, false
}
