package otelcactus_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/otelcactus"
	"github.com/cactuscorp/cactus/types"
)

const pulled = "cactus.pull.duration"

// failing is a Fetcher that does nothing but fail.
type failing struct{ err error }

func (f failing) FetchEvent(context.Context, *cactus.Meta) (*cactus.Envelope, error) {
	return nil, f.err
}

func (f failing) FetchObject(context.Context, *cactus.Meta, cactus.ObjectRef) ([]byte, error) {
	return nil, f.err
}

// exploding is a Fetcher that panics.
type exploding struct{ cactus.Fetcher }

func (exploding) FetchEvent(context.Context, *cactus.Meta) (*cactus.Envelope, error) { panic("boom") }

func TestFetcher_RecordsPullsBelowTheProcessSpan(t *testing.T) {
	told := newTelemetry()
	api := cactustest.NewServer(t)
	var sent http.Header
	client := api.Client(cactus.WithHeader(func(h http.Header, _ *cactus.Meta) { sent = h.Clone() }))
	opts := told.options(otelcactus.WithDestination("orders"), otelcactus.WithEventTypes("order.shipped"))
	r := &cactus.Registry{Fetcher: otelcactus.Fetcher(client, opts...)}
	r.Use(otelcactus.Middleware(opts...))
	cactus.On(r, func(ctx context.Context, e *types.OrderShippedPushed) error {
		full, err := e.Pull(ctx)
		require.NoError(t, err)
		require.Equal(t, "usps", full.Data.ShippingService)
		order, err := e.FetchRelatedObject(ctx)
		require.NoError(t, err)
		require.Equal(t, 5, order.NumItems)
		return nil
	})
	require.NoError(t, r.Dispatch(t.Context(), shipped()))

	process, event, object := told.span(t, "process order.shipped"), told.span(t, "pull event"), told.span(t, "pull object")
	require.Equal(t, process.SpanContext.SpanID(), event.Parent.SpanID())
	require.Equal(t, process.SpanContext.SpanID(), object.Parent.SpanID())
	require.Equal(t, trace.SpanKindClient, event.SpanKind)
	require.Equal(t, "receive", value(event, "messaging.operation.type"))
	require.Empty(t, value(object, "messaging.operation.type"), "an object is no message")
	require.Equal(t, "cactus.event.type=order.shipped cactus.pull=event messaging.destination.name=orders messaging.message.id=evt_441", text(event.Attributes))
	require.Equal(t, "cactus.event.type=order.shipped cactus.pull=object cactus.related_object.type=order messaging.destination.name=orders messaging.message.id=evt_441",
		text(object.Attributes))
	require.Equal(t, map[string]int{
		"cactus.event.type=order.shipped cactus.pull=event messaging.destination.name=orders":  1,
		"cactus.event.type=order.shipped cactus.pull=object messaging.destination.name=orders": 1,
	}, told.counts(t, pulled))
	require.NotEmpty(t, sent)
	require.Empty(t, sent.Get("Traceparent"), "the API is somebody else's")
}

func TestFetcher_RecordsFailuresByFewNames(t *testing.T) {
	for _, tc := range []struct {
		name   string
		err    error
		label  string
		status string
	}{
		{"not found", fmt.Errorf("wrapped: %w", &cactus.APIError{Status: 404, Code: "no_such_event"}), "404", "404"},
		{"rate limited", &cactus.APIError{Status: 429}, "429", "429"},
		{"no status of HTTP", &cactus.APIError{Status: 777}, "_OTHER", ""},
		{"timeout", fmt.Errorf("wrapped: %w", context.DeadlineExceeded), "timeout", ""},
		{"canceled", context.Canceled, "canceled", ""},
		{"another", errors.New("another"), "_OTHER", ""},
		{"nil pointer", (*cactus.APIError)(nil), "_OTHER", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			told := newTelemetry()
			f := otelcactus.Fetcher(failing{tc.err}, told.options()...)
			_, err := f.FetchEvent(t.Context(), &shipped().Meta)
			require.Equal(t, tc.err, err)
			_, err = f.FetchObject(t.Context(), &shipped().Meta, shipped().RelatedObject)
			require.Equal(t, tc.err, err)
			for _, kind := range []string{"event", "object"} {
				span := told.span(t, "pull "+kind)
				require.Equal(t, codes.Error, span.Status.Code)
				require.Equal(t, tc.label, value(span, "error.type"))
				require.Equal(t, tc.status, value(span, "http.response.status_code"))
				require.Len(t, span.Events, 1)
			}
			require.Equal(t, map[string]int{
				"cactus.event.type=_OTHER cactus.pull=event error.type=" + tc.label:  1,
				"cactus.event.type=_OTHER cactus.pull=object error.type=" + tc.label: 1,
			}, told.counts(t, pulled))
		})
	}
}

func TestFetcher_RecordsAPanicThatGoesOn(t *testing.T) {
	told := newTelemetry()
	f := otelcactus.Fetcher(exploding{}, told.options()...)
	require.PanicsWithValue(t, "boom", func() { _, _ = f.FetchEvent(t.Context(), &shipped().Meta) })
	span := told.span(t, "pull event")
	require.Equal(t, "panic: boom", span.Status.Description)
	require.Contains(t, text(span.Events[0].Attributes), "exploding")
	require.Equal(t, map[string]int{"cactus.event.type=_OTHER cactus.pull=event error.type=panic": 1}, told.counts(t, pulled))
}

func TestFetcher_KeepsLabelsBoundedAndIsSafeForConcurrentUse(t *testing.T) {
	told := newTelemetry()
	f := otelcactus.Fetcher(failing{}, told.options(otelcactus.WithEventTypes("n1"))...)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 100 {
				name := fmt.Sprintf("n%d", i)
				_, _ = f.FetchObject(context.Background(), &cactus.Meta{ID: name, Type: name, Tenant: name}, cactus.ObjectRef{ID: name, Type: name})
			}
		})
	}
	wg.Wait()
	require.Equal(t, map[string]int{"cactus.event.type=n1 cactus.pull=object": 4, "cactus.event.type=_OTHER cactus.pull=object": 396}, told.counts(t, pulled))
}

func TestFetcher_PanicsWithoutAFetcher(t *testing.T) {
	require.PanicsWithValue(t, "otelcactus: Fetcher: the fetcher is nil", func() { otelcactus.Fetcher(nil) })
}
