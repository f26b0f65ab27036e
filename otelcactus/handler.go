package otelcactus

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Handler records a receive span and its duration for each request that next,
// a [cactus.NewHandler] or [cactus.NewReceiver], answers. It may also be around
// the http.ServeMux that leads there.
//
// The sender's trace context is linked to; see the package comment for its trust.
// A span that is around already, such as otelhttp's, is the parent in any
// case; the receive span is INTERNAL then. It panics if next is nil.
func Handler(next http.Handler, opts ...Option) http.Handler {
	if next == nil {
		panic("otelcactus: Handler: the handler is nil")
	}
	s := newSettings(opts)
	duration, err := s.meter().Float64Histogram("cactus.receive.duration", metric.WithUnit("s"),
		metric.WithDescription("Duration of receiving a request, its answer included."),
		metric.WithExplicitBucketBoundaries(buckets...))
	report(err)
	return &handler{settings: s, next: next, tracer: s.tracer(), duration: duration}
}

type handler struct {
	*settings

	next     http.Handler
	tracer   trace.Tracer
	duration metric.Float64Histogram
	routes   cache[string, *route]
	measured cache[answer, *measurement]
}

// route is what is made once for a pattern of the mux.
type route struct {
	spanName string
	attrs    []attribute.KeyValue
	server   []trace.SpanStartOption
	internal []trace.SpanStartOption
}

// answer is what a request's measurement depends on.
type answer struct {
	route    string
	status   int // zero: none was sent
	panicked bool
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := routeOf(r)
	known := h.route(path)
	start := known.server
	if around := trace.SpanContextFromContext(r.Context()); around.IsValid() && !around.IsRemote() {
		start = known.internal
	}
	ctx, remote := h.extract(r.Context(), propagation.HeaderCarrier(r.Header))
	ctx, span := h.tracer.Start(ctx, known.spanName, linked(start, remote)...)
	if span.IsRecording() {
		span.SetAttributes(semconv.HTTPRequestMethodKey.String(methodOf(r)))
	}
	began := time.Now()
	r = r.WithContext(ctx)
	if h.handoff {
		h.replace(r, remote)
	}
	watched := &response{ResponseWriter: w}
	a := answer{panicked: true}
	defer func() { // without recover, so that a panic keeps its stack
		defer span.End()
		a.route, a.status = routeOf(r), watched.status
		if a.route != path {
			span.SetName(h.route(a.route).spanName)
			span.SetAttributes(h.route(a.route).attrs...)
		}
		m := h.measurement(a)
		h.end(span, a, m)
		if h.duration.Enabled(ctx) {
			h.duration.Record(ctx, time.Since(began).Seconds(), m.record...)
		}
	}()
	h.next.ServeHTTP(watched, r)
	if a.panicked = false; watched.status == 0 {
		watched.status = http.StatusOK // as net/http answers
	}
}

func (h *handler) end(span trace.Span, a answer, m *measurement) {
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(m.ending...)
	switch {
	case a.panicked:
		span.SetStatus(codes.Error, "panic")
	case a.status >= http.StatusInternalServerError:
		span.SetStatus(codes.Error, "")
	}
}

// attributes returns what is known once the request is answered.
func (a answer) attributes() []attribute.KeyValue {
	attrs := make([]attribute.KeyValue, 0, 2)
	if a.status != 0 {
		attrs = append(attrs, semconv.HTTPResponseStatusCode(a.status))
	}
	switch {
	case a.panicked:
		attrs = append(attrs, semconv.ErrorTypeKey.String("panic"))
	case a.status >= http.StatusInternalServerError:
		attrs = append(attrs, semconv.ErrorTypeKey.String(strconv.Itoa(a.status)))
	}
	return attrs
}

func (h *handler) measurement(a answer) *measurement {
	if m, ok := h.measured.get(a); ok {
		return m
	}
	return h.measured.add(a, newMeasurement(a.attributes(), slices.Clone(h.route(a.route).attrs)...))
}

func (h *handler) route(path string) *route {
	if known, ok := h.routes.get(path); ok {
		return known
	}
	name, attrs := h.destination, h.attributes("receive")
	if path != "" {
		attrs = append(attrs, semconv.MessagingDestinationTemplate(path))
	}
	if name == "" {
		name = path
	}
	with := trace.WithAttributes(attrs...)
	return h.routes.add(path, &route{
		spanName: spanName("receive", name),
		attrs:    attrs,
		server:   []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer), with},
		internal: []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindInternal), with},
	})
}

// routeOf returns the path of the mux's pattern, without method and host, or "".
// A CONNECT has none: where http.ServeMux redirects one to the path with a slash
// after it, the path that was asked for is in the pattern's place.
func routeOf(r *http.Request) string {
	if r.Method == http.MethodConnect {
		return ""
	}
	if i := strings.IndexByte(r.Pattern, '/'); i >= 0 {
		return r.Pattern[i:]
	}
	return ""
}

// methodOf returns the request's method if it is one of HTTP's own.
func methodOf(r *http.Request) string {
	switch r.Method {
	case http.MethodPost, http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return r.Method
	default:
		return other
	}
}

// replace gives r, which is the caller's own copy, a header whose trace context
// is that of r's context. Where nothing makes spans it stays the sender's, remote.
func (h *handler) replace(r *http.Request, remote trace.SpanContext) {
	ctx := r.Context()
	if !trace.SpanContextFromContext(ctx).IsValid() {
		ctx = trace.ContextWithRemoteSpanContext(ctx, remote)
	}
	header := r.Header.Clone()
	for _, field := range h.propagator.Fields() {
		header.Del(field)
	}
	h.propagator.Inject(ctx, propagation.HeaderCarrier(header))
	r.Header = header
}

// response remembers the status that was answered.
type response struct {
	http.ResponseWriter

	status int
}

// WriteHeader passes on; the first status that is no mere information counts.
func (w *response) WriteHeader(status int) {
	if w.status == 0 && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write passes on.
func (w *response) Write(body []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(body)
}

// Unwrap is for http.ResponseController.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }
