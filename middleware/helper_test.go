package middleware_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/types"
)

var errFlaky = errors.New("connection reset")

// shipped is an order.shipped that comes with its data.
func shipped(data string) *cactus.Envelope {
	return &cactus.Envelope{
		Meta: cactus.Meta{ID: "evt_441", Type: "order.shipped"},
		Data: json.RawMessage(data),
	}
}

// thin is an order.shipped that has to be pulled.
func thin() *cactus.Envelope {
	return &cactus.Envelope{Meta: cactus.Meta{ID: "evt_441", Type: "order.shipped"}}
}

// dispatch runs h below mw for one thin event.
func dispatch(ctx context.Context, h func(context.Context) error, mw ...cactus.Middleware) error {
	r := &cactus.Registry{}
	r.Use(mw...)
	cactus.On(r, func(ctx context.Context, _ *types.OrderShippedPushed) error { return h(ctx) })
	return r.Dispatch(ctx, thin())
}

// flakyFetcher fails a number of times and then answers. It is safe for
// concurrent use.
type flakyFetcher struct {
	failures int64
	err      error
	data     string
	asked    atomic.Int64
}

func (f *flakyFetcher) FetchEvent(_ context.Context, m *cactus.Meta) (*cactus.Envelope, error) {
	if f.asked.Add(1) <= f.failures {
		return nil, f.err
	}
	return &cactus.Envelope{Meta: *m, Data: json.RawMessage(f.data)}, nil
}

func (f *flakyFetcher) FetchObject(context.Context, *cactus.Meta, cactus.ObjectRef) ([]byte, error) {
	return nil, f.err
}

// requireBetween checks a time that jitter makes vary.
func requireBetween(t *testing.T, low, high, got time.Duration) {
	t.Helper()
	require.GreaterOrEqual(t, got, low)
	require.LessOrEqual(t, got, high)
}
