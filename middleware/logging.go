package middleware

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/internal/reported"
)

// LoggingOption changes a [Logging].
type LoggingOption func(*logging)

// WithLevel chooses the level of a record by how the event ended. The default
// is Info for what is handled, ignored or unhandled, Warn for busy and retry,
// and Error for the rest. It panics if level is nil.
func WithLevel(level func(cactus.Outcome) slog.Level) LoggingOption {
	if level == nil {
		panic("middleware: WithLevel: the function is nil")
	}
	return func(g *logging) { g.level = level }
}

// Logging logs one record for each event that passes, when its handler is done:
// "event handled", "event ignored" or, if there was an error, "event not
// handled". A nil logger logs nothing. The attributes are
//
//   - event: a group of id and type, and tenant if there is one
//   - outcome: the text of the [cactus.Outcome], such as "handled"
//   - duration: how long everything inside took
//   - attempt: see [Attempt]; only from the second attempt on
//   - error: the error's text; only if there is one
//   - stack: where it panicked; only for a [cactus.PanicError]
//
// A panic that nothing inside recovered is logged as well and goes on. That of
// http.ErrAbortHandler, which is meant to be quiet, is logged without a stack.
//
// The event's data is never logged, and Cactus puts none into its own errors;
// what a handler writes into an error or passes to panic is logged as it is.
//
// What never gets to a handler never gets here: refused requests and events
// that nobody takes are for the logger of [cactus.NewHandler]. That one also
// logs events that fail, but not those that a Logging has logged before.
func Logging(l *slog.Logger, opts ...LoggingOption) cactus.Middleware {
	g := &logging{log: l, level: levelOf}
	for _, opt := range opts {
		opt(g)
	}
	return func(next cactus.HandlerFunc) cactus.HandlerFunc {
		if l == nil {
			return next
		}
		return func(ctx context.Context, event cactus.Event) error {
			start := time.Now()
			err := g.watch(ctx, next, event, start)
			g.record(ctx, event, start, err)
			return err
		}
	}
}

type logging struct {
	log   *slog.Logger
	level func(cactus.Outcome) slog.Level
}

func levelOf(o cactus.Outcome) slog.Level {
	switch o { //nolint:exhaustive // the rest are errors
	case cactus.OutcomeHandled, cactus.OutcomeIgnored, cactus.OutcomeUnhandled:
		return slog.LevelInfo
	case cactus.OutcomeBusy, cactus.OutcomeRetry:
		return slog.LevelWarn
	default:
		return slog.LevelError
	}
}

// watch calls next and logs its panic. Panicking again from the deferred
// function keeps the stack: whoever recovers outside sees where it began.
func (g *logging) watch(ctx context.Context, next cactus.HandlerFunc, event cactus.Event, start time.Time) error {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		err := &cactus.PanicError{Value: v}
		if v != http.ErrAbortHandler { //nolint:errorlint // net/http compares with ==
			err.Stack = debug.Stack()
		}
		g.record(ctx, event, start, err)
		panic(v)
	}()
	return next(ctx, event)
}

func (g *logging) record(ctx context.Context, event cactus.Event, start time.Time, err error) {
	outcome := cactus.OutcomeOf(err)
	level := g.level(outcome)
	if !g.log.Enabled(ctx, level) {
		return
	}
	// A copy of the Meta, because a slog.Handler may read it later.
	message, attrs := "event handled", make([]slog.Attr, 0, 6)
	attrs = append(attrs, slog.Any("event", *event.Metadata()),
		slog.String("outcome", outcome.String()), slog.Duration("duration", time.Since(start)))
	if n := Attempt(ctx); n > 1 {
		attrs = append(attrs, slog.Int("attempt", n))
	}
	if err != nil {
		message, attrs = "event not handled", append(attrs, slog.String("error", err.Error()))
		reported.Mark(ctx, err)
	}
	if outcome == cactus.OutcomeIgnored {
		message = "event ignored"
	}
	if p := (*cactus.PanicError)(nil); errors.As(err, &p) && p.Stack != nil {
		attrs = append(attrs, slog.String("stack", string(p.Stack)))
	}
	g.log.LogAttrs(ctx, level, message, attrs...)
}
