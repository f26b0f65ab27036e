package cactus

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
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
	contextName string
	setHeader   []func(http.Header, *Meta)
	tries       int
	total       time.Duration
	perTry      time.Duration
	maxResponse int64
	waits       backoff.Exponential
	throttle    *throttle // nil: none
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
		contextName: "Cactus-Context",
		eventPath:   "/v1/events/{id}",
		objectPath:  "/v1/{type}s/{id}",
		maxResponse: 1 << 20,
		waits:       backoff.Exponential{Base: 100 * time.Millisecond, Max: 2 * time.Second},
	}
	for _, opt := range append([]ClientOption{WithBaseURL(DefaultBaseURL), WithRetries(3, 10*time.Second)}, opts...) {
		opt(c)
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
	t.MaxResponseHeaderBytes = 64 << 10
	return t
})

// Format shows where the client asks, and under no verb its key.
func (c Client) Format(f fmt.State, _ rune) {
	where := "nowhere"
	if c.base != nil {
		where = c.base.String()
	}
	_, _ = io.WriteString(f, "cactus.Client("+where+")")
}

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
	if err := envelope.CheckType(ref.Type); err != nil {
		return nil, fmt.Errorf("related object's type: %w", err)
	}
	path := strings.NewReplacer("{type}", url.PathEscape(ref.Type), "{id}", url.PathEscape(ref.ID))
	return c.get(ctx, m, path.Replace(c.objectPath))
}

// Get asks for path, which must begin with a slash and may have a query, and
// returns the body of the answer. An answer other than 2xx is an [*APIError].
func (c *Client) Get(ctx context.Context, path string) (json.RawMessage, error) {
	return c.get(ctx, &Meta{}, path)
}

// Getter is what [Retrieve] asks: a [Client], or a type that embeds one.
type Getter interface {
	Get(ctx context.Context, path string) (json.RawMessage, error)
}

// Retrieve gets path and decodes the answer into an O, which is validated if it
// has validate tags.
func Retrieve[O any](ctx context.Context, c Getter, path string) (*O, error) {
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

// get tries until an answer is final or time or tries are used up.
func (c *Client) get(ctx context.Context, m *Meta, path string) ([]byte, error) {
	target, err := c.resolve(path)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.total)
	defer cancel()
	var last error
	for try := 1; ; try++ {
		if err := c.throttle.wait(ctx); err != nil {
			return nil, cmp.Or(last, err) // what went wrong says more than that we wait
		}
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
		last = err
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
	if c.contextName != "" && m.Context != "" {
		req.Header.Set(c.contextName, m.Context)
	}
	for _, set := range c.setHeader {
		set(req.Header, m)
	}
	began := time.Now()
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.noAnswer(err)
	}
	c.throttle.answered(resp, began)
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, c.maxResponse+1))
	if err != nil {
		return nil, fmt.Errorf("read the API's answer: %w", err)
	}
	if !isSuccess(resp.StatusCode) {
		return nil, c.apiError(resp, body)
	}
	if int64(len(body)) > c.maxResponse {
		return nil, errTooLong
	}
	return slices.Clip(body), nil
}
