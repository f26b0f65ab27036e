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
func OutcomeOf(err error) Outcome { return classify(err).outcome }

// WaitOf returns the longest wait that err asks for before another try, which
// may be zero. As in [OutcomeOf] the outermost *Error decides; of joined errors
// each is heard.
func WaitOf(err error) time.Duration { return classify(err).after }

// verdict is what an error's tree says.
type verdict struct {
	outcome Outcome
	after   time.Duration
	stated  bool // by an *Error, and not derived
}

func classify(err error) verdict {
	if err == nil {
		return verdict{}
	}
	nodes := maxNodes
	return walk(err, &nodes)
}

// maxNodes bounds the walk over an error's tree, which may have a circle.
const maxNodes = 1000

// walk is classify for an error that is not nil, which is never handled. It
// counts nodes down, to zero for a tree with a circle.
func walk(err error, nodes *int) verdict {
	failed := verdict{outcome: OutcomeFailed}
	for ; err != nil && *nodes > 0; *nodes-- {
		switch e := err.(type) { //nolint:errorlint // walks the tree itself
		case *Error:
			if e == nil || e.Outcome == OutcomeHandled {
				return failed
			}
			return verdict{e.Outcome, e.After, true}
		case *APIError:
			if e == nil {
				return failed
			}
			return verdict{outcome: e.outcome(), after: e.After}
		case *PanicError:
			return failed
		case *batchError:
			return e.worst
		}
		if o, ok := sentinelOutcome(err); ok {
			return verdict{outcome: o}
		}
		switch e := err.(type) { //nolint:errorlint // walks the tree itself
		case interface{ Unwrap() []error }:
			var worst verdict
			for _, err := range e.Unwrap() {
				if err != nil && *nodes > 0 {
					*nodes--
					worst = worst.or(walk(err, nodes))
				}
			}
			if worst.outcome == OutcomeHandled { // several times nothing
				return failed
			}
			return worst
		case interface{ Unwrap() error }:
			err = e.Unwrap()
		default:
			return failed
		}
	}
	return failed
}

// or returns the worse of two outcomes and the longer of two waits.
func (v verdict) or(other verdict) verdict {
	worse := v
	if other.outcome > v.outcome || other.outcome == v.outcome && other.stated {
		worse = other
	}
	worse.after = max(v.after, other.after)
	return worse
}

// batchError is the errors of a delivery with several events. It has its verdict
// with it, because a batch may be larger than what walk looks at.
type batchError struct {
	errs  []error
	worst verdict
}

func (e *batchError) add(err error) {
	e.errs = append(e.errs, err)
	e.worst = e.worst.or(classify(err))
}

func (e *batchError) Error() string   { return errors.Join(e.errs...).Error() }
func (e *batchError) Unwrap() []error { return e.errs }

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

// ownError is what a handler's error means for its event. Outcomes that speak of
// the delivery are failures, unless the handler says so in an *Error: what it
// returned is about something else, such as another body that it parsed. An
// error that wraps itself is replaced, because errors.As would never return.
func ownError(err error) error {
	if err == nil {
		return nil
	}
	nodes := maxNodes
	v := walk(err, &nodes)
	if nodes <= 0 {
		return &Error{Outcome: OutcomeFailed, Err: fmt.Errorf("an error that wraps itself: a %T", err)}
	}
	switch v.outcome { //nolint:exhaustive // the others are a handler's to choose
	case OutcomeMalformed, OutcomeRefused, OutcomeNoTenant:
		if !v.stated {
			return &Error{Outcome: OutcomeFailed, Err: err}
		}
	}
	return err
}
