package stripe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/internal/envelope"
)

// BaseURL is where Stripe's API is.
const BaseURL = "https://api.stripe.com"

// Client asks Stripe's API for events of both kinds, one by one and in lists,
// and for objects. It is safe for concurrent use and made with [NewClient].
//
// It is a [cactus.Fetcher] and a [cactus.Getter], for [cactus.Retrieve]. It is no
// [cactus.Lister], because Stripe has two lists: [Client.ThinEvents] and
// [Client.SnapshotEvents].
type Client struct{ api *cactus.Client }

// NewClient returns a client that authenticates with apiKey and sends version as
// the Stripe-Version of each request: it names the shape of what the API answers,
// which is that of one's Go types, and Stripe refuses /v2 paths without. It may
// have the features of a preview after it, as Stripe writes them:
// "2025-12-15.clover; feature=v1".
//
// It is a [cactus.Client] with the base URL, the paths and the headers of Stripe:
// whose event a pull is for (Stripe-Context), and which one made us ask
// (Stripe-Request-Trigger). An answer may have 16 MiB, because a page of a list
// has up to a hundred events. The options come after all that, and win.
//
// It panics under the rules of [cactus.NewClient], and if version is empty or not
// made of letters, digits, dots and hyphens, as the key in its place would be.
func NewClient(apiKey, version string, opts ...cactus.ClientOption) *Client {
	if err := checkVersion(version); err != nil {
		panic("stripe: NewClient: the version " + err.Error())
	}
	opts = slices.Concat([]cactus.ClientOption{
		cactus.WithBaseURL(BaseURL),
		cactus.WithEventPath(thinPath + "/{id}"),
		cactus.WithContextHeader("Stripe-Context"),
		cactus.WithMaxResponse(16 << 20),
		cactus.WithHeader(func(h http.Header, m *cactus.Meta) {
			h.Set("Stripe-Version", version)
			if m.ID != "" {
				h.Set("Stripe-Request-Trigger", "event="+m.ID)
			}
		}),
	}, opts)
	return &Client{cactus.NewClient(apiKey, opts...)}
}

var (
	_ cactus.Fetcher = (*Client)(nil)
	_ cactus.Getter  = (*Client)(nil)
)

// Where the two kinds of events are, by their ids and as lists.
const (
	thinPath     = "/v2/core/events"
	snapshotPath = "/v1/events"
)

// FetchEvent asks for the event that m names: a snapshot event at
// /v1/events/{id}, a thin event and one without a type at
// /v2/core/events/{id}. Their types tell them apart: those of thin events begin
// with "v1." or "v2.". Stripe keeps events for 30 days.
func (c *Client) FetchEvent(ctx context.Context, m *cactus.Meta) (*cactus.Envelope, error) {
	if m.Type == "" || strings.HasPrefix(m.Type, "v1.") || strings.HasPrefix(m.Type, "v2.") {
		return c.api.FetchEvent(ctx, m)
	}
	if err := envelope.CheckID(m.ID); err != nil {
		return nil, fmt.Errorf("event id: %w", err)
	}
	body, err := c.FetchObject(ctx, m, cactus.ObjectRef{URL: snapshotPath + "/" + m.ID})
	if err != nil {
		return nil, err
	}
	env, err := pulledSnapshot.one(body)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the API's answer: %w", err)
	case env.ID != m.ID:
		return nil, errors.New("the API's answer: it has another id than the event that was asked for")
	case env.Type != m.Type:
		return nil, errors.New("the API's answer: it has another type than the event that was asked for")
	}
	return env, nil
}

// FetchObject asks for the object that ref names, for the account of m.
func (c *Client) FetchObject(ctx context.Context, m *cactus.Meta, ref cactus.ObjectRef) ([]byte, error) {
	return c.api.FetchObject(ctx, m, ref)
}

// Get asks for path, as [cactus.Client.Get] does.
func (c *Client) Get(ctx context.Context, path string) (json.RawMessage, error) {
	return c.api.Get(ctx, path)
}

// Format shows where the client asks, and under no verb its key.
func (c Client) Format(f fmt.State, verb rune) {
	if c.api == nil {
		c.api = new(cactus.Client)
	}
	c.api.Format(f, verb)
}

// pulled reads events out of the API's answers.
type pulled struct{ parser }

var (
	pulledThin     = &pulled{parser{takes: thinObject, named: true}}
	pulledSnapshot = &pulled{parser{takes: snapshotObject}}
)

// one reads one event. What is wrong with it is no malformed delivery.
func (p *pulled) one(body []byte) (*cactus.Envelope, error) {
	envs, err := p.append(nil, body)
	if errors.Is(err, cactus.ErrMalformed) {
		err = errors.Unwrap(err)
	}
	if err != nil {
		return nil, err
	}
	return &envs[0], nil
}
