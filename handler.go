package cactus

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// HandlerOption changes a [NewHandler].
type HandlerOption func(*handler)

// WithStrict answers events that nothing takes with 404 instead of success.
func WithStrict() HandlerOption { return func(h *handler) { h.strict = true } }

// WithLimits overrides the source's limits, field by field.
func WithLimits(l Limits) HandlerOption { return func(h *handler) { h.limits = l } }

// WithLogger logs every request that is refused, and why, and every event that
// is not handled. Bodies, secrets and signatures are never logged. The default,
// nil, logs nothing.
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
	h := &handler{registry: r, source: src}
	for _, opt := range opts {
		opt(h)
	}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	return h
}

type handler struct {
	registry *Registry
	source   Source
	limits   Limits
	strict   bool
	log      *slog.Logger
}

// delivery is what one request needs of memory. It is pooled, and with it the
// body if no event holds a view of it.
type delivery struct {
	req  Request
	envs []Envelope
	body []byte
	kept bool // an event may hold Data or Raw
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
	d.req = Request{Method: r.Method, URL: r.URL, Header: r.Header, ReceivedAt: time.Now()}

	response, err := h.serve(r, d)
	switch {
	case response != nil:
		response.write(w)
	case err != nil:
		h.answer(w, err)
	default:
		w.WriteHeader(http.StatusOK)
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
	d.req, d.envs, d.body, d.kept = Request{}, d.envs[:0], d.body[:0], false
	deliveries.Put(d)
}

// serve takes a request through every step up to the handlers.
func (h *handler) serve(r *http.Request, d *delivery) (*Response, error) {
	req := &d.req
	src, err := resolve(r.Context(), h.source, req)
	if err != nil {
		return nil, h.refused(r, req, err)
	}
	limits := h.limits
	if l, ok := src.(Limiter); ok {
		limits = limits.or(l.Limits())
	}
	limits = limits.or(defaultLimits)

	ctx := &deliveryContext{parent: r.Context()}
	if limits.Deadline > 0 {
		ctx.deadline = req.ReceivedAt.Add(limits.Deadline)
	}
	defer ctx.finish()

	if !slices.Contains(limits.Methods, r.Method) {
		return nil, h.refused(r, req, &refusal{status: http.StatusMethodNotAllowed, text: "method not allowed", allow: limits.Methods})
	}
	responder, _ := src.(Responder)
	if responder != nil {
		if response := responder.Respond(req, false); response != nil {
			return response, nil
		}
	}
	if err := d.read(r, &limits); err != nil {
		return nil, h.refused(r, req, err)
	}
	if req.Key, err = src.Verify(ctx, req); err != nil { //nolint:contextcheck // it has the values of r's and outlives it on purpose
		return nil, h.refused(r, req, err)
	}
	if responder != nil {
		if response := responder.Respond(req, true); response != nil {
			return response, nil
		}
	}
	if d.envs, err = parse(d.envs, src, req); err != nil {
		return nil, h.refused(r, req, err)
	}
	return nil, h.dispatch(ctx, d) //nolint:contextcheck // likewise
}

// dispatch runs the handlers of all of d's events and returns their errors.
func (h *handler) dispatch(ctx context.Context, d *delivery) error {
	var first error
	var rest []error
	for i := range d.envs {
		env := &d.envs[i]
		kept, err := h.registry.dispatch(ctx, env)
		d.kept = d.kept || kept
		if err == nil {
			continue
		}
		h.report(ctx, env, err)
		if first == nil {
			first = err
		} else {
			rest = append(rest, err)
		}
	}
	if rest == nil {
		return first
	}
	return errors.Join(append(rest, first)...)
}

// refusal is a request that HTTP itself has a status for.
type refusal struct {
	status int
	text   string
	allow  []string
}

func (e *refusal) Error() string { return e.text }

var (
	errCompressed = &refusal{status: http.StatusUnsupportedMediaType, text: "compressed bodies are not supported"}
	errMediaType  = &refusal{status: http.StatusUnsupportedMediaType, text: "content type not supported"}
	errTooLarge   = &refusal{status: http.StatusRequestEntityTooLarge, text: "body too large"}
	errCutShort   = &refusal{status: http.StatusBadRequest, text: "body ended early"}
)

// read checks the content's headers and reads the body.
func (d *delivery) read(r *http.Request, limits *Limits) error {
	if encoding := r.Header["Content-Encoding"]; len(encoding) > 0 && !strings.EqualFold(encoding[0], "identity") {
		return errCompressed
	}
	if !acceptable(r.Header["Content-Type"], limits.ContentTypes) {
		return errMediaType
	}
	if r.ContentLength > limits.MaxBody {
		return errTooLarge
	}
	buf := d.body
	if want := int(max(min(r.ContentLength+1, maxPooledBody), minBody)); cap(buf) < want {
		buf = make([]byte, 0, want)
	}
	for r.Body != nil {
		n, err := r.Body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if int64(len(buf)) > limits.MaxBody {
			return errTooLarge
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
				return errTooLarge
			}
			return errCutShort
		}
		if len(buf) == cap(buf) {
			buf = slices.Grow(buf, len(buf))
		}
	}
	d.body, d.req.Body = buf, buf
	return nil
}

// acceptable reports whether a Content-Type is among the allowed ones, in
// UTF-8 if it says so.
func acceptable(header, allowed []string) bool {
	if len(header) != 1 {
		return false
	}
	if slices.Contains(allowed, header[0]) {
		return true
	}
	media, params, err := mime.ParseMediaType(header[0])
	charset := params["charset"]
	return err == nil && slices.Contains(allowed, media) && (charset == "" || strings.EqualFold(charset, "utf-8"))
}

// Values of headers that every refusal has; nobody writes to them.
var (
	plainText = []string{"text/plain; charset=utf-8"}
	noSniff   = []string{"nosniff"}
	closeIt   = []string{"close"}
)

// answer is the one place where an error becomes a status code.
func (h *handler) answer(w http.ResponseWriter, err error) {
	outcome, after := classify(err)
	status, text := outcome.Status(), outcome.String()+"\n"
	header := w.Header()
	switch outcome { //nolint:exhaustive // the rest is answered by the status alone
	case OutcomeUnhandled:
		if h.strict {
			status = http.StatusNotFound
		}
	case OutcomeBusy, OutcomeRetry:
		header.Set("Retry-After", strconv.FormatInt(seconds(after), 10))
	case OutcomeMalformed:
		if m := (*malformedError)(nil); errors.As(err, &m) {
			text = m.Error() + "\n" // the sender has proved who it is
		}
	default:
		if e := (*refusal)(nil); errors.As(err, &e) {
			status, text = e.status, e.text+"\n"
			if e.allow != nil {
				header.Set("Allow", strings.Join(e.allow, ", "))
			}
			if status == http.StatusRequestEntityTooLarge {
				header["Connection"] = closeIt
			}
		}
	}
	if status == http.StatusOK {
		w.WriteHeader(status)
		return
	}
	header["Content-Type"], header["X-Content-Type-Options"] = plainText, noSniff
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) //nolint:gosec // plain text, and no part of the request
}

// seconds rounds up to whole seconds, at least one.
func seconds(d time.Duration) int64 {
	return int64(max((d+time.Second-1)/time.Second, 1))
}

func (r *Response) write(w http.ResponseWriter) {
	for name, values := range r.Header {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	w.WriteHeader(max(r.Status, http.StatusOK))
	_, _ = w.Write(r.Body) //nolint:gosec // a verified challenge, in the source's own content type
}

// refused logs why a request got no further, and returns err.
func (h *handler) refused(r *http.Request, req *Request, err error) error {
	if h.log.Enabled(r.Context(), slog.LevelWarn) {
		h.log.LogAttrs(r.Context(), slog.LevelWarn, "webhook refused",
			slog.String("reason", err.Error()), slog.String("path", r.URL.Path), slog.String("tenant", req.Tenant))
	}
	return err
}

// report logs an event that did not end well.
func (h *handler) report(ctx context.Context, env *Envelope, err error) {
	outcome := OutcomeOf(err)
	level := slog.LevelError
	switch outcome { //nolint:exhaustive // the rest are errors
	case OutcomeIgnored, OutcomeUnhandled:
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
