package cactus

import (
	"context"
	"log/slog"
	"net/http"
)

// accepted is the answer to a request that somebody has taken over.
var accepted = &Response{Status: http.StatusAccepted} //nolint:gochecknoglobals // never changes

// NewReceiver receives src's requests over HTTP as [NewHandler] does, but hands
// each to accept once it is verified, and neither parses nor dispatches it. It is
// for those who keep a request and do the work later: see package inbox and
// [Registry.ReceiveVerified].
//
// If accept returns nil the sender is answered with 202, so what it was given must
// be safe by then. An error is answered by its [Outcome], as a handler's is.
//
// A source that is a [Concealer] takes its secrets out of the request before.
//
// The Request itself is reused when accept returns; its Header, URL and Body may
// be kept, and nobody may change them. Handshakes are answered without a call of
// accept. Its context is that of [NewHandler]'s handlers. A panic of accept is a
// failure, 500.
//
// NewReceiver panics if src or accept is nil, and for [WithStrict]: whether anything
// takes an event is not known when the sender is answered.
func NewReceiver(src Source, accept func(ctx context.Context, req *Request) error, opts ...HandlerOption) http.Handler {
	if src == nil || accept == nil {
		panic("cactus: NewReceiver needs a source and a function")
	}
	h := newHandler(&handler{accept: accept, source: src}, opts)
	if h.strict {
		panic("cactus: NewReceiver: WithStrict does nothing where the answer comes before the handlers; for an inbox set its Config.Strict")
	}
	return h
}

// hand gives a verified request of src's away.
func (h *handler) hand(ctx context.Context, src Source, d *delivery) error {
	err := recovered(func() error {
		if c, ok := src.(Concealer); ok {
			c.Conceal(&d.req)
		}
		return h.accept(ctx, &d.req)
	})
	if err != nil && h.log.Enabled(ctx, slog.LevelError) {
		h.log.LogAttrs(ctx, slog.LevelError, "webhook not accepted",
			slog.String("reason", err.Error()), slog.String("outcome", OutcomeOf(err).String()), slog.String("tenant", d.req.Tenant))
	}
	return ownError(err)
}
