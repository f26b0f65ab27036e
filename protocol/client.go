package protocol

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/cactuscorp/cactus/internal/backoff"
)

// DefaultTimeout is how long a send may take, with all its tries, unless
// [WithTimeout] says otherwise. The Python client's 60000 is meant as milliseconds,
// as its README shows, and this is the same; the Kotlin client's default is 15 s.
const DefaultTimeout = time.Minute

// Client sends events and waits for their answers. It is made with [NewClient] or
// [NewTransportClient], and safe for concurrent use.
//
// Every answer but a response is an error: a [*ResponseError] for an error event, a
// [*RedirectedError], a [*FailedDependencyError] if there was no answer or its HTTP
// status was not 2xx, a [*TimeoutError], or a [*BadProtocolError] if the answer is no
// event. None of them is an [*Error]: a handler that returns one does not pass the
// other side's answer off as its own. If the caller's context ends first, the error
// is the context's. No error's text has a payload, identity, auth, body or the
// URL's query in it.
//
// The answers of both dialects are understood.
type Client struct {
	to          string // host, for Format
	exchange    exchange
	http        *http.Client // nil: the shared pool
	defaults    []SendOption
	middleware  []Middleware
	handle      HandlerFunc // nil: no middleware
	tries       int
	waits       backoff.Exponential
	maxResponse int64
	headers     bool // the transport has any
}

// NewClient returns a client that posts events to rawURL, which must be absolute,
// http or https, and without a fragment. Redirects of HTTP are not followed. It
// returns an error for another URL and for a default that cannot be sent, and panics
// if an option is nil.
func NewClient(rawURL string, opts ...ClientOption) (*Client, error) {
	u, err := url.Parse(rawURL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.Fragment != "" {
		return nil, errors.New("url: must be http or https with a host, and without fragment")
	}
	c := newClient("NewClient", opts)
	t := &httpTransport{url: rawURL, max: c.maxResponse, retried: c.tries > 1}
	if c.http != nil {
		t.http = *c.http
	}
	if t.http.Transport == nil {
		t.http.Transport = pooled()
	}
	t.http.Transport = unredirected{t.http.Transport}
	c.to, c.exchange, c.headers = u.Host, t.exchange, true
	if err := c.checkDefaults(); err != nil {
		return nil, err
	}
	return c, nil
}

// NewTransportClient returns a client that sends through t. [WithHTTPClient] means
// nothing to it. It panics if t or an option is nil, or if a default cannot be
// sent, such as a header, which a Transport has no place for.
func NewTransportClient(t Transport, opts ...ClientOption) *Client {
	if t == nil {
		panic("protocol: NewTransportClient: the transport is nil")
	}
	c := newClient("NewTransportClient", opts)
	c.to = "transport"
	c.exchange = func(ctx context.Context, _ http.Header, body []byte) ([]byte, error) {
		answer, err := t(ctx, body)
		if err != nil {
			return nil, unanswered(err)
		}
		return answer, nil
	}
	if err := c.checkDefaults(); err != nil {
		panic("protocol: NewTransportClient: " + err.Error())
	}
	return c
}

func newClient(who string, opts []ClientOption) *Client {
	c := &Client{
		tries:       1,
		waits:       backoff.Exponential{Base: 100 * time.Millisecond, Max: 2 * time.Second},
		maxResponse: 4 << 20,
	}
	for _, opt := range opts {
		if opt == nil {
			panic("protocol: " + who + ": an option is nil")
		}
		opt(c)
	}
	if len(c.middleware) > 0 {
		c.handle = sendNext
		for _, mw := range slices.Backward(c.middleware) {
			c.handle = mw(c.handle)
		}
	}
	return c
}

func (c *Client) checkDefaults() error {
	k, err := c.newCall(&Event{Name: "a:b", Version: 1}, nil)
	if err != nil {
		return err
	}
	_, err = k.event.appendJSON(nil)
	return err
}

// Format shows the host that c sends to and, under no verb, what it sends.
func (c Client) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "protocol.Client("+c.to+")")
}
