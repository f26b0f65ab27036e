package otelcactus

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
)

// reason is why something ended as it did, if that has a name.
type reason struct {
	name   string
	target error // nil: found otherwise
}

// The reasons that are not found by errors.Is.
const (
	unknown  = 0
	panicked = 1
)

var builtIn = []reason{
	unknown:  {},
	panicked: {name: "panic"},
	2:        {"duplicate", middleware.ErrDuplicate},
	3:        {"uncommitted", middleware.ErrUncommitted},
	4:        {"in_flight", middleware.ErrInFlight},
	5:        {"lease_lost", middleware.ErrLeaseLost},
	6:        {"store_full", middleware.ErrStoreFull},
	7:        {"limited", middleware.ErrLimited},
	8:        {"stale", middleware.ErrStale},
	9:        {"timeout", context.DeadlineExceeded},
	10:       {"canceled", context.Canceled},
}

// verdict is what is to be recorded of an end. The zero value is a success.
type verdict struct {
	outcome cactus.Outcome
	reason  int // an index into settings.reasons
	// The rest is set only if it was asked for.
	kind, text string // the type and the text of the error
	stack      string
}

// failed reports whether v is an error: worse than what a sender is told that
// all is well for.
func (v verdict) failed() bool { return v.outcome > cactus.OutcomeUnhandled }

// judge never panics, not even over an error that cannot be looked at.
func (s *settings) judge(err error, told bool) (v verdict) {
	if err == nil {
		return verdict{}
	}
	defer func() {
		if recover() != nil {
			v = verdict{outcome: cactus.OutcomeFailed, reason: panicked, kind: reflect.TypeOf(err).String()}
		}
	}()
	v.outcome = cactus.OutcomeOf(err)
	if v.outcome < 0 || v.outcome > cactus.OutcomeFailed {
		v.outcome = cactus.OutcomeFailed // one that an *Error made up; a label must not
	}
	v.reason = s.reasonOf(err)
	if told {
		v.kind, v.text = semconv.ErrorType(err).Value.AsString(), err.Error()
	}
	if p := (*cactus.PanicError)(nil); told && errors.As(err, &p) {
		v.kind, v.stack = reflect.TypeOf(p.Value).String(), string(p.Stack)
	}
	return v
}

func (s *settings) reasonOf(err error) int {
	for i, r := range s.reasons[len(builtIn):] { // those of WithReason
		if errors.Is(err, r.target) {
			return len(builtIn) + i
		}
	}
	if p := (*cactus.PanicError)(nil); errors.As(err, &p) {
		return panicked
	}
	for i, r := range builtIn {
		if r.target != nil && errors.Is(err, r.target) {
			return i
		}
	}
	return unknown
}

// ofPanic is judge for what a deferred function has recovered. Nil means that
// the goroutine is ending, as t.FailNow has it.
func (s *settings) ofPanic(value any, told bool) verdict {
	v := verdict{outcome: cactus.OutcomeFailed, reason: panicked}
	switch {
	case !told:
	case value == nil:
		v.kind, v.text = "runtime.Goexit", "the goroutine was ended"
	case value == http.ErrAbortHandler: //nolint:errorlint // net/http compares with ==
		v = s.judge(&cactus.PanicError{Value: value}, told)
	default:
		v = s.judge(cactus.NewPanicError(value), told)
	}
	return v
}

// fail makes span an error, with an event that tells of it.
func fail(span trace.Span, v verdict) {
	span.SetStatus(codes.Error, printable(v.text))
	attrs := make([]attribute.KeyValue, 0, 3)
	attrs = append(attrs, semconv.ExceptionType(printable(v.kind)), semconv.ExceptionMessage(printable(v.text)))
	if v.stack != "" {
		attrs = append(attrs, semconv.ExceptionStacktrace(v.stack))
	}
	span.AddEvent(semconv.ExceptionEventName, trace.WithAttributes(attrs...))
}

// maxText bounds the texts that errors and events bring along, in bytes.
const maxText = 1 << 10

// printable makes text fit for an attribute: an exporter refuses a whole batch
// for one string that is not UTF-8.
func printable(text string) string {
	if len(text) > maxText {
		text = text[:maxText]
	}
	if utf8.ValidString(text) {
		return text
	}
	return strings.ToValidUTF8(text, "")
}
