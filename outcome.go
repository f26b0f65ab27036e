package cactus

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/cactuscorp/cactus/signature"
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

// OutcomeOf derives the Outcome of what a handler or [Registry.Dispatch]
// returned. The outermost *Error decides; the errors of errors.Join, and of a
// fmt.Errorf with several %w, count as their worst; an error that says nothing
// of itself is OutcomeFailed.
func OutcomeOf(err error) Outcome {
	o, _ := classify(err)
	return o
}

// WaitOf returns the longest wait that err asks for before another try, which
// may be zero. As in [OutcomeOf] the outermost *Error decides; of joined errors
// each is heard.
func WaitOf(err error) time.Duration {
	_, after := classify(err)
	return after
}

// classify returns the outcome and, for those that carry one, the wait.
func classify(err error) (Outcome, time.Duration) {
	if err == nil {
		return OutcomeHandled, 0
	}
	nodes := maxNodes
	return walk(err, &nodes)
}

// maxNodes bounds the walk over an error's tree, which may have a circle.
const maxNodes = 1000

// walk is classify for an error that is not nil, which is never handled.
func walk(err error, nodes *int) (Outcome, time.Duration) {
	for ; err != nil && *nodes > 0; *nodes-- {
		switch e := err.(type) { //nolint:errorlint // walks the tree itself
		case *Error:
			if e == nil || e.Outcome == OutcomeHandled {
				return OutcomeFailed, 0
			}
			return e.Outcome, e.After
		case *APIError:
			if e == nil {
				return OutcomeFailed, 0
			}
			return e.outcome(), e.After
		case *PanicError:
			return OutcomeFailed, 0
		}
		if o, ok := sentinelOutcome(err); ok {
			return o, 0
		}
		switch e := err.(type) { //nolint:errorlint // walks the tree itself
		case interface{ Unwrap() []error }:
			return worst(e.Unwrap(), nodes)
		case interface{ Unwrap() error }:
			err = e.Unwrap()
		default:
			return OutcomeFailed, 0
		}
	}
	return OutcomeFailed, 0
}

// worst returns the worst outcome and the longest wait.
func worst(errs []error, nodes *int) (outcome Outcome, after time.Duration) {
	for _, err := range errs {
		if err == nil {
			continue
		}
		*nodes--
		o, d := walk(err, nodes)
		outcome, after = max(outcome, o), max(after, d)
	}
	if outcome == OutcomeHandled { // several times nothing
		outcome = OutcomeFailed
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

// notOurs makes a failure of those outcomes that speak of the delivery, unless
// the handler says so in an *Error: what it returned is about something else,
// such as another body that it parsed.
func notOurs(err error) error {
	switch o := OutcomeOf(err); o { //nolint:exhaustive // the others are a handler's to choose
	case OutcomeMalformed, OutcomeRefused, OutcomeNoTenant:
		var stated *Error
		if errors.As(err, &stated) && stated.Outcome == o {
			return err
		}
		return &Error{Outcome: OutcomeFailed, Err: err}
	default:
		return err
	}
}
