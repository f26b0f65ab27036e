package cactus

import (
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// ClientOption changes a [NewClient].
type ClientOption func(*Client)

// WithBaseURL sets the API's address: scheme and host, and perhaps a path that
// all of the API lies below. It panics if the URL is not absolute http or
// https, or has a query, a fragment or a user.
func WithBaseURL(base string) ClientOption {
	u, err := url.Parse(base)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" ||
		u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		panic("cactus: WithBaseURL: the URL must be http or https with a host, and without user, query and fragment")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return func(c *Client) { c.base = u }
}

// WithEventPath sets where an event is, with {id} in place of its id. The
// default is /v1/events/{id}.
func WithEventPath(template string) ClientOption {
	mustTemplate("WithEventPath", template, "{id}")
	return func(c *Client) { c.eventPath = template }
}

// WithObjectPath sets where a related object is that came without a URL, with
// {type} and {id} in place of its type and id. The default is /v1/{type}s/{id}.
func WithObjectPath(template string) ClientOption {
	mustTemplate("WithObjectPath", template, "{id}")
	return func(c *Client) { c.objectPath = template }
}

func mustTemplate(option, template, placeholder string) {
	if !strings.HasPrefix(template, "/") || !strings.Contains(template, placeholder) {
		panic("cactus: " + option + ": the path must begin with / and contain " + placeholder)
	}
}

// WithContextHeader names the header that an event's Context goes back in with
// each of its pulls. The default is Cactus-Context; empty means none.
func WithContextHeader(name string) ClientOption {
	return func(c *Client) { c.contextName = name }
}

// WithHeader has set change the header of each request before it is sent, after
// the client's own are in it; several are called in order. The Meta is that of
// the event the pull is for; it is empty if there is none.
func WithHeader(set func(h http.Header, m *Meta)) ClientOption {
	if set == nil {
		panic("cactus: WithHeader: the function is nil")
	}
	return func(c *Client) { c.setHeader = append(c.setHeader, set) }
}

// WithHTTPClient sets the client that requests go through; it is copied. Its
// CheckRedirect is not called: see [Client].
func WithHTTPClient(hc *http.Client) ClientOption {
	if hc == nil {
		panic("cactus: WithHTTPClient: the client is nil")
	}
	return func(c *Client) { c.http = *hc }
}

// WithRetries sets how often a request is tried at most, the first time
// included, and how long all tries may take together with the waits between
// them. The default is 3 tries in 10 seconds, so that a pull fits inside the
// time that a sender waits. A single try may take half of the total. A
// Retry-After is heeded if it fits; otherwise the answer is returned at once,
// for the sender of the event to wait.
//
// It panics if tries is less than 1 or total is not positive.
func WithRetries(tries int, total time.Duration) ClientOption {
	if tries < 1 || total <= 0 {
		panic("cactus: WithRetries: at least one try and a positive total are needed")
	}
	return func(c *Client) { c.tries, c.total, c.perTry = tries, total, total/2 }
}

// WithMaxResponse sets how many bytes of an answer are read at most; a longer
// one is an error. The default is 1 MiB. It panics if bytes is not positive.
func WithMaxResponse(bytes int64) ClientOption {
	if bytes <= 0 {
		panic("cactus: WithMaxResponse: the limit must be positive")
	}
	return func(c *Client) { c.maxResponse = min(bytes, math.MaxInt64-1) }
}
