package cactus_test

import (
	"context"
	"fmt"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/types"
)

// The receiver was down after the first event. Backfill brings the rest through
// the same middleware.
func ExampleRegistry_Backfill() {
	api := cactustest.NewAPI(cactustest.APIKey)
	start := time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)
	for i, city := range []string{"Boulder", "Denver", "Aspen"} {
		e := cactus.New[types.OrderLost](fmt.Sprint("evt_", i))
		e.Created = start.Add(time.Duration(i) * time.Hour)
		e.Data.LastSeenCity = city
		api.AddEvent(e)
	}
	registry := &cactus.Registry{Fetcher: api.Client()}
	registry.Use(middleware.Dedupe(middleware.NewMemoryDedupe()))
	cactus.On(registry, func(_ context.Context, e *types.OrderLost) error {
		fmt.Println(e.ID, "was last seen in", e.Data.LastSeenCity)
		return nil
	})
	_ = registry.DispatchUnverified(context.Background(), []byte(`{"id": "evt_0", "type": "order.lost"}`))

	p, err := registry.Backfill(context.Background(), api.Client(), start)
	fmt.Println(p.Handled, "handled,", p.Ignored, "had come before, cursor", p.Cursor, err)
	// Output:
	// evt_0 was last seen in Boulder
	// evt_1 was last seen in Denver
	// evt_2 was last seen in Aspen
	// 2 handled, 1 had come before, cursor evt_2 <nil>
}
