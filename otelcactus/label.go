package otelcactus

import (
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/cactuscorp/cactus"
)

// labels is what is made once for an event type that may be a label, and once
// for all others together.
type labels struct {
	eventType string // or other
	spanName  string
	start     []trace.SpanStartOption
	// measured has a place for each outcome and reason, filled when it is needed.
	measured []atomic.Pointer[measurement]
}

// measurement is how a measurement with one set of labels is recorded.
type measurement struct {
	record []metric.RecordOption
	add    []metric.AddOption
	ending []attribute.KeyValue // those that a span gets at its end
}

func newMeasurement(ending []attribute.KeyValue, more ...attribute.KeyValue) *measurement {
	opt := metric.WithAttributeSet(attribute.NewSet(append(more, ending...)...))
	return &measurement{[]metric.RecordOption{opt}, []metric.AddOption{opt}, ending}
}

func (p *process) labels(eventType string) *labels {
	attrs := p.attributes("process", semconv.MessagingOperationTypeProcess)
	name := eventType
	if eventType == other {
		name = p.destination
	} else {
		attrs = append(attrs, EventTypeKey.String(eventType))
	}
	return &labels{
		eventType: eventType,
		spanName:  spanName("process", name),
		start:     []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(attrs...)},
		measured:  make([]atomic.Pointer[measurement], (int(cactus.OutcomeFailed)+1)*len(p.reasons)),
	}
}

func spanName(operation, destination string) string {
	if destination == "" {
		return operation
	}
	return operation + " " + destination
}

// maxLearned bounds the types that are known without [WithEventTypes], should an
// EventType method return what a sender sent.
const maxLearned = 1000

// labelsOf returns the labels of the event's type. A type that the event's Go
// type declares is known from the first event on: there are only so many Go
// types.
func (p *process) labelsOf(event cactus.Event) *labels {
	eventType := event.Metadata().Type
	if l, ok := p.known.get(eventType); ok {
		return l
	}
	typed, ok := event.(interface{ EventType() string })
	if !ok || typed.EventType() != eventType || p.known.len() >= len(p.eventTypes)+maxLearned {
		return p.other
	}
	return p.known.add(eventType, p.labels(eventType))
}

func (p *process) measurement(l *labels, v verdict) *measurement {
	place := &l.measured[int(v.outcome)*len(p.reasons)+v.reason]
	if m := place.Load(); m != nil {
		return m
	}
	attrs := p.attributes("process", EventTypeKey.String(l.eventType))
	place.CompareAndSwap(nil, newMeasurement(p.ending(v), attrs...))
	return place.Load()
}

// ending returns the attributes that tell how an event ended.
func (p *process) ending(v verdict) []attribute.KeyValue {
	outcome, why := v.outcome.String(), p.reasons[v.reason].name
	attrs := make([]attribute.KeyValue, 1, 3)
	attrs[0] = OutcomeKey.String(outcome)
	if why != "" {
		attrs = append(attrs, ReasonKey.String(why))
	}
	if !v.failed() {
		return attrs
	}
	if why == "" {
		why = outcome
	}
	return append(attrs, semconv.ErrorTypeKey.String(why))
}
