package cactus

import (
	"context"
	"fmt"
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
// do not apply. A panic anywhere is returned as a [PanicError]. For why a
// signature was refused, see [Diagnose]. Receive panics if src or req is nil.
func (r *Registry) Receive(ctx context.Context, src Source, req *Request) error {
	if src == nil || req == nil {
		panic("cactus: Receive needs a source and a request")
	}
	var envs []Envelope
	err := recovered(func() (err error) {
		envs, err = open(ctx, src, req)
		return err
	})
	if err != nil {
		return err
	}
	return r.dispatchEach(ctx, envs)
}

// ReceiveVerified is [Registry.Receive] for a request that src has verified
// before, such as one that [NewReceiver] accepted and something has kept since:
// it parses and dispatches, and does not look at signatures, which may have
// expired meanwhile. Nothing proves here where req came from. Its Tenant and Key
// go into the events; a [Resolver] is asked for the source once more and must
// choose the same tenant.
func (r *Registry) ReceiveVerified(ctx context.Context, src Source, req *Request) error {
	if src == nil || req == nil {
		panic("cactus: ReceiveVerified needs a source and a request")
	}
	var envs []Envelope
	err := recovered(func() (err error) {
		envs, err = reopen(ctx, src, req)
		return err
	})
	if err != nil {
		return err
	}
	return r.dispatchEach(ctx, envs)
}

// dispatchEach dispatches events that did not come over HTTP, where
// http.ErrAbortHandler means nothing.
func (r *Registry) dispatchEach(ctx context.Context, envs []Envelope) error {
	return dispatchAll(envs, func(env *Envelope) error {
		return recovered(func() error { return r.Dispatch(ctx, env) })
	})
}

// open returns the verified events of req: none if it was a handshake.
func open(ctx context.Context, src Source, req *Request) ([]Envelope, error) {
	src, err := resolve(ctx, src, req)
	if err != nil {
		return nil, err
	}
	if req.ReceivedAt.IsZero() {
		req.ReceivedAt = time.Now()
	}
	responder, _ := src.(Responder)
	response, err := admit(ctx, src, responder, req)
	if response != nil || err != nil {
		return nil, err
	}
	return parse(nil, src, req)
}

// reopen is open for a request that was verified before.
func reopen(ctx context.Context, src Source, req *Request) ([]Envelope, error) {
	tenant := req.Tenant
	src, err := resolve(ctx, src, req)
	if err != nil {
		return nil, err
	}
	if req.Tenant != tenant {
		return nil, fmt.Errorf("cactus: a request that was verified for tenant %q now belongs to %q", tenant, req.Tenant)
	}
	return parse(nil, src, req)
}

// admit verifies req and returns src's response if it is none that carries
// events. A nil responder is none.
func admit(ctx context.Context, src Source, responder Responder, req *Request) (*Response, error) {
	var err error
	if req.Key, err = src.Verify(ctx, req); err != nil {
		return nil, err
	}
	if responder == nil {
		return nil, nil //nolint:nilnil // no response is the usual thing
	}
	return responder.Respond(req, true), nil
}
