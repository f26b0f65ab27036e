package otelcactus_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/otelcactus"
	"github.com/cactuscorp/cactus/types"
)

// A sender's trace context, and what is in it.
const (
	traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	traceID     = "4bf92f3577b34da6a3ce929d0e0e4736"
	spanID      = "00f067aa0ba902b7"
)

// w3c reads and writes trace context and baggage.
var w3c = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})

// telemetry keeps in memory what is recorded.
type telemetry struct {
	spans   *tracetest.InMemoryExporter
	tracers *sdktrace.TracerProvider
	metrics *sdkmetric.ManualReader
	meters  *sdkmetric.MeterProvider
}

func newTelemetry() *telemetry {
	spans, metrics := tracetest.NewInMemoryExporter(), sdkmetric.NewManualReader()
	return &telemetry{
		spans:   spans,
		tracers: sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)),
		metrics: metrics,
		meters:  sdkmetric.NewMeterProvider(sdkmetric.WithReader(metrics)),
	}
}

// options are those that record into t, and more.
func (t *telemetry) options(more ...otelcactus.Option) []otelcactus.Option {
	return append([]otelcactus.Option{
		otelcactus.WithTracerProvider(t.tracers),
		otelcactus.WithMeterProvider(t.meters),
		otelcactus.WithPropagator(w3c),
	}, more...)
}

// span returns the one span of this name.
func (t *telemetry) span(tb testing.TB, name string) tracetest.SpanStub {
	tb.Helper()
	var found []tracetest.SpanStub
	all := t.spans.GetSpans()
	names := make([]string, 0, len(all))
	for _, s := range all {
		names = append(names, s.Name)
		if s.Name == name {
			found = append(found, s)
		}
	}
	require.Len(tb, found, 1, "spans named %q among %q", name, names)
	return found[0]
}

// metric returns the instrument of this name; an empty one if nothing was recorded.
func (t *telemetry) metric(tb testing.TB, name string) metricdata.Metrics {
	tb.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(tb, t.metrics.Collect(tb.Context(), &all))
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			if m.Name == name {
				require.Equal(tb, otelcactus.ScopeName, scope.Scope.Name)
				require.Equal(tb, cactus.Version, scope.Scope.Version)
				return m
			}
		}
	}
	return metricdata.Metrics{}
}

// counts returns how often each set of labels was recorded.
func (t *telemetry) counts(tb testing.TB, name string) map[string]int {
	tb.Helper()
	counts := make(map[string]int)
	switch data := t.metric(tb, name).Data.(type) {
	case nil:
	case metricdata.Sum[int64]:
		for _, p := range data.DataPoints {
			counts[text(p.Attributes.ToSlice())] = int(p.Value)
		}
	case metricdata.Histogram[float64]:
		for _, p := range data.DataPoints {
			counts[text(p.Attributes.ToSlice())] = int(p.Count)
		}
	default:
		require.Fail(tb, "another kind of metric", "%T", data)
	}
	return counts
}

// text returns attributes in order, without those that are always the same.
func text(attrs []attribute.KeyValue) string {
	set := attribute.NewSet(attrs...)
	out := make([]string, 0, set.Len())
	for _, a := range set.ToSlice() {
		switch a.Key {
		case "messaging.system", "messaging.operation.name", "messaging.operation.type":
			continue
		}
		out = append(out, string(a.Key)+"="+a.Value.String())
	}
	return strings.Join(out, " ")
}

func value(s tracetest.SpanStub, key attribute.Key) string {
	for _, a := range s.Attributes {
		if a.Key == key {
			return a.Value.String()
		}
	}
	return ""
}

// linkOf returns the trace and span that s links to.
func linkOf(tb testing.TB, s tracetest.SpanStub) (trace, span string) {
	tb.Helper()
	require.Len(tb, s.Links, 1)
	return s.Links[0].SpanContext.TraceID().String(), s.Links[0].SpanContext.SpanID().String()
}

// dispatch has h handle one thin order.shipped below mw.
func dispatch(ctx context.Context, mw cactus.Middleware, h func(context.Context) error) error {
	r := &cactus.Registry{}
	r.Use(mw)
	cactus.On(r, func(ctx context.Context, _ *types.OrderShippedPushed) error { return h(ctx) })
	return r.Dispatch(ctx, shipped())
}

func shipped() *cactus.Envelope {
	return &cactus.Envelope{
		Meta:          cactus.Meta{ID: "evt_441", Type: "order.shipped", Tenant: "acme"},
		RelatedObject: cactus.ObjectRef{ID: "ord_452", Type: "order"},
	}
}

// around returns a context with a span of t's in it.
func around(tb testing.TB, t *telemetry) (context.Context, trace.Span) {
	tb.Helper()
	ctx, span := t.tracers.Tracer("test").Start(tb.Context(), "around")
	tb.Cleanup(func() { span.End() })
	return ctx, span
}
