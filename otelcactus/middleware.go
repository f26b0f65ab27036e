package otelcactus

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/messagingconv"
	"go.opentelemetry.io/otel/trace"

	"github.com/cactuscorp/cactus"
)

// Middleware records a process span and its metrics for each event. Make it the
// outermost of the registry's middleware: then it covers every attempt, and what
// Dedupe and the like decide is an outcome and a reason. A second one inside
// Retry, with a destination of its own, tells of each attempt.
//
// A panic is recorded and goes on, with its stack. So is the end of the
// goroutine.
func Middleware(opts ...Option) cactus.Middleware {
	s := newSettings(opts)
	p := &process{settings: s, tracer: s.tracer()}
	meter := s.meter()
	duration, err := messagingconv.NewProcessDuration(meter, metric.WithExplicitBucketBoundaries(buckets...))
	report(err)
	consumed, err := messagingconv.NewClientConsumedMessages(meter)
	report(err)
	p.duration, p.consumed = duration.Inst(), consumed.Inst()

	p.other = p.labels(other)
	for _, eventType := range s.eventTypes {
		p.known.add(eventType, p.labels(eventType))
	}
	return func(next cactus.HandlerFunc) cactus.HandlerFunc {
		return func(ctx context.Context, event cactus.Event) error {
			return p.handle(ctx, next, event)
		}
	}
}

type process struct {
	*settings

	tracer   trace.Tracer
	duration metric.Float64Histogram
	consumed metric.Int64Counter
	known    cache[string, *labels]
	other    *labels
}

func (p *process) handle(ctx context.Context, next cactus.HandlerFunc, event cactus.Event) error {
	l := p.labelsOf(event)
	ctx, span := p.tracer.Start(ctx, l.spanName, linked(l.start, creationOf(ctx))...)
	if span.IsRecording() {
		p.describe(span, event, l)
	}
	var start time.Time // zero: nobody measures
	if p.duration.Enabled(ctx) || p.consumed.Enabled(ctx) {
		start = time.Now()
	}
	returned := false
	defer func() {
		if returned {
			return
		}
		// Panicking again from here keeps the stack.
		value := recover()
		p.end(ctx, span, l, start, p.ofPanic(value, span.IsRecording()))
		if value != nil {
			panic(value)
		}
	}()
	err := next(ctx, event)
	returned = true
	p.end(ctx, span, l, start, p.judge(err, span.IsRecording()))
	return err
}

// describe adds what only a recorded span has.
func (p *process) describe(span trace.Span, event cactus.Event, l *labels) {
	m := event.Metadata()
	attrs := make([]attribute.KeyValue, 1, 4)
	attrs[0] = semconv.MessagingMessageID(printable(m.ID))
	if l == p.other {
		attrs = append(attrs, EventTypeKey.String(printable(m.Type)))
	}
	if ref := cactus.RelatedObjectOf(event); ref.Type != "" {
		attrs = append(attrs, RelatedObjectTypeKey.String(printable(ref.Type)))
	}
	if p.tenant && m.Tenant != "" {
		attrs = append(attrs, TenantKey.String(printable(m.Tenant)))
	}
	span.SetAttributes(attrs...)
}

func (p *process) end(ctx context.Context, span trace.Span, l *labels, start time.Time, v verdict) {
	defer span.End()
	m := p.measurement(l, v)
	if !start.IsZero() {
		p.duration.Record(ctx, time.Since(start).Seconds(), m.record...)
		p.consumed.Add(ctx, 1, m.add...)
	}
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(m.ending...)
	if v.failed() {
		fail(span, v)
	}
}
