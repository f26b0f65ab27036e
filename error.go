package cactus

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"
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
	return panicError(value, debug.Stack())
}

// panicError makes sure that the value does not panic again when it is looked at,
// as an error that is a nil pointer may.
func panicError(value any, stack []byte) (p *PanicError) {
	defer func() {
		if recover() != nil {
			p = &PanicError{Value: fmt.Sprintf("a %T that panics when it is looked at", value), Stack: stack}
		}
	}()
	if err, ok := value.(error); ok {
		look(err)
	}
	return &PanicError{Value: value, Stack: stack}
}

// look does with an error what anybody may do with it later.
func look(err error) {
	_, _ = OutcomeOf(err), err.Error()
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
