package otelcactus

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/cactuscorp/cactus"
)

// Fetcher records a span and its duration for each call of next: for a
// [cactus.Client], a pull with all its tries. Where something else answers pulls
// from memory, such as Coalesce, put it inside that to see the requests
// alone and outside to see what handlers wait for.
//
// It adds nothing to the requests. It panics if next is nil.
func Fetcher(next cactus.Fetcher, opts ...Option) cactus.Fetcher {
	if next == nil {
		panic("otelcactus: Fetcher: the fetcher is nil")
	}
	s := newSettings(opts)
	duration, err := s.meter().Float64Histogram("cactus.pull.duration", metric.WithUnit("s"),
		metric.WithDescription("Duration of pulling an event or its related object."),
		metric.WithExplicitBucketBoundaries(buckets...))
	report(err)
	f := &fetcher{settings: s, next: next, tracer: s.tracer(), duration: duration}
	f.event = f.pull("event", semconv.MessagingOperationTypeReceive)
	f.object = f.pull("object") // which is no message
	f.known = make(map[string]bool)
	for _, eventType := range s.eventTypes {
		f.known[eventType] = true
	}
	return f
}

type fetcher struct {
	*settings

	next          cactus.Fetcher
	tracer        trace.Tracer
	duration      metric.Float64Histogram
	event, object pull
	known         map[string]bool
	measured      cache[pulled, *measurement]
}

// pull is what is made once for pulls of events, and once for those of objects.
type pull struct {
	kind  string
	start []trace.SpanStartOption
}

// pulled is what a pull's measurement depends on.
type pulled struct {
	kind, eventType, errorType string
}

func (f *fetcher) pull(kind string, more ...attribute.KeyValue) pull {
	attrs := f.attributes("pull", append(more, PullKey.String(kind))...)
	return pull{kind, []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attrs...)}}
}

// FetchEvent asks the Fetcher that f is around.
func (f *fetcher) FetchEvent(ctx context.Context, m *cactus.Meta) (env *cactus.Envelope, err error) {
	err = f.record(ctx, &f.event, m, cactus.ObjectRef{}, func(ctx context.Context) error {
		env, err = f.next.FetchEvent(ctx, m)
		return err
	})
	return env, err
}

// FetchObject asks the Fetcher that f is around.
func (f *fetcher) FetchObject(ctx context.Context, m *cactus.Meta, ref cactus.ObjectRef) (object []byte, err error) {
	err = f.record(ctx, &f.object, m, ref, func(ctx context.Context) error {
		object, err = f.next.FetchObject(ctx, m, ref)
		return err
	})
	return object, err
}

func (f *fetcher) record(ctx context.Context, p *pull, m *cactus.Meta, ref cactus.ObjectRef, call func(context.Context) error) error {
	ctx, span := f.tracer.Start(ctx, "pull "+p.kind, p.start...)
	if span.IsRecording() {
		span.SetAttributes(semconv.MessagingMessageID(printable(m.ID)), EventTypeKey.String(printable(m.Type)))
		if ref.Type != "" {
			span.SetAttributes(RelatedObjectTypeKey.String(printable(ref.Type)))
		}
	}
	began, returned := time.Now(), false
	defer func() {
		if returned {
			return
		}
		value := recover()
		f.end(ctx, span, pulled{p.kind, m.Type, "panic"}, began, f.ofPanic(value, span.IsRecording()))
		if value != nil {
			panic(value)
		}
	}()
	err := call(ctx)
	returned = true
	errorType, status := classify(err)
	if status != 0 && span.IsRecording() {
		span.SetAttributes(semconv.HTTPResponseStatusCode(status))
	}
	f.end(ctx, span, pulled{p.kind, m.Type, errorType}, began, f.judge(err, span.IsRecording()))
	return err
}

func (f *fetcher) end(ctx context.Context, span trace.Span, p pulled, began time.Time, v verdict) {
	defer span.End()
	if f.duration.Enabled(ctx) {
		f.duration.Record(ctx, time.Since(began).Seconds(), f.measurement(p).record...)
	}
	if p.errorType != "" && span.IsRecording() {
		span.SetAttributes(semconv.ErrorTypeKey.String(p.errorType))
		fail(span, v)
	}
}

func (f *fetcher) measurement(p pulled) *measurement {
	if !f.known[p.eventType] {
		p.eventType = other
	}
	if m, ok := f.measured.get(p); ok {
		return m
	}
	var ending []attribute.KeyValue
	if p.errorType != "" {
		ending = append(ending, semconv.ErrorTypeKey.String(p.errorType))
	}
	attrs := f.attributes("pull", PullKey.String(p.kind), EventTypeKey.String(p.eventType))
	return f.measured.add(p, newMeasurement(ending, attrs...))
}

// classify returns one of few names for an error of a pull, and the status if
// the API has answered with one. Both are zero for nil. It does not panic, not
// even over an error that cannot be looked at.
func classify(err error) (errorType string, status int) {
	if err == nil {
		return "", 0
	}
	defer func() {
		if recover() != nil {
			errorType, status = other, 0
		}
	}()
	api := (*cactus.APIError)(nil)
	switch {
	case errors.As(err, &api) && http.StatusText(api.Status) != "":
		return strconv.Itoa(api.Status), api.Status
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout", 0
	case errors.Is(err, context.Canceled):
		return "canceled", 0
	default:
		return other, 0
	}
}
