package otelcactus_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/otelcactus"
	"github.com/cactuscorp/cactus/types"
)

// A request, its event and a pull are one trace. The spans end from the inside
// out.
func Example() {
	spans := tracetest.NewInMemoryExporter() // in your program: an OTLP exporter
	options := []otelcactus.Option{
		otelcactus.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))),
		otelcactus.WithDestination("orders"),
	}
	api := httptest.NewServer(cactustest.NewAPI(cactustest.APIKey))
	defer api.Close()

	registry := &cactus.Registry{
		Fetcher: otelcactus.Fetcher(types.NewClient(cactustest.APIKey, cactus.WithBaseURL(api.URL)), options...),
	}
	registry.Use(otelcactus.Middleware(options...), middleware.Recover())
	cactus.On(registry, func(ctx context.Context, e *types.OrderShippedPushed) error {
		_, err := e.FetchRelatedObject(ctx)
		return err
	})
	webhooks := otelcactus.Handler(cactus.NewHandler(registry, cactustest.Source()), options...)

	deliver(webhooks, cactustest.ThinBodies()[0])
	for _, span := range spans.GetSpans() {
		fmt.Println(span.SpanKind, span.Name)
	}
	// Output:
	// client pull object
	// consumer process order.shipped
	// server receive orders
}

// Of how many events became what, by type, outcome and reason.
func ExampleMiddleware() {
	reader := sdkmetric.NewManualReader()
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))

	registry := &cactus.Registry{}
	registry.Use(
		otelcactus.Middleware(otelcactus.WithMeterProvider(meters)),
		middleware.Dedupe(middleware.NewMemoryDedupe()),
	)
	cactus.On(registry, func(context.Context, *types.OrderShippedPushed) error { return nil })
	cactus.On(registry, func(context.Context, *types.OrderLostPushed) error { return errors.New("no connection") })
	for _, id := range []string{"evt_1", "evt_1", "evt_2"} {
		_ = registry.Dispatch(context.Background(), &cactus.Envelope{Meta: cactus.Meta{ID: id, Type: "order.shipped"}})
	}
	_ = registry.Dispatch(context.Background(), &cactus.Envelope{Meta: cactus.Meta{ID: "evt_3", Type: "order.lost"}})

	var all metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &all); err != nil {
		fmt.Println(err)
	}
	for _, m := range all.ScopeMetrics[0].Metrics {
		counter, ok := m.Data.(metricdata.Sum[int64])
		if !ok {
			continue
		}
		fmt.Println(m.Name)
		for _, p := range counter.DataPoints {
			eventType, _ := p.Attributes.Value(otelcactus.EventTypeKey)
			outcome, _ := p.Attributes.Value(otelcactus.OutcomeKey)
			reason, _ := p.Attributes.Value(otelcactus.ReasonKey)
			fmt.Printf("%d %s: %s %q\n", p.Value, eventType.AsString(), outcome.AsString(), reason.AsString())
		}
	}
	// Unordered output:
	// messaging.client.consumed.messages
	// 2 order.shipped: handled ""
	// 1 order.shipped: ignored "duplicate"
	// 1 order.lost: failed ""
}

// Unless a sender is trusted, its trace is linked to and its baggage left behind.
func ExampleWithRemoteParent() {
	for _, trust := range []bool{false, true} {
		spans := tracetest.NewInMemoryExporter()
		options := []otelcactus.Option{
			otelcactus.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))),
			otelcactus.WithPropagator(propagation.TraceContext{}),
		}
		if trust {
			options = append(options, otelcactus.WithRemoteParent())
		}
		webhooks := otelcactus.Handler(http.NotFoundHandler(), options...)
		req := httptest.NewRequest(http.MethodPost, "/webhooks", nil)
		req.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
		webhooks.ServeHTTP(httptest.NewRecorder(), req)

		span := spans.GetSpans()[0]
		fmt.Printf("trusted %t: child %t, linked to %s\n", trust, span.Parent.IsValid(), span.Links[0].SpanContext.SpanID())
	}
	// Output:
	// trusted false: child false, linked to 00f067aa0ba902b7
	// trusted true: child true, linked to 00f067aa0ba902b7
}

// A message out of a queue is processed in a trace of its own, which links to
// the sender's.
func ExampleExtract() {
	spans := tracetest.NewInMemoryExporter()
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	registry := &cactus.Registry{}
	registry.Use(otelcactus.Middleware(otelcactus.WithTracerProvider(tracers)))
	cactus.On(registry, func(context.Context, *types.OrderShippedPushed) error { return nil })

	req := cactus.NewRequest(map[string][]string{
		"traceparent": {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
		"webhook-id":  {"evt_441"},
	}, cactustest.ThinBodies()[0], time.Time{})
	ctx := otelcactus.Extract(context.Background(), req, otelcactus.WithPropagator(propagation.TraceContext{}))
	if err := registry.ReceiveVerified(ctx, cactustest.Source(), req); err != nil {
		fmt.Println(err)
	}
	span := spans.GetSpans()[0]
	fmt.Println(span.Name, "links to", span.Links[0].SpanContext.SpanID())
	// Output: process order.shipped links to 00f067aa0ba902b7
}

// What is pulled from the API, and how that ended.
func ExampleFetcher() {
	spans := tracetest.NewInMemoryExporter()
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	api := httptest.NewServer(cactustest.NewAPI(cactustest.APIKey))
	defer api.Close()

	client := types.NewClient(cactustest.APIKey, cactus.WithBaseURL(api.URL))
	fetcher := otelcactus.Fetcher(client, otelcactus.WithTracerProvider(tracers))
	_, err := fetcher.FetchEvent(context.Background(), &cactus.Meta{ID: "evt_0", Type: "order.shipped"})
	fmt.Println(errors.Is(err, cactus.ErrNotFound))
	for _, a := range spans.GetSpans()[0].Attributes {
		if a.Key == "error.type" {
			fmt.Println(spans.GetSpans()[0].Name, a.Value.AsString())
		}
	}
	// Output:
	// true
	// pull event 404
}

// The state of a queue, asked for whenever metrics are collected.
func ExampleObserveQueue() {
	reader := sdkmetric.NewManualReader()
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	unregister, err := otelcactus.ObserveQueue(func(context.Context) (otelcactus.QueueStats, error) {
		return otelcactus.QueueStats{Depth: 3, Oldest: 2 * time.Second}, nil // ask the queue
	}, otelcactus.WithMeterProvider(meters), otelcactus.WithDestination("orders"))
	if err != nil {
		fmt.Println(err)
	}
	var all metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &all); err != nil {
		fmt.Println(err)
	}
	for _, m := range all.ScopeMetrics[0].Metrics {
		switch data := m.Data.(type) {
		case metricdata.Gauge[int64]:
			fmt.Println(m.Name, data.DataPoints[0].Value)
		case metricdata.Gauge[float64]:
			fmt.Println(m.Name, data.DataPoints[0].Value)
		}
	}
	fmt.Println(unregister())
	// Unordered output:
	// cactus.queue.depth 3
	// cactus.queue.age 2
	// cactus.queue.dead 0
	// <nil>
}

// deliver posts a signed body to h.
func deliver(h http.Handler, body []byte) {
	env, err := cactus.ParseEnvelope(body)
	if err != nil {
		panic(err)
	}
	req := httptest.NewRequest(http.MethodPost, "/webhooks", bytes.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	if err := cactustest.Scheme().Sign(req.Header, env.ID, body, time.Now()); err != nil {
		panic(err)
	}
	h.ServeHTTP(httptest.NewRecorder(), req)
}
