package protocol

import (
	"math"
	"net/http"
	"slices"
)

// ClientOption changes a [NewClient] or [NewTransportClient].
type ClientOption func(*Client)

// WithDefaults sets options of every send. What an event has itself wins over
// them, and a send's own options over both. Several calls add up.
func WithDefaults(opts ...SendOption) ClientOption {
	for _, opt := range opts {
		if opt == nil {
			panic("protocol: WithDefaults: an option is nil")
		}
	}
	return func(c *Client) { c.defaults = append(c.defaults, opts...) }
}

// WithHTTPClient sets the client that requests go through; it is copied. Redirects
// are not followed whatever its CheckRedirect says. The default is one of the
// package's own, which keeps 64 idle connections a host. It panics if hc is nil.
func WithHTTPClient(hc *http.Client) ClientOption {
	if hc == nil {
		panic("protocol: WithHTTPClient: the client is nil")
	}
	return func(c *Client) { c.http = hc }
}

// WithMaxResponse sets how many bytes an answer may have, uncompressed; a longer
// one is a [*BadProtocolError]. The default is 4 MiB. It panics if bytes is not
// positive.
func WithMaxResponse(bytes int64) ClientOption {
	if bytes <= 0 {
		panic("protocol: WithMaxResponse: the limit must be positive")
	}
	return func(c *Client) { c.maxResponse = min(bytes, math.MaxInt64-1) }
}

// WithRetries sets how often an event is sent at most, the first time included. The
// default is 1: no retry. It is sent again only if not a byte of an answer came, of
// whatever status, and within the timeout of the send; the waits between double
// from 100 ms up to 2 s, with jitter.
//
// An answer can be lost after the event has been handled, so with retries a handler
// may run twice for one send: at least once. It sees the same id and flow id, but
// these belong to the whole flow, so if that must not happen put a key of your own
// into the payload. It panics if tries is less than 1.
func WithRetries(tries int) ClientOption {
	if tries < 1 {
		panic("protocol: WithRetries: at least one try is needed")
	}
	return func(c *Client) { c.tries = tries }
}

// WithSendMiddleware wraps each send, retries included and within its timeout. The
// middleware sees the complete request event, which is the send's own copy: it may
// set its fields, but not change the bytes in them, or hand another on. The first is
// the outermost; several calls add up. It panics if one is nil.
func WithSendMiddleware(mw ...Middleware) ClientOption {
	if slices.ContainsFunc(mw, func(m Middleware) bool { return m == nil }) {
		panic("protocol: WithSendMiddleware: a middleware is nil")
	}
	return func(c *Client) { c.middleware = append(c.middleware, mw...) }
}
