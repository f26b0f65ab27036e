package cactus

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// HandlerOption changes a [NewHandler].
type HandlerOption func(*handler)

// WithStrict answers events that nothing takes with 404 instead of success.
func WithStrict() HandlerOption { return func(h *handler) { h.strict = true } }

// WithLimits overrides the source's limits, field by field. It panics if Success
// is neither zero nor 2xx.
func WithLimits(l Limits) HandlerOption {
	if l.Success != 0 && !isSuccess(l.Success) {
		panic("cactus: WithLimits: Success must be a 2xx status")
	}
	return func(h *handler) { h.limits = l }
}

// WithLogger logs what goes wrong: every request that is refused, with the
// reason that the sender is not told, every event that nothing takes, and every
// event that fails, unless a logging middleware below has told of it already.
// Bodies, secrets and signatures are never logged. The default, nil, logs
// nothing.
func WithLogger(l *slog.Logger) HandlerOption { return func(h *handler) { h.log = l } }

// NewHandler receives src's requests over HTTP and dispatches their events to
// r. It works under any router.
//
// An [Outcome] decides the answer; the event of a batch that fared worst
// answers for all. A request that is not as it should be gets 405 (method), 415
// (content type, or a compressed body), 413 (too large), 401 (signature) or 400
// (no event), with a text that says no more than the sender may know.
//
// Handlers run before the answer is written, under a context that has the
// values of the request's and the deadline of [Limits], and that is not
// cancelled when the sender hangs up. It panics if r or src is nil.
func NewHandler(r *Registry, src Source, opts ...HandlerOption) http.Handler {
	if r == nil || src == nil {
		panic("cactus: NewHandler needs a registry and a source")
	}
	return newHandler(&handler{registry: r, source: src}, opts)
}

func newHandler(h *handler, opts []HandlerOption) *handler {
	for _, opt := range opts {
		opt(h)
	}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	if h.diagnoses != nil {
		h.diagnoses.limit(h.diagnosesRate, h.diagnosesBurst)
	}
	h.resolver, _ = h.source.(Resolver)
	h.responder, _ = h.source.(Responder)
	if h.resolver == nil {
		h.limits = h.limitsOf(h.source)
	}
	return h
}

type handler struct {
	registry  *Registry // nil with accept
	accept    func(ctx context.Context, req *Request) error
	source    Source
	resolver  Resolver  // source, if it is one
	responder Responder // likewise
	limits    Limits
	strict    bool
	log       *slog.Logger
	diagnoses *diagnoses // nil: nobody asked for them

	diagnosesRate  rate.Limit
	diagnosesBurst int
}

// delivery is what one request needs of memory. It is pooled, and with it the
// body if no event holds a view of it.
type delivery struct {
	req  Request
	envs []Envelope
	body []byte
	kept bool // an event may hold Data or Raw

	success int // the status of success; 0 until a source is chosen
}

var deliveries = sync.Pool{New: func() any { return new(delivery) }}

// Bounds on what a pooled delivery may hold on to.
const (
	maxPooledBody   = 64 << 10
	maxPooledEvents = 64
	minBody         = 1 << 10
)

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d := deliveries.Get().(*delivery) //nolint:errcheck,forcetypeassert // the pool's only type
	d.req = Request{Method: r.Method, URL: r.URL, Header: r.Header, ReceivedAt: time.Now(), http: r}

	response, err := h.serve(r, d)
	switch {
	case err != nil:
		h.answer(w, d.success, err)
	case response != nil:
		response.write(w)
	default:
		w.WriteHeader(d.success)
	}
	d.free() // not deferred: after a panic somebody may still hold something
}

func (d *delivery) free() {
	if d.kept || cap(d.body) > maxPooledBody {
		d.body = nil
	}
	clear(d.envs)
	if cap(d.envs) > maxPooledEvents {
		d.envs = nil
	}
	d.req, d.envs, d.body, d.kept, d.success = Request{}, d.envs[:0], d.body[:0], false, 0
	deliveries.Put(d)
}

// limitsOf returns the limits for src's requests: those of the options, src's
// own and the defaults, in this order.
func (h *handler) limitsOf(src Source) Limits {
	limits := h.limits
	if l, ok := src.(Limiter); ok {
		limits = limits.or(l.Limits())
	}
	return limits.or(defaultLimits)
}

// serve takes a request through every step up to the handlers.
func (h *handler) serve(r *http.Request, d *delivery) (*Response, error) {
	req, src, responder, limits := &d.req, h.source, h.responder, &h.limits
	if h.resolver != nil {
		chosen, err := resolve(r.Context(), h.source, req)
		if err != nil {
			return nil, h.refused(r, req, err)
		}
		its := h.limitsOf(chosen)
		src, limits = chosen, &its
		responder, _ = chosen.(Responder)
	}
	d.success = limits.Success
	if !slices.Contains(limits.Methods, r.Method) {
		return nil, h.refused(r, req, &refusal{status: http.StatusMethodNotAllowed, text: "method not allowed", allow: limits.Methods})
	}
	if responder != nil {
		if response := responder.Respond(req, false); response != nil {
			return response, nil
		}
	}
	if err := d.read(r, limits, h.accept != nil); err != nil {
		return nil, h.refused(r, req, err)
	}
	response, err := admit(r.Context(), src, responder, req)
	if err != nil {
		if h.diagnoses != nil {
			h.diagnose(r.Context(), src, d, err)
		}
		return nil, h.refused(r, req, err)
	}
	if response != nil {
		return response, nil
	}
	if h.accept == nil {
		if d.envs, err = parse(d.envs, src, req); err != nil {
			return nil, h.refused(r, req, err)
		}
	}

	ctx := &deliveryContext{parent: r.Context()}
	if limits.Deadline > 0 {
		ctx.deadline = req.ReceivedAt.Add(limits.Deadline)
	}
	defer ctx.finish()
	//nolint:contextcheck // ctx has the values of r's and outlives it on purpose
	if h.accept != nil {
		return accepted, h.hand(ctx, src, d)
	}
	return nil, h.dispatch(ctx, d) //nolint:contextcheck // likewise
}

// dispatch runs the handlers of all of d's events and returns their errors.
func (h *handler) dispatch(ctx *deliveryContext, d *delivery) error {
	return dispatchAll(d.envs, func(env *Envelope) error {
		kept, err := h.registry.dispatch(ctx, env)
		d.kept = d.kept || kept
		if err != nil && !ctx.reported.Has(err) {
			h.report(ctx, env, err)
		}
		return err
	})
}

// report logs an event that did not end well.
func (h *handler) report(ctx context.Context, env *Envelope, err error) {
	outcome := OutcomeOf(err)
	level := slog.LevelError
	switch outcome { //nolint:exhaustive // the rest are errors
	case OutcomeIgnored:
		return
	case OutcomeUnhandled:
		level = slog.LevelInfo
	case OutcomeBusy, OutcomeRetry:
		level = slog.LevelWarn
	}
	if !h.log.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.Any("event", env.Meta), slog.String("outcome", outcome.String()), slog.String("error", err.Error()),
	}
	if p := (*PanicError)(nil); errors.As(err, &p) {
		attrs = append(attrs, slog.String("stack", string(p.Stack)))
	}
	h.log.LogAttrs(ctx, level, "event not handled", attrs...)
}

// maxLogged bounds, in bytes, each text that an unverified request can write into
// the log.
const maxLogged = 200

func logged(name, text string) slog.Attr { return slog.String(name, text[:min(len(text), maxLogged)]) }

// refused logs why a request got no further, and returns err.
func (h *handler) refused(r *http.Request, req *Request, err error) error {
	if h.log.Enabled(r.Context(), slog.LevelWarn) {
		h.log.LogAttrs(r.Context(), slog.LevelWarn, "webhook refused",
			slog.String("reason", err.Error()), logged("path", r.URL.Path), logged("tenant", req.Tenant))
	}
	return err
}
