package otelcactus_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/cactuscorp/cactus/otelcactus"
	"github.com/cactuscorp/cactus/protocol"
)

// speak processes an event whose handler does this.
func speak(mw protocol.Middleware, metadata string, handle func(context.Context, *protocol.Event) (*protocol.Event, error)) {
	var r protocol.Registry
	protocol.HandleEvent(&r, "get:offers", 2, mw(handle))
	protocol.NewProcessor(&r).Process(context.Background(), []byte(
		`{"name":"get:offers","version":2,"id":"i","flowId":"f","payload":{"p":"s3cret"},"auth":{"token":"s3cret"},"metadata":`+metadata+`}`))
}

func respond(_ context.Context, event *protocol.Event) (*protocol.Event, error) {
	return event.Response(nil)
}

func TestProtocolMiddleware_LinksToTheCallersSpan(t *testing.T) {
	told := newTelemetry()
	speak(otelcactus.ProtocolMiddleware(told.options()...), `{"trace":{"traceparent":"`+traceparent+`","other":7}}`, respond)
	span := told.span(t, "process get:offers:v2")
	require.Equal(t, trace.SpanKindServer, span.SpanKind)
	require.False(t, span.Parent.IsValid())
	require.Len(t, span.Links, 1)
	require.Equal(t, spanID, span.Links[0].SpanContext.SpanID().String())
	require.Equal(t, "i", value(span, "EventID"))
	require.Equal(t, "f", value(span, "FlowID"))
	require.Equal(t, codes.Unset, span.Status.Code)
}

func TestProtocolMiddleware_TakesATrustedCallersSpanForItsParent(t *testing.T) {
	told := newTelemetry()
	speak(otelcactus.ProtocolMiddleware(told.options(otelcactus.WithRemoteParent())...), `{"trace":{"traceparent":"`+traceparent+`"}}`, respond)
	span := told.span(t, "process get:offers:v2")
	require.Equal(t, traceID, span.SpanContext.TraceID().String())
	require.Equal(t, spanID, span.Parent.SpanID().String())
}

func TestProtocolMiddleware_ReadsNothingFromAnotherCarrier(t *testing.T) {
	for _, metadata := range []string{`{}`, `{"trace":"` + traceparent + `"}`, `{"trace":null}`, `{"trace":{"traceparent":["` + traceparent + `"]}}`, `{"trace":{"traceparent":"x"}}`} {
		told := newTelemetry()
		speak(otelcactus.ProtocolMiddleware(told.options()...), metadata, respond)
		require.Empty(t, told.span(t, "process get:offers:v2").Links, metadata)
	}
}

func TestProtocolMiddleware_RecordsFailuresOfTheServerAlone(t *testing.T) {
	for name, tt := range map[string]struct {
		want   string
		handle func(context.Context, *protocol.Event) (*protocol.Event, error)
	}{
		"meant": {"", func(context.Context, *protocol.Event) (*protocol.Event, error) {
			return nil, protocol.NotFound("NO_OFFERS", nil)
		}},
		"redirect": {"", func(context.Context, *protocol.Event) (*protocol.Event, error) {
			return nil, protocol.Redirect("https://x", nil)
		}},
		"generic": {"error", func(context.Context, *protocol.Event) (*protocol.Event, error) {
			return nil, protocol.Generic("BROKEN", nil)
		}},
		"answered": {"error", func(_ context.Context, event *protocol.Event) (*protocol.Event, error) {
			return &protocol.Event{Name: event.Name + ":error", Version: 1}, nil
		}},
		"failed":  {"_OTHER", func(context.Context, *protocol.Event) (*protocol.Event, error) { return nil, errors.New("no") }},
		"timeout": {"timeout", func(context.Context, *protocol.Event) (*protocol.Event, error) { return nil, context.DeadlineExceeded }},
		"spoilt": {"_OTHER", func(context.Context, *protocol.Event) (*protocol.Event, error) {
			return nil, (*spoilt)(nil)
		}},
		"panic": {"panic", func(context.Context, *protocol.Event) (*protocol.Event, error) { panic("no") }},
		"dependency": {"notFound", func(context.Context, *protocol.Event) (*protocol.Event, error) {
			return nil, &protocol.ResponseError{Type: protocol.TypeNotFound}
		}},
	} {
		told := newTelemetry()
		speak(otelcactus.ProtocolMiddleware(told.options()...), `{}`, tt.handle)
		span := told.span(t, "process get:offers:v2")
		require.Equal(t, tt.want != "", span.Status.Code == codes.Error, name)
		if tt.want != "" {
			require.Equal(t, tt.want, value(span, "error.type"), name)
		}
		require.NotContains(t, text(span.Attributes), "s3cret")
	}
}

func TestProtocolClient_SendsItsSpanInTheMetadata(t *testing.T) {
	told := newTelemetry()
	var sent protocol.Event
	client := protocol.NewTransportClient(func(_ context.Context, body []byte) ([]byte, error) {
		if err := json.Unmarshal(body, &sent); err != nil {
			return nil, err
		}
		return []byte(`{"name":"get:offers:notFound","version":2,"payload":{"code":"NO_OFFERS"}}`), nil
	}, protocol.WithSendMiddleware(otelcactus.ProtocolClient(told.options()...)))

	ctx, parent := around(t, told)
	_, err := protocol.Send[any](ctx, client, "get:offers", 2, nil,
		protocol.WithMetadata(json.RawMessage(`{"origin":"o","timestamp":65484548474984654,"trace":{"old":"x"}}`)))
	require.ErrorAs(t, err, new(*protocol.ResponseError))
	span := told.span(t, "send get:offers:v2")
	require.Equal(t, trace.SpanKindClient, span.SpanKind)
	require.Equal(t, parent.SpanContext().SpanID(), span.Parent.SpanID())
	require.Equal(t, "notFound", value(span, "error.type"))
	require.Equal(t, sent.FlowID, value(span, "FlowID"))
	require.Equal(t, `{"origin":"o","timestamp":65484548474984654,"trace":{"traceparent":"00-`+
		span.SpanContext.TraceID().String()+`-`+span.SpanContext.SpanID().String()+`-01"}}`, string(sent.Metadata))
}

// Both ends make one trace.
func TestProtocol_TracesFromOneServiceToTheNext(t *testing.T) {
	told := newTelemetry()
	var r protocol.Registry
	protocol.HandleEvent(&r, "get:offers", 2, otelcactus.ProtocolMiddleware(told.options(otelcactus.WithRemoteParent())...)(respond))
	processor := protocol.NewProcessor(&r)
	client := protocol.NewTransportClient(func(_ context.Context, body []byte) ([]byte, error) {
		return processor.Process(context.Background(), body), nil //nolint:contextcheck // another service
	}, protocol.WithSendMiddleware(otelcactus.ProtocolClient(told.options()...)))
	_, err := protocol.Send[any](t.Context(), client, "get:offers", 2, nil)
	require.NoError(t, err)
	send, process := told.span(t, "send get:offers:v2"), told.span(t, "process get:offers:v2")
	require.Equal(t, send.SpanContext.SpanID(), process.Parent.SpanID())
	require.Equal(t, send.SpanContext.TraceID(), process.SpanContext.TraceID())
}

func FuzzProtocolMiddleware_Metadata(f *testing.F) {
	for _, seed := range []string{`{}`, `{"trace":{"traceparent":"` + traceparent + `","baggage":"a=b"}}`, `{"trace":[]}`, `null`, `{"trace":{"a":{}}}`} {
		f.Add(seed)
	}
	told := newTelemetry()
	mw := otelcactus.ProtocolMiddleware(told.options(otelcactus.WithRemoteParent())...)
	client := otelcactus.ProtocolClient(told.options()...)
	f.Fuzz(func(t *testing.T, metadata string) {
		told.spans.Reset()
		event := &protocol.Event{Name: "a:b", Version: 1, Metadata: json.RawMessage(metadata)}
		_, err := mw(client(func(_ context.Context, sent *protocol.Event) (*protocol.Event, error) {
			require.Equal(t, metadata, string(event.Metadata), "the caller's own stays as it is")
			if sent != event {
				require.True(t, json.Valid(sent.Metadata))
			}
			return sent.Response(nil)
		}))(context.Background(), event)
		require.True(t, err == nil || !json.Valid([]byte(metadata)))
		require.Len(t, told.spans.GetSpans(), 2)
	})
}
