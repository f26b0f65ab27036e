package otelcactus_test

import (
	"context"
	"fmt"

	"github.com/cactuscorp/cactus/otelcactus"
	"github.com/cactuscorp/cactus/protocol"
)

func ExampleProtocolMiddleware() {
	told := newTelemetry()
	traced := otelcactus.ProtocolMiddleware(told.options(otelcactus.WithRemoteParent())...)

	var r protocol.Registry
	protocol.HandleEvent(&r, "get:offers", 1, traced(func(_ context.Context, e *protocol.Event) (*protocol.Event, error) {
		return e.Response(nil)
	}))
	protocol.NewProcessor(&r).Process(context.Background(), []byte(`{"name":"get:offers","version":1,
		"metadata":{"trace":{"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}}}`))

	for _, span := range told.spans.GetSpans() {
		fmt.Println(span.Name, "below", span.Parent.SpanID())
	}
	// Output: process get:offers:v1 below 00f067aa0ba902b7
}

func ExampleProtocolClient() {
	told := newTelemetry()
	client := protocol.NewTransportClient(func(context.Context, []byte) ([]byte, error) {
		return []byte(`{"name":"eventNotFound","version":1}`), nil // in your program: protocol.NewClient
	}, protocol.WithSendMiddleware(otelcactus.ProtocolClient(told.options()...)))

	_, err := protocol.Send[any](context.Background(), client, "get:offers", 1, nil)
	fmt.Println(err)
	for _, span := range told.spans.GetSpans() {
		fmt.Println(span.Name, value(span, "error.type"))
	}
	// Output:
	// send get:offers:v1: answered eventNotFound
	// send get:offers:v1 eventNotFound
}
