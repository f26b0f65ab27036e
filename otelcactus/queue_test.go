package otelcactus_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/cactuscorp/cactus/otelcactus"
)

func TestObserveQueue_ShowsTheQueueUntilItIsUnregistered(t *testing.T) {
	told := newTelemetry()
	now := otelcactus.QueueStats{Depth: 7, Oldest: 1500 * time.Millisecond, Dead: 2}
	var failure error
	stats := func(context.Context) (otelcactus.QueueStats, error) { return now, failure }
	unregister, err := otelcactus.ObserveQueue(stats, told.options(otelcactus.WithDestination("inbox"))...)
	require.NoError(t, err)

	labels := attribute.NewSet(attribute.String("messaging.destination.name", "inbox"))
	ints := func(v int64) metricdata.Gauge[int64] {
		return metricdata.Gauge[int64]{DataPoints: []metricdata.DataPoint[int64]{{Attributes: labels, Value: v}}}
	}
	for _, want := range []metricdata.Metrics{
		{Name: "cactus.queue.depth", Unit: "{request}", Description: "Number of requests that wait or are being worked on.", Data: ints(7)},
		{
			Name: "cactus.queue.age", Unit: "s", Description: "Time that the oldest request has been in the queue.",
			Data: metricdata.Gauge[float64]{DataPoints: []metricdata.DataPoint[float64]{{Attributes: labels, Value: 1.5}}},
		},
		{Name: "cactus.queue.dead", Unit: "{request}", Description: "Number of requests that were given up.", Data: ints(2)},
	} {
		metricdatatest.AssertEqual(t, want, told.metric(t, want.Name), metricdatatest.IgnoreTimestamp())
	}

	failure = errors.New("the store is away")
	var all metricdata.ResourceMetrics
	require.ErrorIs(t, told.metrics.Collect(t.Context(), &all), failure)
	failure = nil
	require.NoError(t, unregister())
	require.Empty(t, told.metric(t, "cactus.queue.depth"))
}

func TestObserveQueue_PanicsWithoutAFunction(t *testing.T) {
	require.PanicsWithValue(t, "otelcactus: ObserveQueue: the function is nil", func() { _, _ = otelcactus.ObserveQueue(nil) })
}
