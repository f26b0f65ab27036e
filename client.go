package cactus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cactuscorp/cactus/internal/backoff"
	"github.com/cactuscorp/cactus/internal/envelope"
)

// Version is the version of this library, sent in the User-Agent of pulls.
const Version = "0.1.0-dev"

// DefaultBaseURL is the host that a [Client] asks unless [WithBaseURL] names
// one. Cactus Corp is made up, and so is its host: nobody can own a name under
// .example, so that a forgotten base URL fails and sends a key nowhere.
const DefaultBaseURL = "https://api.cactuscorp.example"

// Fetcher answers pulls. [Client] is one. Implementations are used
// concurrently and must not change m.
type Fetcher interface {
	// FetchEvent returns the event that m names, with its data.
	FetchEvent(ctx context.Context, m *Meta) (*Envelope, error)
	// FetchObject returns the JSON of the object that the event m is about.
	FetchObject(ctx context.Context, m *Meta, ref ObjectRef) ([]byte, error)
}

// Client asks a provider's API for events and objects: GET with a bearer key,
// tried again where that is safe and there is time. It is safe for concurrent
// use and made with [NewClient].
//
// The key goes to the base URL's scheme, host and port and to nowhere else: a
// redirect that leads away is an error.
type Client struct {
	key         string
	base        *url.URL
	http        http.Client
	eventPath   string
	objectPath  string
	setHeader   []func(http.Header, *Meta)
	tries       int
	total       time.Duration
	perTry      time.Duration
	maxResponse int64
	waits       backoff.Exponential
}

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

// WithHeader has set change the header of each request before it is sent, after
// the client's own are in it; several are called in order. The Meta is that of
// the event the pull is for; it is empty if there is none. Without WithHeader
// the event's Context is sent as Cactus-Context.
func WithHeader(set func(h http.Header, m *Meta)) ClientOption {
	if set == nil {
		panic("cactus: WithHeader: the function is nil")
	}
	return func(c *Client) { c.setHeader = append(c.setHeader, set) }
}

func setContext(h http.Header, m *Meta) {
	if m.Context != "" {
		h.Set("Cactus-Context", m.Context)
	}
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
// time that a sender waits. A single try may take half of the total.
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
	return func(c *Client) { c.maxResponse = bytes }
}

// NewClient returns a client that authenticates with apiKey. It panics if the
// key is empty or could not stand in a header, which an unset environment
// variable or a trailing newline comes to.
func NewClient(apiKey string, opts ...ClientOption) *Client {
	if apiKey == "" || strings.ContainsFunc(apiKey, func(r rune) bool { return r <= ' ' || r > '~' }) {
		panic("cactus: NewClient: the API key must be printable ASCII without spaces, and not empty")
	}
	c := &Client{
		key:         apiKey,
		eventPath:   "/v1/events/{id}",
		objectPath:  "/v1/{type}s/{id}",
		maxResponse: 1 << 20,
		waits:       backoff.Exponential{Base: 100 * time.Millisecond, Max: 2 * time.Second},
	}
	for _, opt := range append([]ClientOption{WithBaseURL(DefaultBaseURL), WithRetries(3, 10*time.Second)}, opts...) {
		opt(c)
	}
	if c.setHeader == nil {
		c.setHeader = []func(http.Header, *Meta){setContext}
	}
	if c.http.Transport == nil {
		c.http.Transport = transport()
	}
	c.http.CheckRedirect = c.checkRedirect
	c.http.Jar = nil
	return c
}

// transport is shared by all clients that were not given their own. The default
// one keeps two idle connections a host, too few for concurrent handlers.
var transport = sync.OnceValue(func() http.RoundTripper {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport // the program has put its own there
	}
	t = t.Clone()
	t.MaxIdleConnsPerHost = 64
	return t
})

const maxRedirects = 3

var errRedirect = errors.New("the API redirects away from its own host, where the key must not go")

func (c *Client) checkRedirect(req *http.Request, via []*http.Request) error {
	if req.URL.Scheme != c.base.Scheme || req.URL.Host != c.base.Host {
		return errRedirect
	}
	if len(via) > maxRedirects {
		return errors.New("the API redirects too often")
	}
	return nil
}

// FetchEvent asks for the event that m names. An answer with another id is an
// error, and so is one with another type unless m.Type is empty.
func (c *Client) FetchEvent(ctx context.Context, m *Meta) (*Envelope, error) {
	if err := envelope.CheckID(m.ID); err != nil {
		return nil, fmt.Errorf("event id: %w", err)
	}
	body, err := c.get(ctx, m, strings.ReplaceAll(c.eventPath, "{id}", url.PathEscape(m.ID)))
	if err != nil {
		return nil, err
	}
	env, err := ParseEnvelope(body)
	if err != nil {
		return nil, fmt.Errorf("the API's answer: %w", errors.Unwrap(err)) // malformed is what we receive
	}
	return env, checkPulled(m, env)
}

// FetchObject asks for the object that ref names, at its URL if it has one.
func (c *Client) FetchObject(ctx context.Context, m *Meta, ref ObjectRef) ([]byte, error) {
	if ref.URL != "" {
		if err := envelope.CheckPath(ref.URL); err != nil {
			return nil, fmt.Errorf("related object's url: %w", err)
		}
		return c.get(ctx, m, ref.URL)
	}
	if err := envelope.CheckID(ref.ID); err != nil {
		return nil, fmt.Errorf("related object's id: %w", err)
	}
	path := strings.NewReplacer("{type}", url.PathEscape(ref.Type), "{id}", url.PathEscape(ref.ID))
	return c.get(ctx, m, path.Replace(c.objectPath))
}

// Get asks for path, which must begin with a slash and may have a query, and
// returns the body of the answer. An answer other than 2xx is an [*APIError].
func (c *Client) Get(ctx context.Context, path string) (json.RawMessage, error) {
	return c.get(ctx, &Meta{}, path)
}

// Retrieve gets path and decodes the answer into an O, which is validated if it
// has validate tags.
func Retrieve[O any](ctx context.Context, c *Client, path string) (*O, error) {
	body, err := c.Get(ctx, path)
	if err != nil {
		return nil, err
	}
	object := new(O)
	if err := decodeChecked("answer", body, object, &deps{}); err != nil {
		return nil, err
	}
	return object, nil
}

// EventQuery selects events of the API's list. The zero value selects all.
type EventQuery struct {
	Type  string    // only this type
	Since time.Time // only events created at or after this time
	After string    // begin behind the event with this id
	Limit int       // events a page; 0 leaves it to the API
}

func (q EventQuery) encode() string {
	v := url.Values{}
	if q.Type != "" {
		v.Set("type", q.Type)
	}
	if !q.Since.IsZero() {
		v.Set("since", q.Since.UTC().Format(time.RFC3339Nano))
	}
	if q.After != "" {
		v.Set("after", q.After)
	}
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	if len(v) == 0 {
		return ""
	}
	return "?" + v.Encode()
}

// Events walks the API's list of events from page to page: GET /v1/events, whose
// answer has the events in data and the cursor of the next page in next. An
// error ends the walk.
func (c *Client) Events(ctx context.Context, q EventQuery) iter.Seq2[*Envelope, error] {
	list := strings.TrimSuffix(c.eventPath, "/{id}")
	return func(yield func(*Envelope, error) bool) {
		for {
			body, err := c.Get(ctx, list+q.encode())
			if err != nil {
				yield(nil, err)
				return
			}
			var page struct {
				Data []json.RawMessage `json:"data"`
				Next string            `json:"next"`
			}
			if err := json.Unmarshal(body, &page); err != nil {
				yield(nil, fmt.Errorf("list of events: %w", redact("", body, reflect.TypeOf(page), err)))
				return
			}
			for _, item := range page.Data {
				env, err := ParseEnvelope(item)
				if err != nil {
					err = fmt.Errorf("list of events: %w", errors.Unwrap(err))
				}
				if !yield(env, err) || err != nil {
					return
				}
			}
			if page.Next == "" {
				return
			}
			if page.Next == q.After {
				yield(nil, errors.New("list of events: the next page is the page itself"))
				return
			}
			q.After = page.Next
		}
	}
}

// get tries until an answer is final or time or tries are used up.
func (c *Client) get(ctx context.Context, m *Meta, path string) ([]byte, error) {
	target, err := c.resolve(path)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.total)
	defer cancel()
	for try := 1; ; try++ {
		body, err := c.once(ctx, m, target)
		if err == nil {
			return body, nil
		}
		wait, again := c.retry(err, try)
		if !again || ctx.Err() != nil || !backoff.Fits(ctx, wait) {
			return nil, err
		}
		if backoff.Sleep(ctx, wait) != nil {
			return nil, err // what went wrong says more than that time is up
		}
	}
}

// retry decides whether another try may help, and how long to wait for it.
func (c *Client) retry(err error, try int) (time.Duration, bool) {
	if try >= c.tries || errors.Is(err, errRedirect) || errors.Is(err, errTooLong) {
		return 0, false
	}
	wait := c.waits.Wait(try)
	var answer *APIError
	if !errors.As(err, &answer) {
		return wait, true // no answer: a GET can be asked again
	}
	switch answer.Status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return max(wait, answer.After), true
	}
	return 0, false
}

// resolve joins path to the base and makes sure that it stays there.
func (c *Client) resolve(path string) (*url.URL, error) {
	ref, err := url.Parse(path)
	if err != nil || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") ||
		ref.Scheme != "" || ref.Host != "" || ref.User != nil {
		return nil, errors.New("the path must begin with one slash and name no host")
	}
	target := *c.base
	target.Path, target.RawPath = c.base.Path+ref.Path, c.base.EscapedPath()+ref.EscapedPath()
	target.RawQuery = ref.RawQuery
	return &target, nil
}

var errTooLong = errors.New("the API's answer is longer than the limit")

// once sends one request.
func (c *Client) once(ctx context.Context, m *Meta, target *url.URL) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.perTry)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "cactus-go/"+Version)
	for _, set := range c.setHeader {
		set(req.Header, m)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, c.maxResponse+1))
	if err != nil {
		return nil, fmt.Errorf("read the API's answer: %w", err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, c.apiError(resp, body)
	}
	if int64(len(body)) > c.maxResponse {
		return nil, errTooLong
	}
	return slices.Clip(body), nil
}
