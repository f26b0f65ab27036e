package types

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/internal/envelope"
)

// Client is a [cactus.Client] with Cactus Corp's own methods. It is safe for
// concurrent use.
type Client struct {
	*cactus.Client
}

// NewClient returns a client that authenticates with apiKey, see
// [cactus.NewClient].
func NewClient(apiKey string, opts ...cactus.ClientOption) *Client {
	return &Client{cactus.NewClient(apiKey, opts...)}
}

// GenericThinEvent is what ParseEventV1 makes of any event.
type GenericThinEvent struct {
	ID            string
	Type          string
	RelatedObject *cactus.ObjectRef // nil: none
}

// ParseEventV1 parses a thin event of any type.
//
// Deprecated: its caller has to spell the type, cast the pulled event and
// remember which events have a related object, and nothing notices a mistake
// before it runs. Use [Client.ParseEventV2], or better [cactus.On].
func (c *Client) ParseEventV1(body []byte) (*GenericThinEvent, error) {
	env, err := cactus.ParseEnvelope(body)
	if err != nil {
		return nil, err
	}
	event := &GenericThinEvent{ID: env.ID, Type: env.Type}
	if !env.RelatedObject.IsZero() {
		event.RelatedObject = &env.RelatedObject
	}
	return event, nil
}

// ParseEventV2 parses an event into the pushed type of its own, ready for a
// type switch, or into a [*cactus.RawEvent] if the catalogue does not have it.
// It does not verify where the body came from.
func (c *Client) ParseEventV2(ctx context.Context, body []byte) (cactus.Event, error) {
	return Catalogue.ParseEvent(ctx, c.Client, body)
}

// RetrieveEvent asks for a full event, such as an [*OrderShipped], or a
// [*cactus.RawEvent] if the catalogue does not have it.
//
// Its errors, and those of the other Retrieve methods, are an
// [*InvalidIDError], a [*NotFoundError], or what [cactus.APIError] can be.
func (c *Client) RetrieveEvent(ctx context.Context, id string) (cactus.Event, error) {
	if err := checkID("event", "evt_", id); err != nil {
		return nil, err
	}
	env, err := c.FetchEvent(ctx, &cactus.Meta{ID: id})
	if err != nil {
		return nil, notFound("event", id, err)
	}
	return Catalogue.FullEvent(ctx, c.Client, env)
}

// RetrieveOrder asks for an order.
func (c *Client) RetrieveOrder(ctx context.Context, id string) (*Order, error) {
	return retrieve[Order](ctx, c, "order", "ord_", id)
}

// RetrieveMovie asks for a movie.
func (c *Client) RetrieveMovie(ctx context.Context, id string) (*Movie, error) {
	return retrieve[Movie](ctx, c, "movie", "mov_", id)
}

func retrieve[O any](ctx context.Context, c *Client, object, prefix, id string) (*O, error) {
	if err := checkID(object, prefix, id); err != nil {
		return nil, err
	}
	o, err := cactus.Retrieve[O](ctx, c, "/v1/"+object+"s/"+id)
	return o, notFound(object, id, err)
}

// InvalidIDError is an id that cannot be one of the object asked for.
type InvalidIDError struct {
	Object string // "event", "order" or "movie"
	ID     string
}

func (e *InvalidIDError) Error() string {
	return fmt.Sprintf("unable to fetch %s with invalid id: %s", e.Object, e.ID)
}

// NotFoundError is an id that the API does not know. It is a
// [cactus.ErrNotFound].
type NotFoundError struct {
	Object string // "event", "order" or "movie"
	ID     string

	err error
}

func (e *NotFoundError) Error() string {
	return fmt.Sprintf("404: %s %s not found", e.Object, e.ID)
}

// Unwrap returns the API's answer.
func (e *NotFoundError) Unwrap() error { return e.err }

func checkID(object, prefix, id string) error {
	if !strings.HasPrefix(id, prefix) || envelope.CheckID(id) != nil {
		return &InvalidIDError{object, id}
	}
	return nil
}

func notFound(object, id string, err error) error {
	if errors.Is(err, cactus.ErrNotFound) {
		return &NotFoundError{object, id, err}
	}
	return err
}
