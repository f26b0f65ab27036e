package otelcactus_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/otelcactus"
	"github.com/cactuscorp/cactus/types"
)

const received = "cactus.receive.duration"

// answering answers every request with this status.
func answering(status int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
}

// traced are the options of a request with trace context and baggage.
func traced() []cactustest.RequestOption {
	return []cactustest.RequestOption{
		cactustest.WithHeader("Traceparent", traceparent),
		cactustest.WithHeader("Baggage", "user=mallory"),
	}
}

// receiver returns a whole receiver, and the context that its handler ran in.
func receiver(told *telemetry, opts ...otelcactus.Option) (h http.Handler, ran *context.Context) {
	ran = new(context.Context)
	r := &cactus.Registry{}
	r.Use(otelcactus.Middleware(told.options(opts...)...))
	cactus.On(r, func(ctx context.Context, _ *types.OrderShippedPushed) error {
		*ran = ctx //nolint:fatcontext // looked at when the handler has returned
		return nil
	})
	return otelcactus.Handler(cactus.NewHandler(r, cactustest.Source()), told.options(opts...)...), ran
}

func TestHandler_LinksToAStrangersTraceAndLeavesItsBaggage(t *testing.T) {
	told := newTelemetry()
	h, ran := receiver(told, otelcactus.WithDestination("webhooks"))
	require.Equal(t, http.StatusOK, cactustest.Deliver(t, h, cactustest.ThinBodies()[0], traced()...).Status)

	receive, process := told.span(t, "receive webhooks"), told.span(t, "process order.shipped")
	require.Equal(t, trace.SpanKindServer, receive.SpanKind)
	require.False(t, receive.Parent.IsValid(), "nobody knows yet who sent it")
	require.NotEqual(t, traceID, receive.SpanContext.TraceID().String())
	require.Equal(t, receive.SpanContext.SpanID(), process.Parent.SpanID())
	require.Equal(t, process.SpanContext.SpanID(), trace.SpanContextFromContext(*ran).SpanID())
	for _, span := range []string{"receive webhooks", "process order.shipped"} {
		gotTrace, gotSpan := linkOf(t, told.span(t, span))
		require.Equal(t, traceID, gotTrace)
		require.Equal(t, spanID, gotSpan)
	}
	require.Empty(t, baggage.FromContext(*ran).Members())
	require.Equal(t, "http.request.method=POST http.response.status_code=200 messaging.destination.name=webhooks", text(receive.Attributes))
	require.Equal(t, "receive", value(receive, "messaging.operation.name"))
	require.Empty(t, value(receive, "messaging.operation.type"))
	require.Equal(t, map[string]int{"http.response.status_code=200 messaging.destination.name=webhooks": 1}, told.counts(t, received))
}

func TestHandler_IsAChildOfASenderThatItTrusts(t *testing.T) {
	told := newTelemetry()
	h, ran := receiver(told, otelcactus.WithRemoteParent())
	cactustest.Deliver(t, h, cactustest.ThinBodies()[0], traced()...)

	receive, process := told.span(t, "receive"), told.span(t, "process order.shipped")
	require.Equal(t, spanID, receive.Parent.SpanID().String())
	require.Equal(t, traceID, process.SpanContext.TraceID().String())
	require.Equal(t, receive.SpanContext.SpanID(), process.Parent.SpanID())
	_, linkedSpan := linkOf(t, process)
	require.Equal(t, spanID, linkedSpan, "the conventions want the link in any case")
	require.Equal(t, "mallory", baggage.FromContext(*ran).Member("user").Value())
}

func TestHandler_IsAChildOfTheSpanAroundIt(t *testing.T) {
	for _, opts := range [][]otelcactus.Option{nil, {otelcactus.WithRemoteParent()}} {
		told := newTelemetry()
		ctx, outer := around(t, told)
		h, ran := receiver(told, opts...)
		req := cactustest.NewRequest(t, cactustest.ThinBodies()[0], traced()...)
		h.ServeHTTP(httptest.NewRecorder(), req.WithContext(ctx))

		receive := told.span(t, "receive")
		require.Equal(t, trace.SpanKindInternal, receive.SpanKind)
		require.Equal(t, outer.SpanContext().SpanID(), receive.Parent.SpanID())
		linkedTrace, _ := linkOf(t, receive)
		require.Equal(t, traceID, linkedTrace)
		require.Empty(t, baggage.FromContext(*ran).Members())
	}
}

func TestHandler_TakesAParentThatTheProgramExtracted(t *testing.T) {
	told := newTelemetry()
	parent := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled, Remote: true})
	req := httptest.NewRequest(http.MethodPost, "/", nil)
	req = req.WithContext(trace.ContextWithRemoteSpanContext(req.Context(), parent))
	otelcactus.Handler(answering(http.StatusOK), told.options()...).ServeHTTP(httptest.NewRecorder(), req)
	require.Equal(t, parent.SpanID(), told.span(t, "receive").Parent.SpanID())
	require.Equal(t, trace.SpanKindServer, told.span(t, "receive").SpanKind, "no span is around")
}

func TestHandler_IgnoresWhatIsNoTraceContext(t *testing.T) {
	for _, header := range []string{"", "nonsense", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", traceparent + traceparent} {
		told := newTelemetry()
		h, _ := receiver(told, otelcactus.WithRemoteParent())
		cactustest.Deliver(t, h, cactustest.ThinBodies()[0], cactustest.WithHeader("Traceparent", header))
		require.Empty(t, told.span(t, "process order.shipped").Links)
		require.False(t, told.span(t, "receive").Parent.IsValid())
	}
}

func TestHandler_RecordsTheStatus(t *testing.T) {
	for _, tc := range []struct {
		name   string
		next   http.HandlerFunc
		code   codes.Code
		labels string
	}{
		{"nothing", func(http.ResponseWriter, *http.Request) {}, codes.Unset, "http.response.status_code=200"},
		{"a body", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "ok")
			w.WriteHeader(http.StatusBadGateway)
		}, codes.Unset, "http.response.status_code=200"},
		{"refused", answering(http.StatusUnauthorized).ServeHTTP, codes.Unset, "http.response.status_code=401"},
		{"busy", answering(http.StatusServiceUnavailable).ServeHTTP, codes.Error, "error.type=503 http.response.status_code=503"},
		{"hints", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusNotFound)
		}, codes.Unset, "http.response.status_code=404"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			told := newTelemetry()
			h := otelcactus.Handler(tc.next, told.options()...)
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil))
			require.Equal(t, tc.code, told.span(t, "receive").Status.Code)
			require.Contains(t, text(told.span(t, "receive").Attributes), tc.labels[strings.LastIndex(tc.labels, "http"):])
			require.Equal(t, map[string]int{tc.labels: 1}, told.counts(t, received))
		})
	}
}

func TestHandler_RecordsAPanicThatGoesOn(t *testing.T) {
	told := newTelemetry()
	h := otelcactus.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), told.options()...)
	require.PanicsWithValue(t, http.ErrAbortHandler, func() {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil))
	})
	require.Equal(t, codes.Error, told.span(t, "receive").Status.Code)
	require.Equal(t, map[string]int{"error.type=panic": 1}, told.counts(t, received))
}

func TestHandler_TakesTheDestinationFromTheMuxAndNeverFromThePath(t *testing.T) {
	const secret = "T0PS3CRET"
	inside, outside := newTelemetry(), newTelemetry()
	mux := http.NewServeMux()
	mux.Handle("POST example.com/hooks/{tenant}/{key}", otelcactus.Handler(answering(http.StatusAccepted), inside.options()...))
	h := otelcactus.Handler(mux, outside.options()...)
	for _, path := range []string{"/hooks/acme/" + secret, "/hooks/emca/" + secret, "/elsewhere/" + secret} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, path, nil))
	}
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("BREW", "/"+secret, nil))

	const template = "messaging.destination.template=/hooks/{tenant}/{key}"
	require.Equal(t, map[string]int{"http.response.status_code=202 " + template: 2}, inside.counts(t, received))
	require.Equal(t, map[string]int{"http.response.status_code=202 " + template: 2, "http.response.status_code=404": 2}, outside.counts(t, received))
	spans := outside.spans.GetSpans()
	require.Equal(t, "receive /hooks/{tenant}/{key}", spans[0].Name)
	require.Equal(t, "/hooks/{tenant}/{key}", value(spans[0], "messaging.destination.template"))
	require.Equal(t, "receive", spans[2].Name)
	require.Equal(t, "_OTHER", value(spans[3], "http.request.method"))
	for _, s := range append(spans, inside.spans.GetSpans()...) {
		require.NotContains(t, s.Name+text(s.Attributes), secret)
	}
}

func TestHandler_LetsAResponseControllerThrough(t *testing.T) {
	h := otelcactus.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).Flush()
	}))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", nil))
	require.True(t, w.Flushed)
}

func TestHandler_HandsItsOwnSpanOnWithARequestThatIsStored(t *testing.T) {
	told := newTelemetry()
	var stored *cactus.Request
	accept := func(_ context.Context, req *cactus.Request) error {
		stored = cactus.NewRequest(req.Header, req.Body, req.ReceivedAt)
		return nil
	}
	opts := told.options(otelcactus.WithHandoff())
	h := otelcactus.Handler(cactus.NewReceiver(cactustest.Source(), accept), opts...)
	req := cactustest.NewRequest(t, cactustest.ThinBodies()[0], traced()...)
	h.ServeHTTP(httptest.NewRecorder(), req)
	require.Equal(t, traceparent, req.Header.Get("Traceparent"), "the server's own request stays as it was")
	require.Empty(t, stored.Header.Values("Baggage"))

	r := &cactus.Registry{}
	r.Use(otelcactus.Middleware(opts...))
	cactus.On(r, func(context.Context, *types.OrderShippedPushed) error { return nil })
	require.NoError(t, r.ReceiveVerified(otelcactus.Extract(t.Context(), stored, opts...), cactustest.Source(), stored))

	receive := told.span(t, "receive")
	_, linked := linkOf(t, told.span(t, "process order.shipped"))
	require.Equal(t, receive.SpanContext.SpanID().String(), linked)
	_, linked = linkOf(t, receive)
	require.Equal(t, spanID, linked)

	var untouched string
	h = otelcactus.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		untouched = r.Header.Get("Traceparent")
	}), otelcactus.WithHandoff(), otelcactus.WithPropagator(propagation.TraceContext{}))
	h.ServeHTTP(httptest.NewRecorder(), req)
	require.Equal(t, traceparent, untouched, "without an SDK there is nothing of ours to hand on")
}

func TestHandler_KeepsAStrangersBaggageOutOfTheStoreWithoutAnSDKToo(t *testing.T) {
	var stored http.Header
	h := otelcactus.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { stored = r.Header }),
		otelcactus.WithHandoff(), otelcactus.WithPropagator(w3c))
	h.ServeHTTP(httptest.NewRecorder(), cactustest.NewRequest(t, cactustest.ThinBodies()[0], traced()...))
	require.Empty(t, stored.Values("Baggage"))
	require.Equal(t, traceparent, stored.Get("Traceparent"), "the sender's, because there is no span here")
}

// The mux redirects a CONNECT for /tree to /tree/, and then calls the path that
// was asked for its pattern.
func TestHandler_TakesNoPathForAPattern(t *testing.T) {
	told := newTelemetry()
	mux := http.NewServeMux()
	mux.Handle("/hooks/{secret}/", answering(http.StatusOK))
	h := otelcactus.Handler(mux, told.options()...)
	for _, path := range []string{"/hooks/T0PS3CRET", "/hooks/1", "/hooks/1/", "/hooks/1//2"} {
		for _, method := range []string{http.MethodConnect, http.MethodPost} {
			h.ServeHTTP(httptest.NewRecorder(), &http.Request{Method: method, URL: &url.URL{Path: path}, Host: "a", Header: http.Header{}})
		}
	}
	for labels := range told.counts(t, received) {
		require.Contains(t, []string{"", "/hooks/{secret}/"}, regexp.MustCompile(`template=(\S*)|$`).FindStringSubmatch(labels)[1])
	}
	for _, s := range told.spans.GetSpans() {
		require.Contains(t, []string{"receive", "receive /hooks/{secret}/"}, s.Name)
	}
}

func TestOptions_PanicIfOneIsNil(t *testing.T) {
	require.PanicsWithValue(t, "otelcactus: an option is nil", func() { otelcactus.Middleware(nil) })
}

func TestHandler_IsSafeForConcurrentUse(t *testing.T) {
	told := newTelemetry()
	h, _ := receiver(told)
	h = otelcactus.Handler(h, told.options(otelcactus.WithDestination("outer"))...)
	mux := http.NewServeMux()
	mux.Handle("/a/{x}", h)
	mux.Handle("/b/{x}", answering(http.StatusServiceUnavailable))
	all := otelcactus.Handler(mux, told.options(otelcactus.WithDestination("all"))...)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				all.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/a/1", bytes.NewReader([]byte("{}"))))
				all.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/b/1", nil))
			}
		})
	}
	wg.Wait()
	require.Equal(t, 200, told.counts(t, received)["error.type=503 http.response.status_code=503 messaging.destination.name=all messaging.destination.template=/b/{x}"])
}

func TestHandler_PanicsWithoutAHandler(t *testing.T) {
	require.PanicsWithValue(t, "otelcactus: Handler: the handler is nil", func() { otelcactus.Handler(nil) })
}
