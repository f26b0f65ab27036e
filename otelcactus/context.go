package otelcactus

import (
	"context"
	"slices"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/cactuscorp/cactus"
)

// creationKey is the key of a message's creation context, a trace.SpanContext.
type creationKey struct{}

// Extract returns ctx with the trace context of req's headers in it, for
// requests out of a queue or a store:
//
//	err := registry.ReceiveVerified(otelcactus.Extract(ctx, req), source, req)
//
// The process spans below link to it. Their parent is the span in ctx, if there
// is one; without one each begins a trace of its own, as the conventions advise
// for messages that are processed later. With [WithRemoteParent] the request's
// context is the parent then, and its baggage is in the ctx.
//
// If the headers have no trace context that the propagator can read, ctx has
// none either, not even one that an earlier Extract has left there. Of the
// options, WithPropagator and WithRemoteParent mean something here.
func Extract(ctx context.Context, req *cactus.Request, opts ...Option) context.Context {
	ctx, _ = propagating(opts).extract(ctx, propagation.HeaderCarrier(req.Header))
	return ctx
}

// extract also returns the context that was found, which may be invalid.
func (s *settings) extract(ctx context.Context, from propagation.TextMapCarrier) (context.Context, trace.SpanContext) {
	// A stranger's baggage stays behind in a context that nobody uses.
	taken := s.propagator.Extract(context.Background(), from)
	remote := trace.SpanContextFromContext(taken)
	if s.remoteParent && !trace.SpanContextFromContext(ctx).IsValid() {
		ctx = s.propagator.Extract(ctx, from)
	}
	if remote.IsValid() || creationOf(ctx).IsValid() {
		ctx = context.WithValue(ctx, creationKey{}, remote)
	}
	return ctx, remote
}

// creationOf returns the creation context in ctx. It is not valid if there is none.
func creationOf(ctx context.Context) trace.SpanContext {
	remote, _ := ctx.Value(creationKey{}).(trace.SpanContext)
	return remote
}

// linked returns start options with a link to remote, if that is valid.
func linked(start []trace.SpanStartOption, remote trace.SpanContext) []trace.SpanStartOption {
	if !remote.IsValid() {
		return start
	}
	return append(slices.Clip(start), trace.WithLinks(trace.Link{SpanContext: remote}))
}
