package cactus

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cactuscorp/cactus/internal/envelope"
	"github.com/cactuscorp/cactus/signature"
)

// Request is a delivery as it came in, over HTTP or out of a queue.
//
// A Request that a [Source] is given is reused once the call returns: keep
// copies of what you need, never the Request itself.
type Request struct {
	Method     string      // "" out of a queue
	URL        *url.URL    // empty out of a queue
	Header     http.Header // canonical names
	Body       []byte      // exactly what was signed
	ReceivedAt time.Time   // zero: now

	Tenant string // what the Resolver chose
	Key    string // what Verify returned

	http *http.Request     // nil out of a queue
	path map[string]string // set by SetPathValue
}

// PathValue returns what a wildcard of the http.ServeMux pattern that led here
// stands for, as [http.Request.PathValue] does. Out of a queue it is what
// SetPathValue has set, or empty.
func (r *Request) PathValue(name string) string {
	if value, ok := r.path[name]; ok || r.http == nil {
		return value
	}
	return r.http.PathValue(name)
}

// SetPathValue sets what PathValue returns.
func (r *Request) SetPathValue(name, value string) {
	if r.path == nil {
		r.path = make(map[string]string)
	}
	r.path[name] = value
}

// PathValues returns the wildcards of the pattern that led here together with
// what SetPathValue has set, for those who keep requests. It is nil if there are
// none. Wildcards of other routers than http.ServeMux are not among them.
func (r *Request) PathValues() map[string]string {
	all := maps.Clone(r.path)
	if r.http == nil {
		return all
	}
	for rest := r.http.Pattern; ; {
		var name string
		var ok bool
		if _, rest, ok = strings.Cut(rest, "{"); !ok {
			return all
		}
		name, rest, _ = strings.Cut(rest, "}")
		if name = strings.TrimSuffix(name, "..."); name == "$" {
			continue
		}
		if all == nil {
			all = make(map[string]string)
		}
		if _, set := all[name]; !set {
			all[name] = r.http.PathValue(name)
		}
	}
}

// NewRequest makes a Request from a queue's message. The names in header need
// not be canonical. A zero receivedAt means now, so that a signature is held
// against the present time.
func NewRequest(header map[string][]string, body []byte, receivedAt time.Time) *Request {
	h := make(http.Header, len(header))
	for name, values := range header {
		for _, v := range values {
			h.Add(name, v)
		}
	}
	return &Request{URL: new(url.URL), Header: h, Body: body, ReceivedAt: receivedAt}
}

// Source knows one provider's requests. Implementations are used concurrently.
// Over HTTP both methods run under the request's own context.
type Source interface {
	// Verify returns the name of the key that signed req. An error that is a
	// [signature.ErrRefused] becomes a 401; any other means that Verify could
	// not find out, and becomes a 500, after which the sender tries again.
	Verify(ctx context.Context, req *Request) (key string, err error)
	// Parse appends req's events to dst. Only Data and Raw may be views of
	// req.Body. Whatever error it returns is made an [ErrMalformed], and its
	// text is told to the sender with a 400: name the field and what was
	// expected, no part of the body.
	Parse(dst []Envelope, req *Request) ([]Envelope, error)
}

// Resolver is optional on a [Source]: it chooses the tenant and the Source of a
// request. It is asked once, before the body is read. See [PerRequest].
type Resolver interface {
	Resolve(ctx context.Context, req *Request) (tenant string, src Source, err error)
}

// Responder is optional on a [Source], for requests that carry no event, such
// as a handshake. Respond returns nil to let req pass.
//
// It is asked twice: before the body is read, with verified false, and once
// Verify has accepted the request.
type Responder interface {
	Respond(req *Request, verified bool) *Response
}

// Concealer is optional on a [Source] whose requests have a secret in them, in
// place of a signature. Conceal takes it out of a verified request that is to be
// kept, see [NewReceiver]: it may replace req.Header and req.URL, and changes
// nothing that they point to. Parse must do without what it takes out.
type Concealer interface {
	Conceal(req *Request)
}

// Response answers a request in place of an [Outcome].
type Response struct {
	Status int // zero: 200
	Header http.Header
	Body   []byte
}

// Limiter is optional on a [Source]: what it takes differs from [Limits]'
// defaults. It is asked once, or for each request that a [Resolver] chose it for.
type Limiter interface {
	Limits() Limits
}

// Limits is what a handler takes. Each zero field is its default.
type Limits struct {
	Methods []string // default POST alone
	// ContentTypes are media types in lower case, without parameters. Default
	// application/json; "*/*" takes any, and none at all. A charset other than
	// UTF-8 is refused for JSON.
	ContentTypes []string
	MaxBody      int64 // bytes; default 256 KiB
	// Deadline is how long after its arrival an event may be worked on. A
	// source sets it below what its provider waits for an answer. Default 14
	// seconds, because the Standard Webhooks specification has senders wait at
	// least 15; negative means none.
	Deadline time.Duration
	// Success is the status of what is 200 by [Outcome.Status]; default 200, also for
	// one that is not 2xx. Some protocols want 204 of an answer without a body.
	Success int
}

var defaultLimits = Limits{
	Methods:      []string{http.MethodPost},
	ContentTypes: []string{"application/json"},
	MaxBody:      256 << 10,
	Deadline:     14 * time.Second,
	Success:      http.StatusOK,
}

// or fills l's zero fields from other.
func (l Limits) or(other Limits) Limits {
	if l.Methods == nil {
		l.Methods = other.Methods
	}
	if l.ContentTypes == nil {
		l.ContentTypes = other.ContentTypes
	}
	if l.MaxBody == 0 {
		l.MaxBody = other.MaxBody
	}
	if l.Deadline == 0 {
		l.Deadline = other.Deadline
	}
	if !isSuccess(l.Success) {
		l.Success = other.Success
	}
	return l
}

func isSuccess(status int) bool { return status >= 200 && status <= 299 }

// Thin is the source of Cactus Corp's own requests: Standard Webhooks headers
// and the body of [ParseEnvelope]. The id that was signed must be the body's id. The
// payload that the Standard Webhooks specification recommends has no id in it: for
// that, use package source/standardwebhooks. It panics if v is nil.
func Thin(v *signature.StandardWebhooks) Source {
	if v == nil {
		panic("cactus: Thin needs a verifier")
	}
	return thin{v}
}

type thin struct{ verifier *signature.StandardWebhooks }

func (t thin) Verify(_ context.Context, req *Request) (string, error) {
	return t.verifier.Verify(req.Header, req.Body, req.ReceivedAt)
}

func (t thin) Diagnose(_ context.Context, req *Request) signature.Diagnosis {
	return t.verifier.Diagnose(req.Header, req.Body, req.ReceivedAt)
}

func (t thin) Parse(dst []Envelope, req *Request) ([]Envelope, error) {
	envs, err := AppendEnvelope(dst, req.Body)
	if err != nil {
		return dst, err
	}
	if t.verifier.ID(req.Header) != envs[len(dst)].ID { // which is never empty
		return dst, malformed(&envelope.Error{Field: "id", Problem: "must be the signed header's"})
	}
	return envs, nil
}

// PerRequest is a source whose secret, and whose tenant, depend on the request:
// on its URL or a header. What choose reads is not verified yet; the source
// that it returns verifies it. An error that is [ErrNoTenant] becomes a 404.
//
// The tenant is put into the Meta of each event. It panics if choose is nil.
func PerRequest(choose func(ctx context.Context, req *Request) (tenant string, src Source, err error)) Source {
	if choose == nil {
		panic("cactus: PerRequest needs a function")
	}
	return perRequest(choose)
}

type perRequest func(context.Context, *Request) (string, Source, error)

func (p perRequest) Resolve(ctx context.Context, req *Request) (string, Source, error) {
	return p(ctx, req)
}

// errUnresolved is for those who call a resolving source by hand.
var errUnresolved = errors.New("cactus: a PerRequest source must be resolved first: use Receive or NewHandler")

func (perRequest) Verify(context.Context, *Request) (string, error) { return "", errUnresolved }

func (perRequest) Parse(dst []Envelope, _ *Request) ([]Envelope, error) { return dst, errUnresolved }

// resolve returns the source that req is for and notes the tenant.
func resolve(ctx context.Context, src Source, req *Request) (Source, error) {
	r, ok := src.(Resolver)
	if !ok {
		return src, nil
	}
	tenant, chosen, err := r.Resolve(ctx, req)
	if err != nil {
		return nil, err
	}
	if chosen == nil {
		return nil, ErrNoTenant
	}
	if _, again := chosen.(Resolver); again {
		return nil, errors.New("cactus: a resolver chose another resolver")
	}
	req.Tenant = tenant
	return chosen, nil
}

// parse has src parse a verified request and stamps the events with what is
// known of the delivery.
func parse(dst []Envelope, src Source, req *Request) ([]Envelope, error) {
	envs, err := src.Parse(dst, req)
	if err != nil {
		if _, ok := err.(*malformedError); ok { //nolint:errorlint // one that is wrapped says more
			return nil, err
		}
		return nil, malformed(err)
	}
	for i := range envs { // all of them before the first is dispatched
		if err := envs[i].check(); err != nil {
			return nil, err
		}
		m := &envs[i].Meta
		m.Tenant, m.Key, m.ReceivedAt = req.Tenant, req.Key, req.ReceivedAt
	}
	return envs, nil
}
