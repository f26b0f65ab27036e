package otelcactus_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	noopmetric "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	nooptrace "go.opentelemetry.io/otel/trace/noop"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/otelcactus"
	"github.com/cactuscorp/cactus/types"
)

// discard is a span processor whose spans are recorded and go nowhere.
type discard struct{}

func (discard) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (discard) OnEnd(sdktrace.ReadOnlySpan)                     {}
func (discard) Shutdown(context.Context) error                  { return nil }
func (discard) ForceFlush(context.Context) error                { return nil }

// providers are what the costs are compared for.
func providers() map[string][]otelcactus.Option {
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
	tracers := func(s sdktrace.Sampler) *sdktrace.TracerProvider {
		return sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(discard{}), sdktrace.WithSampler(s))
	}
	return map[string][]otelcactus.Option{
		"no-op":       {otelcactus.WithTracerProvider(nooptrace.NewTracerProvider()), otelcactus.WithMeterProvider(noopmetric.NewMeterProvider())},
		"metrics":     {otelcactus.WithTracerProvider(nooptrace.NewTracerProvider()), otelcactus.WithMeterProvider(meters)},
		"not sampled": {otelcactus.WithTracerProvider(tracers(sdktrace.NeverSample())), otelcactus.WithMeterProvider(meters)},
		"sampled":     {otelcactus.WithTracerProvider(tracers(sdktrace.AlwaysSample())), otelcactus.WithMeterProvider(meters)},
	}
}

// run handles events below mw.
func run(mw ...cactus.Middleware) func(tb testing.TB) {
	r := &cactus.Registry{}
	r.Use(mw...)
	cactus.On(r, func(context.Context, *types.OrderShippedPushed) error { return nil })
	env := shipped()
	return func(tb testing.TB) {
		tb.Helper()
		if err := r.Dispatch(context.Background(), env); err != nil {
			tb.Fatal(err)
		}
	}
}

func BenchmarkMiddleware(b *testing.B) {
	b.Run("none", func(b *testing.B) {
		once := run()
		b.ReportAllocs()
		for b.Loop() {
			once(b)
		}
	})
	for name, opts := range providers() {
		b.Run(name, func(b *testing.B) {
			once := run(otelcactus.Middleware(opts...))
			b.ReportAllocs()
			for b.Loop() {
				once(b)
			}
		})
	}
}

func BenchmarkExtract(b *testing.B) {
	req := queued(map[string][]string{"traceparent": {traceparent}})
	opt := otelcactus.WithPropagator(propagation.TraceContext{})
	b.ReportAllocs()
	for b.Loop() {
		otelcactus.Extract(context.Background(), req, opt)
	}
}

// The labels are made once: measuring an event costs no allocation, and what an
// unsampled span costs is OpenTelemetry's own.
func TestMiddleware_BuildsNoAttributesPerEvent(t *testing.T) {
	allocs := func(mw ...cactus.Middleware) float64 {
		once := run(mw...)
		return testing.AllocsPerRun(100, func() { once(t) })
	}
	all, bare := providers(), allocs()
	require.LessOrEqual(t, allocs(otelcactus.Middleware(all["no-op"]...))-bare, 1.0, "OpenTelemetry's context")
	require.LessOrEqual(t, allocs(otelcactus.Middleware(all["metrics"]...))-bare, 1.0)
}
