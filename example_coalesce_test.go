package cactus_test

import (
	"context"
	"fmt"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/types"
)

// A hundred events about one order were queued. One fetch that begins after the
// last has arrived serves all of them.
func ExampleCoalesce() {
	api := cactustest.NewAPI(cactustest.APIKey)
	fetcher := cactus.Coalesce(api.Client(cactus.WithRateLimit(50, 10)))
	registry := &cactus.Registry{Fetcher: fetcher}
	items := 0
	cactus.On(registry, func(ctx context.Context, e *types.OrderShippedPushed) error {
		order, err := e.FetchRelatedObject(ctx)
		if err != nil {
			return err
		}
		items += order.NumItems
		return nil
	})

	queue := make([]*cactus.Envelope, 100)
	for i := range queue {
		queue[i] = &cactus.Envelope{
			Meta:          cactus.Meta{ID: fmt.Sprint("evt_", i), Type: "order.shipped", ReceivedAt: time.Now()},
			RelatedObject: cactus.ObjectRef{ID: "ord_452", Type: "order"},
		}
	}
	time.Sleep(time.Millisecond) // until a coarse clock ticks as well
	for _, env := range queue {
		if err := registry.Dispatch(context.Background(), env); err != nil {
			fmt.Println(err)
		}
	}
	stats := fetcher.Stats()
	fmt.Println(items, "items;", stats.Requests, "request,", stats.Kept, "events served by it")
	// Output: 500 items; 1 request, 99 events served by it
}
