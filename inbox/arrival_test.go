package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/inbox"
	"github.com/cactuscorp/cactus/types"
)

// durable is a store that has items as a database does: their times have no
// monotonic reading.
type durable struct{ inbox.Store }

func (s durable) Add(ctx context.Context, item *inbox.Item) error {
	head, err := item.MarshalHead()
	if err != nil {
		return err
	}
	stored := &inbox.Item{ID: item.ID, Source: item.Source, Body: item.Body}
	if err := stored.UnmarshalHead(head); err != nil {
		return err
	}
	return s.Store.Add(ctx, stored)
}

// states is an API whose objects have a version that grows.
type states struct {
	mu       sync.Mutex
	versions map[string]int
	requests int
}

func (s *states) change(id string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.versions[id]++
	return s.versions[id]
}

func (s *states) FetchEvent(context.Context, *cactus.Meta) (*cactus.Envelope, error) {
	return nil, errors.New("no events here")
}

func (s *states) FetchObject(_ context.Context, _ *cactus.Meta, ref cactus.ObjectRef) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	return fmt.Appendf(nil, `{"id":%q,"num_items":%d}`, ref.ID, s.versions[ref.ID]), nil
}

// shippedAt is an event about an order of a version, which is its id.
func shippedAt(order string, version int) *cactus.Request {
	body := fmt.Sprintf(`{"id":"%d","type":"order.shipped","related_object":{"id":%q,"type":"order"}}`, version, order)
	return cactus.NewRequest(map[string][]string{"webhook-id": {strconv.Itoa(version)}}, []byte(body), time.Now())
}

// refreshing has an Inbox whose handler fetches the order, and fails the test if
// that is older than the event.
func refreshing(t *testing.T, store inbox.Store, f cactus.Fetcher, seen *atomic.Int64) *inbox.Inbox {
	t.Helper()
	r := &cactus.Registry{Fetcher: f}
	cactus.On(r, func(ctx context.Context, e *types.OrderShippedPushed) error {
		order, err := e.FetchRelatedObject(ctx)
		if err != nil {
			return err
		}
		if want, err := strconv.Atoi(e.ID); err != nil || order.NumItems < want {
			t.Errorf("version %d for event %s", order.NumItems, e.ID)
		}
		seen.Add(1)
		return nil
	})
	in := inbox.New(store, inbox.Config{Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	in.Register("shop", r, cactustest.Source())
	return in
}

// runOut works off what is ready.
func runOut(t *testing.T, in *inbox.Inbox) {
	t.Helper()
	_, err := in.Shutdown(t.Context()) // Run returns when nothing is ready any more
	require.NoError(t, err)
	require.NoError(t, in.Run(t.Context()))
}

// A bubble's clock has no monotonic reading, so these are on real time.
func TestInbox_ItemsOfThisProcessShareFetchesAtOnce(t *testing.T) {
	api, seen := &states{versions: map[string]int{}}, new(atomic.Int64)
	in := refreshing(t, durable{inbox.NewMemory()}, cactus.Coalesce(api), seen)
	for n := range 1000 {
		order := fmt.Sprint("ord_", n%10)
		require.NoError(t, in.Enqueue(t.Context(), "shop", shippedAt(order, api.change(order))))
	}
	runOut(t, in)
	require.EqualValues(t, 1000, seen.Load())
	require.LessOrEqual(t, api.requests, 20)
}

// What another process has added is compared by the wall clock: so soon it shares
// no fetch that has begun.
func TestInbox_ItemsOfOthersKeepTheirDistance(t *testing.T) {
	api, seen := &states{versions: map[string]int{}}, new(atomic.Int64)
	store := durable{inbox.NewMemory()}
	shared := cactus.Coalesce(api, cactus.WithClockSkew(time.Hour))
	receiving := refreshing(t, store, shared, seen)
	for range 100 {
		require.NoError(t, receiving.Enqueue(t.Context(), "shop", shippedAt("ord_1", api.change("ord_1"))))
	}
	runOut(t, refreshing(t, store, shared, seen))
	require.EqualValues(t, 100, seen.Load())
	require.Zero(t, shared.Stats().Kept)
}

// The orders change while they are fetched.
func TestInbox_NobodySeesAnOrderOlderThanTheEvent(t *testing.T) {
	api, seen := &states{versions: map[string]int{}}, new(atomic.Int64)
	in := refreshing(t, durable{inbox.NewMemory(inbox.WithMaxItems(20_000))}, cactus.Coalesce(api), seen)
	done := make(chan error, 1)
	go func() { done <- in.Run(context.WithoutCancel(t.Context())) }()
	var group sync.WaitGroup
	for sender := range 4 {
		group.Go(func() {
			for n := range 2500 {
				order := fmt.Sprint("ord_", (sender+n)%5)
				if err := in.Enqueue(t.Context(), "shop", shippedAt(order, api.change(order))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	_, err := in.Shutdown(t.Context())
	require.NoError(t, err)
	require.NoError(t, <-done)
	require.EqualValues(t, 10_000, seen.Load())
	require.Less(t, api.requests, 10_000)
	t.Logf("%d requests", api.requests)
}
