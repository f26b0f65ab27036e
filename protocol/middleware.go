package protocol

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Logging logs one record an event, after its handler. Put it first, so that it
// sees what all others do. A nil l logs nothing.
//
// The record has the fields of Python's implementation as the group "event"
// (EventID, FlowID, Operation as "{name}:v{version}", and UserId and UserType
// if there are any), and
//
//   - type: the answer's type, such as "response" or "notFound"
//   - code: the code of an [*Error]
//   - duration: how long everything inside took
//   - error: the error's text; only if there is one
//   - stack: where it panicked; only for a [PanicError]
//
// Level: info for a response, a redirect and an [*Error] that is not of the
// type "error"; error for the rest. Payloads and auth are never logged, and of
// identities only what is above. Python's ApplicationVersion is for l.With to
// add. If the log's handler panics, the record is lost and the answer is not.
// Malformed and unknown events pass no middleware: see [WithLogger].
func Logging(l *slog.Logger) Middleware {
	return func(next HandlerFunc) HandlerFunc {
		if l == nil {
			return next
		}
		return func(ctx context.Context, event *Event) (*Event, error) {
			start := time.Now()
			who := eventAttr(event) // now, because the handler may change it
			response, err := next(ctx, event)
			record(ctx, l, who, event, response, err, time.Since(start))
			return response, err
		}
	}
}

func record(ctx context.Context, l *slog.Logger, who slog.Attr, event, response *Event, err error, took time.Duration) {
	defer func() { _ = recover() }() // the handler has done its work
	answer, code := response, ""
	if err == nil && response == nil {
		err = errNoResponse
	}
	if err != nil {
		answer, _ = answerTo(event, err)
		code = plainText(member(answer.Payload, "code"))
	}
	level := slog.LevelInfo
	if answer.Type() == TypeError {
		level = slog.LevelError
	}
	if !l.Enabled(ctx, level) {
		return
	}
	attrs := append(make([]slog.Attr, 0, 6), who, slog.String("type", answer.Type()))
	if code != "" {
		attrs = append(attrs, slog.String("code", code))
	}
	attrs = append(attrs, slog.Duration("duration", took))
	if err != nil {
		attrs = append(attrs, slog.String("error", errorText(err)))
	}
	if e := (*PanicError)(nil); errors.As(err, &e) {
		attrs = append(attrs, slog.String("stack", string(e.Stack)))
	}
	l.LogAttrs(ctx, level, "event processed", attrs...)
}

// Timeout gives the handler a context that ends after d; an earlier deadline
// stays in force. It panics if d is not positive.
//
// It asks and does not force: a handler that ignores its context keeps running,
// and Timeout waits for it. One that returns the context's error, wrapped or
// not, is answered with EVENT_TIMEOUT.
func Timeout(d time.Duration) Middleware {
	if d <= 0 {
		panic(fmt.Sprintf("protocol: Timeout of %v: it must be positive", d))
	}
	cause := fmt.Errorf("timeout of %v: %w", d, context.DeadlineExceeded)
	return func(next HandlerFunc) HandlerFunc {
		return func(ctx context.Context, event *Event) (*Event, error) {
			ctx, cancel := context.WithTimeoutCause(ctx, d, cause)
			defer cancel()
			return next(ctx, event)
		}
	}
}
