package cactustest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/cactuscorp/cactus/signature"
)

// RequestOption changes what [NewRequest], [Deliver] and [Post] send.
type RequestOption func(*request)

// request is a webhook before it is signed.
type request struct {
	target string
	id     string
	at     time.Time
	signer signature.Signer // nil: none
	forged bool
	edits  []func(http.Header)
}

// WithSecret signs with another secret than [Secret], in the form that
// [signature.NewStandardWebhooks] documents. It panics if the secret is unsound.
func WithSecret(secret string) RequestOption {
	return WithSigner(signature.Must(signature.NewStandardWebhooks(signature.Key{Name: KeyName, Secret: secret})))
}

// WithSigner signs with s, such as a [signature.Stripe], in place of [Scheme].
func WithSigner(s signature.Signer) RequestOption { return func(r *request) { r.signer = s } }

// WithTime sets the time that is signed. The default is now.
func WithTime(at time.Time) RequestOption { return func(r *request) { r.at = at } }

// WithID sets the id that is signed. The default is the body's id, or
// "msg_test" if it has none.
func WithID(id string) RequestOption { return func(r *request) { r.id = id } }

// WithHeader sets a header once the request is signed, or deletes it if no
// values are given. The default is a Content-Type of application/json and the
// signature's own headers.
func WithHeader(name string, values ...string) RequestOption {
	return func(r *request) {
		r.edits = append(r.edits, func(h http.Header) {
			h.Del(name)
			for _, v := range values {
				h.Add(name, v)
			}
		})
	}
}

// WithTarget sets the URL, or the path of it, that the request is for. The
// default is /webhooks. [Post] has its own URL and ignores it.
func WithTarget(target string) RequestOption { return func(r *request) { r.target = target } }

// Forged signs something else than the body, so that the signature is well
// formed but not of this request: what somebody without the secret can send.
func Forged() RequestOption { return func(r *request) { r.forged = true } }

// Unsigned leaves the signature out.
func Unsigned() RequestOption { return func(r *request) { r.signer = nil } }

// NewRequest returns a POST of body for an [http.Handler], signed with [Secret]
// unless the options say otherwise. Like [httptest.NewRequest] it is the request
// as a server receives it; [Post] sends one.
func NewRequest(tb testing.TB, body []byte, opts ...RequestOption) *http.Request {
	tb.Helper()
	r := newRequest(body, opts)
	req := httptest.NewRequest(http.MethodPost, r.target, bytes.NewReader(body)) //nolint:noctx // a server's request outlives the test's context
	r.fill(tb, req.Header, body)
	return req
}

// Response is the answer to a request.
type Response struct {
	Status int
	Header http.Header
	Body   string
}

// Deliver has h serve a [NewRequest], without a network.
func Deliver(tb testing.TB, h http.Handler, body []byte, opts ...RequestOption) *Response {
	tb.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, NewRequest(tb, body, opts...))
	return &Response{Status: w.Code, Header: w.Result().Header, Body: w.Body.String()}
}

// patience is how long Post waits for an answer, longer than any sender should.
const patience = time.Minute

// Post sends a request to url, signed as by [NewRequest]. Like a sender of
// webhooks it follows no redirects. It ends the test if there is no answer.
func Post(tb testing.TB, url string, body []byte, opts ...RequestOption) *Response {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		tb.Fatalf("cactustest: make request: %v", err)
	}
	newRequest(body, opts).fill(tb, req.Header, body)
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true}, // leaves nothing behind
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       patience,
	}
	resp, err := client.Do(req)
	if err != nil {
		tb.Fatalf("cactustest: %v", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		tb.Fatalf("cactustest: read answer: %v", err)
	}
	return &Response{Status: resp.StatusCode, Header: resp.Header, Body: string(text)}
}

func newRequest(body []byte, opts []RequestOption) *request {
	return requestOf(idIn(body, "msg_test"), Scheme(), opts)
}

// requestOf returns a request with these defaults.
func requestOf(id string, signer signature.Signer, opts []RequestOption) *request {
	r := &request{target: "/webhooks", id: id, at: time.Now(), signer: signer}
	for _, opt := range opts {
		opt(r)
	}
	return r
}

// idIn returns the id that the JSON in body has, or another if it has none.
func idIn(body []byte, otherwise string) string {
	var has struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(body, &has) != nil || has.ID == "" {
		return otherwise
	}
	return has.ID
}

// fill sets a request's header, or ends the test.
func (r *request) fill(tb testing.TB, h http.Header, body []byte) {
	tb.Helper()
	if err := r.sign(h, body); err != nil {
		tb.Fatalf("cactustest: sign request: %v", err)
	}
}

// sign sets a request's header.
func (r *request) sign(h http.Header, body []byte) error {
	h.Set("Content-Type", "application/json")
	if r.forged {
		body = append([]byte("forged"), body...)
	}
	if r.signer != nil {
		if err := r.signer.Sign(h, r.id, body, r.at); err != nil {
			return err
		}
	}
	for _, edit := range r.edits {
		edit(h)
	}
	return nil
}
