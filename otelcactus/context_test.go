package otelcactus_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/trace"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/otelcactus"
)

// queued is a request as it comes out of a queue.
func queued(header map[string][]string) *cactus.Request {
	return cactus.NewRequest(header, nil, time.Time{})
}

func nothing(context.Context) error { return nil }

func TestExtract_HasTheProcessSpanLinkToTheStoredContext(t *testing.T) {
	told := newTelemetry()
	req := queued(map[string][]string{"traceparent": {traceparent}, "baggage": {"user=mallory"}})

	ctx := otelcactus.Extract(t.Context(), req, told.options()...)
	require.Empty(t, baggage.FromContext(ctx).Members())
	require.False(t, trace.SpanContextFromContext(ctx).IsValid())
	require.NoError(t, dispatch(ctx, otelcactus.Middleware(told.options()...), nothing))
	span := told.span(t, "process order.shipped")
	require.False(t, span.Parent.IsValid())
	gotTrace, gotSpan := linkOf(t, span)
	require.Equal(t, traceID, gotTrace)
	require.Equal(t, spanID, gotSpan)
	require.True(t, span.Links[0].SpanContext.IsRemote())
}

func TestExtract_KeepsAWorkersSpanAsTheParent(t *testing.T) {
	for _, opts := range [][]otelcactus.Option{nil, {otelcactus.WithRemoteParent()}} {
		told := newTelemetry()
		ctx, worker := around(t, told)
		ctx = otelcactus.Extract(ctx, queued(map[string][]string{"traceparent": {traceparent}}), told.options(opts...)...)
		require.NoError(t, dispatch(ctx, otelcactus.Middleware(told.options()...), nothing))
		span := told.span(t, "process order.shipped")
		require.Equal(t, worker.SpanContext().SpanID(), span.Parent.SpanID())
		_, linked := linkOf(t, span)
		require.Equal(t, spanID, linked)
	}
}

func TestExtract_MakesTheStoredContextTheParentIfItIsTrusted(t *testing.T) {
	told := newTelemetry()
	req := queued(map[string][]string{"traceparent": {traceparent}, "baggage": {"user=usr_1"}})
	ctx := otelcactus.Extract(t.Context(), req, told.options(otelcactus.WithRemoteParent())...)
	require.Equal(t, "usr_1", baggage.FromContext(ctx).Member("user").Value())
	require.NoError(t, dispatch(ctx, otelcactus.Middleware(told.options()...), nothing))
	span := told.span(t, "process order.shipped")
	require.Equal(t, spanID, span.Parent.SpanID().String())
	_, linked := linkOf(t, span)
	require.Equal(t, spanID, linked)
}

func TestExtract_ForgetsTheContextOfAnotherRequest(t *testing.T) {
	told := newTelemetry()
	ctx := otelcactus.Extract(t.Context(), queued(map[string][]string{"traceparent": {traceparent}}), told.options()...)
	ctx = otelcactus.Extract(ctx, queued(nil), told.options()...)
	require.NoError(t, dispatch(ctx, otelcactus.Middleware(told.options()...), nothing))
	require.Empty(t, told.span(t, "process order.shipped").Links)
	require.Equal(t, t.Context(), otelcactus.Extract(t.Context(), &cactus.Request{}))
}
