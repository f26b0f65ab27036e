package otelcactus

import (
	"slices"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/cactuscorp/cactus"
)

// Option changes what is recorded. All of this package's functions take the
// same options, so that one list serves them all; each ignores those that mean
// nothing to it, and panics over one that is nil.
type Option func(*settings)

// WithTracerProvider sets where spans go. Nil means the default,
// otel.GetTracerProvider().
func WithTracerProvider(p trace.TracerProvider) Option {
	return func(s *settings) { s.tracers = p }
}

// WithMeterProvider sets where metrics go. Nil means the default,
// otel.GetMeterProvider().
func WithMeterProvider(p metric.MeterProvider) Option {
	return func(s *settings) { s.meters = p }
}

// WithPropagator sets what reads trace context from headers. Nil means the
// default, otel.GetTextMapPropagator(), which reads nothing until the program
// calls otel.SetTextMapPropagator.
func WithPropagator(p propagation.TextMapPropagator) Option {
	return func(s *settings) { s.propagator = p }
}

// WithSystem sets messaging.system. The default is cactus. The conventions have
// names for some systems, such as eventgrid.
func WithSystem(name string) Option {
	return func(s *settings) { s.system = name }
}

// WithDestination sets messaging.destination.name: what the endpoint, or the
// queue, is called. It becomes a label, so give it one of few values.
func WithDestination(name string) Option {
	return func(s *settings) { s.destination = name }
}

// WithEventTypes names event types that may be labels, such as those of a
// Catalogue. Several calls add up.
//
// [Middleware] knows without it the types that have a Go type of their own,
// registered under its EventType, up to a thousand. Types of Handle, OnOther and
// of patterns have to be named here. [Fetcher] knows only what is named here.
func WithEventTypes(types ...string) Option {
	return func(s *settings) { s.eventTypes = append(s.eventTypes, types...) }
}

// WithReason has an error that is target, in the sense of errors.Is, recorded as
// this cactus.reason. It goes before the reasons that are built in, and becomes a label. It
// panics if the name is empty or target is nil.
func WithReason(name string, target error) Option {
	if name == "" || target == nil {
		panic("otelcactus: WithReason needs a name and an error")
	}
	return func(s *settings) { s.reasons = append(s.reasons, reason{name, target}) }
}

// WithTenant records an event's tenant on its process span. The default is not
// to, because traces often go where customers must not be named.
func WithTenant() Option {
	return func(s *settings) { s.tenant = true }
}

// WithRemoteParent trusts the sender: where no span is around, its trace
// context becomes the parent, and its baggage is taken over. See the package
// comment for what a stranger could do with that. It is for [Handler] and
// [Extract].
func WithRemoteParent() Option {
	return func(s *settings) { s.remoteParent = true }
}

// WithHandoff has [Handler] replace the trace headers of the request by those
// of its receive span. It is for requests that are stored: what [Extract] finds
// in one later is the receive span, which links to the sender's, or without an
// SDK the sender's own. It also keeps a sender's baggage out of the store, if the
// propagator is one of baggage. The fields of the propagator must not be under the
// signature.
func WithHandoff() Option {
	return func(s *settings) { s.handoff = true }
}

// settings is what options change. It is not changed any more once made.
type settings struct {
	tracers      trace.TracerProvider
	meters       metric.MeterProvider
	propagator   propagation.TextMapPropagator
	system       string
	destination  string
	eventTypes   []string
	reasons      []reason
	tenant       bool
	remoteParent bool
	handoff      bool
}

func newSettings(opts []Option) *settings {
	s := propagating(opts)
	if s.tracers == nil {
		s.tracers = otel.GetTracerProvider()
	}
	if s.meters == nil {
		s.meters = otel.GetMeterProvider()
	}
	s.reasons = slices.Concat(builtIn, s.reasons)
	return s
}

// propagating is newSettings for what is made once a request: it has only what
// is needed to read trace context.
func propagating(opts []Option) *settings {
	s := &settings{system: "cactus"}
	for _, opt := range opts {
		if opt == nil {
			panic("otelcactus: an option is nil")
		}
		opt(s)
	}
	if s.propagator == nil {
		s.propagator = otel.GetTextMapPropagator()
	}
	return s
}

func (s *settings) tracer() trace.Tracer {
	return s.tracers.Tracer(ScopeName,
		trace.WithInstrumentationVersion(cactus.Version), trace.WithSchemaURL(semconv.SchemaURL))
}

func (s *settings) meter() metric.Meter {
	return s.meters.Meter(ScopeName,
		metric.WithInstrumentationVersion(cactus.Version), metric.WithSchemaURL(semconv.SchemaURL))
}

// attributes returns those that every span and measurement of an operation has,
// and more, in a slice of the caller's own.
func (s *settings) attributes(operation string, more ...attribute.KeyValue) []attribute.KeyValue {
	attrs := []attribute.KeyValue{
		semconv.MessagingSystemKey.String(s.system),
		semconv.MessagingOperationName(operation),
	}
	if s.destination != "" {
		attrs = append(attrs, semconv.MessagingDestinationName(s.destination))
	}
	return append(attrs, more...)
}

// report tells OpenTelemetry's error handler about an instrument that could not
// be made. What came back with the error records nothing.
func report(err error) {
	if err != nil {
		otel.Handle(err)
	}
}
