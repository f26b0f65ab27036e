// Command otel receives a webhook that carries a trace context, pulls the order
// that it is about, and prints the spans and metrics of that as JSON. From the
// repository's root:
//
//	go run ./examples/otel
//
// The first lines are the spans, from the inside out: pull, process, receive. All
// have one TraceID, and the latter two link to the sender's trace. The last line
// is the metrics.
//
// The company is played by corp.go.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/stdout/stdoutmetric"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/otelcactus"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/types"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "otel:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	shutdown, err := setUp()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shutdown(ctx)) }() // prints the metrics
	corp := startCorp()
	defer corp.stop()

	client := types.NewClient(corp.apiKey, cactus.WithBaseURL(corp.apiURL))
	registry := &cactus.Registry{
		Fetcher:   otelcactus.Fetcher(client, otelcactus.WithEventTypes(types.Catalogue.Types()...)),
		Catalogue: types.Catalogue,
	}
	registry.Use(
		otelcactus.Middleware(), // the outermost
		middleware.Retry(),
		middleware.Recover(),
	)
	cactus.On(registry, func(ctx context.Context, e *types.OrderShippedPushed) error {
		order, err := e.FetchRelatedObject(ctx) // a span of its own
		if err != nil {
			return err
		}
		return save(ctx, order)
	})

	verifier := signature.Must(signature.NewStandardWebhooks(signature.Key{Secret: corp.secret}))
	mux := http.NewServeMux()
	mux.Handle("POST /webhooks", otelcactus.Handler(cactus.NewHandler(registry, cactus.Thin(verifier))))
	receiver := httptest.NewServer(mux)
	defer receiver.Close()

	return corp.deliver(ctx, receiver.URL+"/webhooks")
}

// save stands for the work that an event makes. Libraries that know
// OpenTelemetry find the process span in ctx.
func save(context.Context, *types.Order) error { return nil }

// setUp has all spans and metrics printed. In your program an exporter for OTLP
// takes stdout's place, and a batcher that of the syncer.
func setUp() (shutdown func(context.Context) error, err error) {
	traces, err := stdouttrace.New()
	if err != nil {
		return nil, err
	}
	metrics, err := stdoutmetric.New()
	if err != nil {
		return nil, err
	}
	service := resource.NewSchemaless(semconv.ServiceName("orders"))
	tracers := trace.NewTracerProvider(trace.WithSyncer(traces), trace.WithResource(service))
	meters := metric.NewMeterProvider(metric.WithReader(metric.NewPeriodicReader(metrics)), metric.WithResource(service))
	otel.SetTracerProvider(tracers)
	otel.SetMeterProvider(meters)
	otel.SetTextMapPropagator(propagation.TraceContext{}) // without it no header is read
	return func(ctx context.Context) error {
		return errors.Join(tracers.Shutdown(ctx), meters.Shutdown(ctx))
	}, nil
}
