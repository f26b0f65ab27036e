package otelcactus

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// QueueStats is the state of a queue of requests, such as an inbox.
type QueueStats struct {
	Depth  int64         // requests that wait or are being worked on
	Oldest time.Duration // how long the oldest of them has been there; zero: none is
	Dead   int64         // requests that were given up
}

// ObserveQueue has the gauges cactus.queue.depth, cactus.queue.age and
// cactus.queue.dead show what stats returns, which is called once a
// collection, under its context. An error of stats goes to OpenTelemetry's error
// handler, and nothing is shown that time.
//
// Give each of several queues a [WithDestination]: two without one are the same
// time series. The queue is observed until unregister is called. ObserveQueue
// panics if stats is nil.
func ObserveQueue(stats func(ctx context.Context) (QueueStats, error), opts ...Option) (unregister func() error, err error) {
	if stats == nil {
		panic("otelcactus: ObserveQueue: the function is nil")
	}
	s := newSettings(opts)
	meter := s.meter()
	depth, depthErr := meter.Int64ObservableGauge("cactus.queue.depth", metric.WithUnit("{request}"),
		metric.WithDescription("Number of requests that wait or are being worked on."))
	age, ageErr := meter.Float64ObservableGauge("cactus.queue.age", metric.WithUnit("s"),
		metric.WithDescription("Time that the oldest request has been in the queue."))
	dead, deadErr := meter.Int64ObservableGauge("cactus.queue.dead", metric.WithUnit("{request}"),
		metric.WithDescription("Number of requests that were given up."))
	if err := errors.Join(depthErr, ageErr, deadErr); err != nil {
		return nil, err
	}
	var attrs []attribute.KeyValue
	if s.destination != "" {
		attrs = append(attrs, semconv.MessagingDestinationName(s.destination))
	}
	labels := metric.WithAttributeSet(attribute.NewSet(attrs...))
	registration, err := meter.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		now, err := stats(ctx)
		if err != nil {
			return err
		}
		o.ObserveInt64(depth, now.Depth, labels)
		o.ObserveFloat64(age, now.Oldest.Seconds(), labels)
		o.ObserveInt64(dead, now.Dead, labels)
		return nil
	}, depth, age, dead)
	if err != nil {
		return nil, err
	}
	return registration.Unregister, nil
}
