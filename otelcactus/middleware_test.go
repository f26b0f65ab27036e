package otelcactus_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/trace"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/otelcactus"
	"github.com/cactuscorp/cactus/types"
)

const (
	duration = "messaging.process.duration"
	consumed = "messaging.client.consumed.messages"
)

var errLate = errors.New("no connection")

func TestMiddleware_RecordsASpanAndMetricsForAnEvent(t *testing.T) {
	told := newTelemetry()
	ctx, parent := around(t, told)
	mw := otelcactus.Middleware(told.options(otelcactus.WithDestination("orders"))...)
	require.NoError(t, dispatch(ctx, mw, func(ctx context.Context) error {
		require.NotEqual(t, parent.SpanContext().SpanID(), trace.SpanContextFromContext(ctx).SpanID())
		return nil
	}))

	span := told.span(t, "process order.shipped")
	require.Equal(t, trace.SpanKindConsumer, span.SpanKind)
	require.Equal(t, parent.SpanContext().SpanID(), span.Parent.SpanID())
	require.Equal(t, codes.Unset, span.Status.Code)
	require.Empty(t, span.Links)
	require.Empty(t, span.Events)
	require.Equal(t, "cactus", value(span, "messaging.system"))
	require.Equal(t, "process", value(span, "messaging.operation.name"))
	require.Equal(t, "process", value(span, "messaging.operation.type"))
	require.Equal(t, "cactus.event.type=order.shipped cactus.outcome=handled cactus.related_object.type=order "+
		"messaging.destination.name=orders messaging.message.id=evt_441", text(span.Attributes), "and no tenant")
	require.Equal(t, otelcactus.ScopeName, span.InstrumentationScope.Name)
	require.Equal(t, cactus.Version, span.InstrumentationScope.Version)
	require.Contains(t, span.InstrumentationScope.SchemaURL, "1.43.0")

	want := map[string]int{"cactus.event.type=order.shipped cactus.outcome=handled messaging.destination.name=orders": 1}
	require.Equal(t, want, told.counts(t, duration))
	require.Equal(t, want, told.counts(t, consumed))
	require.Equal(t, "s", told.metric(t, duration).Unit)
	require.Equal(t, "{message}", told.metric(t, consumed).Unit)
	points := told.metric(t, duration).Data.(metricdata.Histogram[float64]).DataPoints
	require.Equal(t, []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}, points[0].Bounds)
	require.Len(t, points[0].Exemplars, 1, "which leads from the metric to the trace")
	require.Equal(t, span.SpanContext.SpanID().String(), hex.EncodeToString(points[0].Exemplars[0].SpanID))
}

func TestMiddleware_RecordsHowEventsEnd(t *testing.T) {
	errMine := errors.New("mine")
	for _, tc := range []struct {
		name   string
		err    error
		fails  bool
		labels string
	}{
		{"ignored", cactus.ErrIgnored, false, "cactus.outcome=ignored"},
		{"duplicate", middleware.ErrDuplicate, false, "cactus.outcome=ignored cactus.reason=duplicate"},
		{"stale", middleware.ErrStale, false, "cactus.outcome=ignored cactus.reason=stale"},
		{"unhandled", cactus.ErrNoHandler, false, "cactus.outcome=unhandled"},
		{"failed", errLate, true, "cactus.outcome=failed error.type=failed"},
		{"wrapped", fmt.Errorf("save: %w", errLate), true, "cactus.outcome=failed error.type=failed"},
		{"permanent", cactus.Permanent(errLate), true, "cactus.outcome=permanent error.type=permanent"},
		{"gone", cactus.ErrGone, true, "cactus.outcome=gone error.type=gone"},
		{"retry", cactus.RetryAfter(time.Second, nil), true, "cactus.outcome=retry error.type=retry"},
		{"in flight", &cactus.Error{Outcome: cactus.OutcomeBusy, Err: middleware.ErrInFlight}, true, "cactus.outcome=busy cactus.reason=in_flight error.type=in_flight"},
		{"timeout", fmt.Errorf("save: %w", context.DeadlineExceeded), true, "cactus.outcome=failed cactus.reason=timeout error.type=timeout"},
		{"recovered", cactus.NewPanicError("boom"), true, "cactus.outcome=failed cactus.reason=panic error.type=panic"},
		{"recovered from an error", cactus.NewPanicError(context.DeadlineExceeded), true, "cactus.outcome=failed cactus.reason=panic error.type=panic"},
		{"of the user's", &cactus.Error{Outcome: cactus.OutcomeIgnored, Err: errors.Join(middleware.ErrDuplicate, errMine)}, false, "cactus.outcome=ignored cactus.reason=mine"},
		{"made up", &cactus.Error{Outcome: 4711, Err: errLate}, true, "cactus.outcome=failed error.type=failed"},
		{"made up below zero", &cactus.Error{Outcome: -1, Err: errLate}, true, "cactus.outcome=failed error.type=failed"},
		{"not to be looked at", (*spoilt)(nil), true, "cactus.outcome=failed cactus.reason=panic error.type=panic"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			told := newTelemetry()
			mw := otelcactus.Middleware(told.options(otelcactus.WithReason("mine", errMine))...)
			_ = dispatch(t.Context(), mw, func(context.Context) error { return tc.err })

			span := told.span(t, "process order.shipped")
			require.Contains(t, text(span.Attributes), strings.Fields(tc.labels)[0])
			require.Equal(t, tc.fails, span.Status.Code == codes.Error)
			require.Equal(t, tc.fails, len(span.Events) == 1)
			require.Equal(t, map[string]int{"cactus.event.type=order.shipped " + tc.labels: 1}, told.counts(t, duration))
			require.Equal(t, told.counts(t, duration), told.counts(t, consumed))
		})
	}
}

// spoilt is an error that panics when it is looked at as a nil pointer.
type spoilt struct{ text string }

func (e *spoilt) Error() string { return e.text }
func (e *spoilt) Unwrap() error { return errors.New(e.text) }

func TestMiddleware_RecordsAnErrorAsAnException(t *testing.T) {
	told := newTelemetry()
	mw := otelcactus.Middleware(told.options()...)
	long := strings.Repeat("ä", 2000)
	require.Error(t, dispatch(t.Context(), mw, func(context.Context) error { return fmt.Errorf("save \xff: %w: %s", errLate, long) }))

	span := told.span(t, "process order.shipped")
	require.True(t, strings.HasPrefix(span.Status.Description, "save : no connection: ää"), "an exporter refuses what is not UTF-8")
	require.Less(t, len(span.Status.Description), 1025)
	require.Equal(t, "exception", span.Events[0].Name)
	require.Contains(t, text(span.Events[0].Attributes), "exception.message=save : no connection")
	require.NotContains(t, text(span.Events[0].Attributes), "exception.stacktrace")
}

func explode(value any) { panic(value) }

func TestMiddleware_RecordsAPanicThatGoesOnWithItsStack(t *testing.T) {
	for _, tc := range []struct {
		value      any
		kind, text string
	}{
		{"boom", "string", "panic: boom"},
		{errLate, "*errors.errorString", "panic: no connection"},
		{shipped(), "*cactus.Envelope", "panic: a *cactus.Envelope"},
	} {
		told := newTelemetry()
		err := dispatch(t.Context(), otelcactus.Middleware(told.options()...), func(context.Context) error {
			explode(tc.value)
			return nil
		})
		var p *cactus.PanicError
		require.ErrorAs(t, err, &p)
		require.Equal(t, tc.value, p.Value)
		require.Contains(t, string(p.Stack), "otelcactus_test.explode")

		span := told.span(t, "process order.shipped")
		require.Equal(t, codes.Error, span.Status.Code)
		require.Equal(t, tc.text, span.Status.Description)
		event := text(span.Events[0].Attributes)
		require.Contains(t, event, "exception.type="+tc.kind)
		require.Contains(t, event, "exception.message="+tc.text)
		require.Contains(t, event, "otelcactus_test.explode")
		want := map[string]int{"cactus.event.type=order.shipped cactus.outcome=failed cactus.reason=panic error.type=panic": 1}
		require.Equal(t, want, told.counts(t, consumed))
		require.Equal(t, want, told.counts(t, duration))
	}
}

func TestMiddleware_RecordsAnAbortAndTheEndOfAGoroutine(t *testing.T) {
	told := newTelemetry()
	mw := otelcactus.Middleware(told.options()...)
	require.PanicsWithValue(t, http.ErrAbortHandler, func() {
		_ = dispatch(t.Context(), mw, func(context.Context) error { panic(http.ErrAbortHandler) })
	})
	span := told.span(t, "process order.shipped")
	require.Equal(t, codes.Error, span.Status.Code)
	require.NotContains(t, text(span.Events[0].Attributes), "exception.stacktrace", "it is meant to be quiet")

	told.spans.Reset()
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = dispatch(context.Background(), mw, func(context.Context) error { (&testing.T{}).SkipNow(); return nil })
	})
	wg.Wait()
	require.Equal(t, "the goroutine was ended", told.span(t, "process order.shipped").Status.Description)
}

func TestMiddleware_KeepsLabelsBoundedUnderAFloodOfTypesAndTenants(t *testing.T) {
	told := newTelemetry()
	r := &cactus.Registry{}
	r.Use(otelcactus.Middleware(told.options(otelcactus.WithEventTypes("invoice.paid"), otelcactus.WithTenant())...))
	cactus.On(r, func(context.Context, *types.OrderShippedPushed) error { return nil }, cactus.WithTypes("order.*"))
	r.Handle("invoice.*", func(context.Context, *cactus.RawEvent) error { return nil })
	r.OnOther(func(context.Context, *cactus.RawEvent, bool) error { return nil })
	for i := range 500 {
		for _, family := range []string{"order", "invoice", "surprise"} {
			id := fmt.Sprintf("%s.n%d", family, i)
			require.NoError(t, r.Dispatch(t.Context(), &cactus.Envelope{Meta: cactus.Meta{ID: id, Type: id, Tenant: id}}))
		}
	}
	for _, known := range []string{"order.shipped", "invoice.paid"} {
		require.NoError(t, r.Dispatch(t.Context(), &cactus.Envelope{Meta: cactus.Meta{ID: known, Type: known}}))
	}
	require.Equal(t, map[string]int{
		"cactus.event.type=_OTHER cactus.outcome=handled":        1500,
		"cactus.event.type=order.shipped cactus.outcome=handled": 1,
		"cactus.event.type=invoice.paid cactus.outcome=handled":  1,
	}, told.counts(t, consumed))
	names := make(map[string]bool)
	for _, s := range told.spans.GetSpans() {
		names[s.Name] = true
	}
	require.Equal(t, map[string]bool{"process": true, "process order.shipped": true, "process invoice.paid": true}, names)
	require.Equal(t, "surprise.n499", value(told.spans.GetSpans()[1499], otelcactus.EventTypeKey), "the span has the type")
	require.Equal(t, "surprise.n499", value(told.spans.GetSpans()[1499], otelcactus.TenantKey))
}

func TestMiddleware_NamesSpansOfUnknownTypesAfterTheDestination(t *testing.T) {
	told := newTelemetry()
	r := &cactus.Registry{}
	r.Use(otelcactus.Middleware(told.options(otelcactus.WithDestination("orders"), otelcactus.WithSystem("eventgrid"))...))
	r.Handle("*", func(context.Context, *cactus.RawEvent) error { return nil })
	require.NoError(t, r.Dispatch(t.Context(), shipped()))
	require.Equal(t, "eventgrid", value(told.span(t, "process orders"), "messaging.system"))
}

func TestMiddleware_SeesWhatDedupeDecides(t *testing.T) {
	told := newTelemetry()
	r := &cactus.Registry{}
	r.Use(otelcactus.Middleware(told.options()...), middleware.Dedupe(middleware.NewMemoryDedupe()))
	cactus.On(r, func(context.Context, *types.OrderShippedPushed) error { return nil })
	for range 3 {
		_ = r.Dispatch(t.Context(), shipped())
	}
	require.Equal(t, map[string]int{
		"cactus.event.type=order.shipped cactus.outcome=handled":                         1,
		"cactus.event.type=order.shipped cactus.outcome=ignored cactus.reason=duplicate": 2,
	}, told.counts(t, consumed))
}

func TestMiddleware_IsSafeForConcurrentUse(t *testing.T) {
	told := newTelemetry()
	r := &cactus.Registry{}
	r.Use(otelcactus.Middleware(told.options()...))
	cactus.On(r, func(_ context.Context, e *types.OrderShippedPushed) error {
		if e.ID == "odd" {
			return errLate
		}
		return nil
	})
	cactus.On(r, func(context.Context, *types.OrderLostPushed) error { panic("boom") })
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				_ = r.Dispatch(context.Background(), &cactus.Envelope{Meta: cactus.Meta{ID: "odd", Type: "order.shipped"}})
				_ = r.Dispatch(context.Background(), &cactus.Envelope{Meta: cactus.Meta{ID: "even", Type: "order.shipped"}})
				_ = r.Dispatch(context.Background(), &cactus.Envelope{Meta: cactus.Meta{ID: "lost", Type: "order.lost"}})
			}
		})
	}
	wg.Wait()
	require.Equal(t, map[string]int{
		"cactus.event.type=order.shipped cactus.outcome=handled":                                  400,
		"cactus.event.type=order.shipped cactus.outcome=failed error.type=failed":                 400,
		"cactus.event.type=order.lost cactus.outcome=failed cactus.reason=panic error.type=panic": 400,
	}, told.counts(t, consumed))
	require.Len(t, told.spans.GetSpans(), 1200)
}

func TestMiddleware_WorksWithoutAnSDK(t *testing.T) {
	require.NoError(t, dispatch(t.Context(), otelcactus.Middleware(), func(context.Context) error { return nil }))
	require.ErrorIs(t, dispatch(t.Context(), otelcactus.Middleware(), func(context.Context) error { return errLate }), errLate)
}

func TestWithReason_PanicsWithoutNameOrError(t *testing.T) {
	require.PanicsWithValue(t, "otelcactus: WithReason needs a name and an error", func() { otelcactus.WithReason("", errLate) })
	require.PanicsWithValue(t, "otelcactus: WithReason needs a name and an error", func() { otelcactus.WithReason("late", nil) })
}

// whatever says of itself what its sender has said.
type whatever struct {
	cactus.Full[map[string]any]
}

func (w *whatever) EventType() string {
	if w.Type == "" {
		return "shop.any"
	}
	return w.Type
}

func TestMiddleware_KnowsOnlySoManyTypes(t *testing.T) {
	told := newTelemetry()
	r := new(cactus.Registry)
	r.Use(otelcactus.Middleware(told.options(otelcactus.WithEventTypes("shop.last"))...))
	cactus.On(r, func(context.Context, *whatever) error { return nil }, cactus.WithTypes("shop.*"))
	for i := range 1500 {
		env := &cactus.Envelope{Meta: cactus.Meta{ID: "evt_1", Type: fmt.Sprint("shop.", i)}, Data: []byte(`{}`)}
		require.NoError(t, r.Dispatch(t.Context(), env))
	}
	require.NoError(t, r.Dispatch(t.Context(), &cactus.Envelope{Meta: cactus.Meta{ID: "evt_1", Type: "shop.last"}, Data: []byte(`{}`)}))
	counts := told.counts(t, consumed)
	require.Len(t, counts, 1002, "a thousand, the one that was named, and the rest")
	require.Equal(t, 500, counts["cactus.event.type=_OTHER cactus.outcome=handled"])
	require.Equal(t, 1, counts["cactus.event.type=shop.last cactus.outcome=handled"])
}
