package cactus

import (
	"context"
	"time"
)

// Receive verifies req, parses it and dispatches each of its events. It is the
// way in for deliveries that come out of a queue; [NewHandler] does the same
// for HTTP.
//
// The events of a batch are dispatched in order, one after the other, whatever
// becomes of the others; their errors are joined. A single event's error is
// returned as it is. Some errors are no failure: acknowledge the message unless
// its [Outcome] is worse than OutcomeUnhandled.
//
// The events keep views of req.Body. ctx bounds the handlers, and src's Limits
// do not apply. A panic anywhere is returned as a [PanicError]. Receive panics
// if src or req is nil.
func (r *Registry) Receive(ctx context.Context, src Source, req *Request) error {
	if src == nil || req == nil {
		panic("cactus: Receive needs a source and a request")
	}
	var envs []Envelope
	err := recovered(func() (err error) {
		envs, err = r.open(ctx, src, req)
		return err
	})
	if err != nil {
		return err
	}
	return dispatchAll(envs, func(env *Envelope) error {
		return recovered(func() error { return r.Dispatch(ctx, env) }) // http.ErrAbortHandler means nothing here
	})
}

// open returns the verified events of req: none if it was a handshake.
func (r *Registry) open(ctx context.Context, src Source, req *Request) ([]Envelope, error) {
	src, err := resolve(ctx, src, req)
	if err != nil {
		return nil, err
	}
	if req.ReceivedAt.IsZero() {
		req.ReceivedAt = time.Now()
	}
	responder, _ := src.(Responder)
	_, envs, err := accept(ctx, nil, src, responder, req)
	return envs, err
}

// accept verifies req and appends its events to dst. A request that has none,
// because src responds to it, leaves dst as it was. A nil responder is none.
func accept(ctx context.Context, dst []Envelope, src Source, responder Responder, req *Request) (*Response, []Envelope, error) {
	var err error
	if req.Key, err = src.Verify(ctx, req); err != nil {
		return nil, dst, err
	}
	if responder != nil {
		if response := responder.Respond(req, true); response != nil {
			return response, dst, nil
		}
	}
	envs, err := parse(dst, src, req)
	return nil, envs, err
}
