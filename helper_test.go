package cactus_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
)

// Cactus Corp's events as they are pushed.
const (
	shippedThin = `{"id": "evt_441", "type": "order.shipped", "related_object": {"id": "ord_452", "type": "order"}}`
	shippedFull = `{"id": "evt_441", "type": "order.shipped", "related_object": {"id": "ord_452", "type": "order"}, "data": {"shipping_service": "usps"}}`
	lostThin    = `{"id": "evt_849", "type": "order.lost", "related_object": null}`
	orderJSON   = `{"id":"ord_452","created":"2025-05-09","num_items":5,"cost_cents":300,"delivery_date":"2025-06-09"}`
)

// fetcher answers pulls from maps and counts them. Its hook, if there is one,
// decides first.
type fetcher struct {
	mu      sync.Mutex
	events  map[string]string
	objects map[string]string
	asked   []string
	metas   []cactus.Meta
	hook    func(ctx context.Context, what string) error
}

func newFetcher() *fetcher {
	return &fetcher{
		events: map[string]string{
			"evt_441": shippedFull,
			"evt_849": `{"id": "evt_849", "type": "order.lost", "data": {"last_seen_city": "Boulder"}}`,
		},
		objects: map[string]string{"ord_452": orderJSON},
	}
}

func (f *fetcher) ask(ctx context.Context, m *cactus.Meta, what string) error {
	f.mu.Lock()
	f.asked = append(f.asked, what)
	f.metas = append(f.metas, *m)
	hook := f.hook
	f.mu.Unlock()
	if hook != nil {
		return hook(ctx, what)
	}
	return ctx.Err()
}

func (f *fetcher) FetchEvent(ctx context.Context, m *cactus.Meta) (*cactus.Envelope, error) {
	if err := f.ask(ctx, m, "event "+m.ID); err != nil {
		return nil, err
	}
	body, ok := f.events[m.ID]
	if !ok {
		return nil, fmt.Errorf("%w: %s", cactus.ErrNotFound, m.ID)
	}
	return cactus.ParseEnvelope([]byte(body))
}

func (f *fetcher) FetchObject(ctx context.Context, m *cactus.Meta, ref cactus.ObjectRef) ([]byte, error) {
	if err := f.ask(ctx, m, ref.Type+" "+ref.ID); err != nil {
		return nil, err
	}
	body, ok := f.objects[ref.ID]
	if !ok {
		return nil, fmt.Errorf("%w: %s", cactus.ErrNotFound, ref.ID)
	}
	return []byte(body), nil
}

func (f *fetcher) requests() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.asked...)
}

// panicText runs f and returns what it panicked with.
func panicText(tb testing.TB, f func()) (text string) {
	tb.Helper()
	defer func() {
		v := recover()
		require.NotNil(tb, v, "it did not panic")
		text = fmt.Sprint(v)
	}()
	f()
	return ""
}
