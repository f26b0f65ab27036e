package middleware_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/types"
)

// at is an event of an order, created at a minute of the hour.
func at(order string, minute int) *cactus.Envelope {
	return &cactus.Envelope{
		Meta: cactus.Meta{
			ID: fmt.Sprintf("evt_%s_%d", order, minute), Type: "order.shipped",
			Created: time.Date(2025, 6, 1, 12, minute, 0, 0, time.UTC),
		},
		RelatedObject: cactus.ObjectRef{ID: order, Type: "order"},
	}
}

// Many events of one order come at once. No two of them are handled at the same
// time, so that the map needs no lock.
func ExampleSerial() {
	shipped := map[string]int{}
	r := &cactus.Registry{}
	r.Use(middleware.Serial(middleware.NewMemoryOrder()))
	cactus.On(r, func(_ context.Context, e *types.OrderShippedPushed) error {
		shipped[e.RelatedObject.ID]++
		return nil
	})
	var senders sync.WaitGroup
	for minute := range 20 {
		senders.Go(func() { _ = r.Dispatch(context.Background(), at("ord_452", minute)) })
	}
	senders.Wait()
	fmt.Println(shipped)
	// Output:
	// map[ord_452:20]
}

// An event that was overtaken is not run, and its sender is told that all is
// well.
func ExampleSkipStale() {
	r := &cactus.Registry{}
	r.Use(middleware.SkipStale(middleware.NewMemoryOrder(), middleware.WithSource("shop")))
	cactus.On(r, func(_ context.Context, e *types.OrderShippedPushed) error {
		fmt.Println("handle", e.ID)
		return nil
	})
	for _, event := range []*cactus.Envelope{at("ord_452", 10), at("ord_452", 9), at("ord_7", 9), at("ord_452", 11)} {
		err := r.Dispatch(context.Background(), event)
		fmt.Println(cactus.OutcomeOf(err).Status(), err)
	}
	// Output:
	// handle evt_ord_452_10
	// 200 <nil>
	// 200 middleware: stale: cactus: event ignored
	// handle evt_ord_7_9
	// 200 <nil>
	// handle evt_ord_452_11
	// 200 <nil>
}

// An event whose turn does not come in time is busy: its sender comes back.
func ExampleWithOrderWait() {
	r := &cactus.Registry{}
	r.Use(middleware.Serial(middleware.NewMemoryOrder(), middleware.WithOrderWait(0), middleware.WithLease(20*time.Second)))
	cactus.On(r, func(ctx context.Context, e *types.OrderShippedPushed) error {
		if e.Created.Minute() == 10 {
			err := r.Dispatch(ctx, at("ord_452", 11)) // as if it came just now
			fmt.Println(cactus.OutcomeOf(err).Status(), err)
		}
		return nil
	})
	_ = r.Dispatch(context.Background(), at("ord_452", 10))
	// Output:
	// 409 busy: middleware: in flight elsewhere
}

// All events of one customer are in one order, by a version that the sender
// counts.
func ExampleWithOrderKey() {
	customers := map[string]string{"ord_452": "cus_1", "ord_7": "cus_1"}
	versions := map[string]int64{"evt_ord_452_9": 2, "evt_ord_7_10": 1}
	r := &cactus.Registry{}
	r.Use(middleware.SkipStale(middleware.NewMemoryOrder(),
		middleware.WithOrderKey(func(event cactus.Event) string { return customers[cactus.RelatedObjectOf(event).ID] }),
		middleware.WithPosition(func(event cactus.Event) int64 { return versions[event.Metadata().ID] }),
	))
	cactus.On(r, func(context.Context, *types.OrderShippedPushed) error { return nil })
	fmt.Println(r.Dispatch(context.Background(), at("ord_452", 9)))
	fmt.Println(r.Dispatch(context.Background(), at("ord_7", 10)))
	// Output:
	// <nil>
	// middleware: stale: cactus: event ignored
}
