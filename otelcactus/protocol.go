package otelcactus

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/cactuscorp/cactus/protocol"
)

// ProtocolMiddleware records a span for each event that a registry of package
// protocol handles: "process {name}:v{version}", of the kind SERVER, with the
// properties EventID and FlowID. Make it the outermost of the registry's middleware.
//
// The caller's trace context is read from metadata.trace, an object of strings,
// where events-protocol's clients in Kotlin put it. It is linked to, and the parent
// with [WithRemoteParent]; the package comment says what a stranger could do with
// that. The span is an error if the answer is of the type "error"; what a handler
// answers on purpose, such as notFound, is none. Events that nothing handles pass no
// middleware and have no span.
func ProtocolMiddleware(opts ...Option) protocol.Middleware {
	s := newSettings(opts)
	p := &spoken{settings: s, tracer: s.tracer(), failure: ofServer}
	return func(next protocol.HandlerFunc) protocol.HandlerFunc {
		return func(ctx context.Context, event *protocol.Event) (*protocol.Event, error) {
			ctx, remote := s.extract(ctx, carrierOf(event.Metadata))
			start := linked([]trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer)}, remote)
			return p.record(ctx, "process", start, event, next)
		}
	}
}

// ProtocolClient is for protocol.WithSendMiddleware. It records a span for each send
// with all its tries, "send {name}:v{version}" of the kind CLIENT, with the same
// properties, and adds the span's context to metadata.trace, the rest of which stays.
func ProtocolClient(opts ...Option) protocol.Middleware {
	s := newSettings(opts)
	p := &spoken{settings: s, tracer: s.tracer(), failure: ofClient}
	return func(next protocol.HandlerFunc) protocol.HandlerFunc {
		return func(ctx context.Context, event *protocol.Event) (*protocol.Event, error) {
			start := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindClient)}
			return p.record(ctx, "send", start, event, func(ctx context.Context, event *protocol.Event) (*protocol.Event, error) {
				return next(ctx, p.inject(ctx, event))
			})
		}
	}
}

// Attributes of the spans of package protocol, as the implementation in Kotlin calls
// them.
const (
	EventIDKey = attribute.Key("EventID")
	FlowIDKey  = attribute.Key("FlowID")
)

type spoken struct {
	*settings

	tracer  trace.Tracer
	failure func(answer *protocol.Event, err error) string // "": none
}

func (p *spoken) record(ctx context.Context, operation string, start []trace.SpanStartOption, event *protocol.Event, next protocol.HandlerFunc) (*protocol.Event, error) {
	name := fmt.Sprintf("%s %s:v%d", operation, printable(event.Name), event.Version)
	ctx, span := p.tracer.Start(ctx, name, start...)
	defer span.End()
	if span.IsRecording() {
		span.SetAttributes(EventIDKey.String(printable(event.ID)), FlowIDKey.String(printable(event.FlowID)))
	}
	returned := false
	defer func() {
		if returned {
			return
		}
		value := recover()
		p.fail(span, "panic", p.ofPanic(value, span.IsRecording()))
		if value != nil {
			panic(value)
		}
	}()
	answer, err := next(ctx, event)
	returned = true
	if kind := p.failureOf(answer, err); kind != "" && span.IsRecording() {
		p.fail(span, kind, p.judge(err, true))
	}
	return answer, err
}

// failureOf does not panic over an error that cannot be looked at.
func (p *spoken) failureOf(answer *protocol.Event, err error) (kind string) {
	defer func() {
		if recover() != nil {
			kind = other
		}
	}()
	return p.failure(answer, err)
}

func (*spoken) fail(span trace.Span, kind string, v verdict) {
	span.SetAttributes(semconv.ErrorTypeKey.String(printable(kind)))
	if v.text == "" && v.kind == "" { // an answer of the type "error" is no error here
		span.SetStatus(codes.Error, "")
		return
	}
	fail(span, v)
}

// ofServer returns what a handler's failure is called, or "". What it answers on
// purpose, such as notFound, is none.
func ofServer(answer *protocol.Event, err error) string {
	if protocol.AnswerType(answer, err) != protocol.TypeError {
		return ""
	}
	if own := (*protocol.Error)(nil); err == nil || errors.As(err, &own) {
		return protocol.TypeError
	}
	return ofClient(answer, err)
}

// ofClient returns what a send's failure is called, or "". Each error is one.
func ofClient(_ *protocol.Event, err error) string {
	timeout, theirs := interface{ Timeout() bool }(nil), (*protocol.ResponseError)(nil)
	redirected, bad := (*protocol.RedirectedError)(nil), (*protocol.BadProtocolError)(nil)
	switch {
	case err == nil:
		return ""
	case errors.As(err, &theirs):
		return knownType(theirs.Type)
	case errors.As(err, &redirected):
		return protocol.TypeRedirect
	case errors.As(err, &bad):
		return protocol.TypeBadProtocol
	case errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case errors.Is(err, context.Canceled):
		return "canceled"
	}
	return other
}

// knownType keeps error.type to few values: a peer can answer with any.
func knownType(kind string) string {
	switch kind {
	case protocol.TypeError, protocol.TypeBadProtocol, protocol.TypeBadRequest, protocol.TypeUnauthorized,
		protocol.TypeForbidden, protocol.TypeUserDenied, protocol.TypeResourceDenied, protocol.TypeExpired,
		protocol.TypeNotFound, protocol.TypeEventNotFound, protocol.TypeUnprocessable, protocol.TypeGone:
		return kind
	}
	return other
}

// traceKey is the member of metadata that has the carrier.
const traceKey = "trace"

// carrierOf returns the carrier in metadata. Of what is not an object of strings it
// has the strings.
func carrierOf(metadata json.RawMessage) propagation.MapCarrier {
	carrier := propagation.MapCarrier{}
	if !bytes.Contains(metadata, []byte(`"`+traceKey+`"`)) {
		return carrier
	}
	var with struct {
		Trace map[string]any `json:"trace"`
	}
	_ = json.Unmarshal(metadata, &with) // anybody writes it: what does not fit is not there
	for key, value := range with.Trace {
		if text, ok := value.(string); ok {
			carrier[key] = text
		}
	}
	return carrier
}

// inject returns event with ctx's trace context, or event itself if there is none or
// its metadata is not an object.
func (p *spoken) inject(ctx context.Context, event *protocol.Event) *protocol.Event {
	carrier := propagation.MapCarrier{}
	p.propagator.Inject(ctx, carrier)
	if len(carrier) == 0 {
		return event
	}
	members := make(map[string]json.RawMessage)
	if len(event.Metadata) > 0 && (json.Unmarshal(event.Metadata, &members) != nil || members == nil) {
		return event
	}
	raw, err := json.Marshal(carrier)
	if err != nil {
		return event
	}
	members[traceKey] = raw
	metadata, err := json.Marshal(members)
	if err != nil {
		return event
	}
	traced := *event
	traced.Metadata = metadata
	return &traced
}
