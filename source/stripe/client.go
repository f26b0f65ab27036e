package stripe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/internal/envelope"
)

// BaseURL is where Stripe's API is.
const BaseURL = "https://api.stripe.com"

// ClientOptions returns what a [cactus.Client] needs to pull from Stripe: the
// base URL, the path of thin events, and the headers that say whose event it is
// (Stripe-Context) and which one made us ask (Stripe-Request-Trigger). Options
// after them win. Stripe's API wants a version, which is yours to choose:
//
//	opts := append(stripe.ClientOptions(), stripe.WithVersion("2025-09-30.clover"))
//
// A client with these options pulls thin events, and related objects of either
// kind. [NewClient] makes one that pulls snapshot events too.
func ClientOptions() []cactus.ClientOption {
	return []cactus.ClientOption{
		cactus.WithBaseURL(BaseURL),
		cactus.WithEventPath("/v2/core/events/{id}"),
		cactus.WithContextHeader("Stripe-Context"),
		cactus.WithHeader(func(h http.Header, m *cactus.Meta) {
			if m.ID != "" {
				h.Set("Stripe-Request-Trigger", "event="+m.ID)
			}
		}),
	}
}

// WithVersion sends version as the Stripe-Version of each request. Without it,
// Stripe answers /v1 paths in the account's own version, and may refuse /v2
// paths. It panics if version is not made of letters, digits, dots, hyphens and
// underscores.
func WithVersion(version string) cactus.ClientOption {
	if err := checkVersion(version); err != nil {
		panic("stripe: WithVersion: the version " + err.Error())
	}
	return cactus.WithHeader(func(h http.Header, _ *cactus.Meta) { h.Set("Stripe-Version", version) })
}

// Client is a [cactus.Client] that pulls events of both kinds. Its types tell
// them apart: those of thin events begin with "v1." or "v2.". It is made with
// [NewClient].
type Client struct{ *cactus.Client }

// NewClient returns a client with [ClientOptions] and, after them, opts. Use it
// as a Registry's Fetcher. It panics under the rules of [cactus.NewClient].
func NewClient(apiKey string, opts ...cactus.ClientOption) *Client {
	return &Client{cactus.NewClient(apiKey, append(ClientOptions(), opts...)...)}
}

var _ cactus.Fetcher = (*Client)(nil)

// FetchEvent asks for the event that m names: a snapshot event at
// /v1/events/{id}, a thin event and one without a type at
// /v2/core/events/{id}. Stripe keeps events for 30 days.
func (c *Client) FetchEvent(ctx context.Context, m *cactus.Meta) (*cactus.Envelope, error) {
	if m.Type == "" || strings.HasPrefix(m.Type, "v1.") || strings.HasPrefix(m.Type, "v2.") {
		return c.Client.FetchEvent(ctx, m)
	}
	if err := envelope.CheckID(m.ID); err != nil {
		return nil, fmt.Errorf("event id: %w", err)
	}
	body, err := c.FetchObject(ctx, m, cactus.ObjectRef{URL: "/v1/events/" + m.ID})
	if err != nil {
		return nil, err
	}
	envs, err := pulled.append(nil, body)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the API's answer: %w", err)
	case envs[0].ID != m.ID:
		return nil, errors.New("the API's answer: it has another id than the event that was asked for")
	case envs[0].Type != m.Type:
		return nil, errors.New("the API's answer: it has another type than the event that was asked for")
	}
	return &envs[0], nil
}

// pulled reads the API's answers.
var pulled = &parser{takes: snapshotObject}
