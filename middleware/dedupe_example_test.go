package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/types"
)

// The first delivery fails before its effect and the second succeeds. The third
// is a duplicate, which the sender is told is well.
func ExampleDedupe() {
	r := &cactus.Registry{}
	r.Use(middleware.Dedupe(middleware.NewMemoryDedupe(), middleware.WithSource("shop")))
	runs := 0
	cactus.On(r, func(context.Context, *types.OrderShippedPushed) error {
		if runs++; runs == 1 {
			return errors.New("the printer is offline")
		}
		fmt.Println("print the label")
		return nil
	})
	for range 3 {
		err := r.DispatchUnverified(context.Background(), []byte(body))
		fmt.Println(cactus.OutcomeOf(err).Status(), err)
	}
	// Output:
	// 500 the printer is offline
	// print the label
	// 200 <nil>
	// 200 middleware: duplicate: cactus: event ignored
}

// A duplicate that comes while the event is handled is never told that all is
// well: the handler may still fail.
func ExampleDedupe_inFlight() {
	r := &cactus.Registry{}
	r.Use(middleware.Dedupe(middleware.NewMemoryDedupe(), middleware.WithLease(20*time.Second)))
	cactus.On(r, func(ctx context.Context, _ *types.OrderShippedPushed) error {
		err := r.DispatchUnverified(ctx, []byte(body)) // as if it came just now
		fmt.Println(cactus.OutcomeOf(err).Status(), cactus.WaitOf(err), err)
		return nil
	})
	_ = r.DispatchUnverified(context.Background(), []byte(body))
	// Output:
	// 409 20s busy: middleware: in flight elsewhere
}

func ExampleForce() {
	r := &cactus.Registry{}
	r.Use(middleware.Dedupe(middleware.NewMemoryDedupe()))
	cactus.On(r, func(_ context.Context, e *types.OrderShippedPushed) error {
		fmt.Println("handle", e.ID)
		return nil
	})
	ctx := context.Background()
	fmt.Println(r.DispatchUnverified(ctx, []byte(body)))
	fmt.Println(r.DispatchUnverified(ctx, []byte(body)))
	fmt.Println(r.DispatchUnverified(middleware.Force(ctx), []byte(body)))
	// Output:
	// handle evt_441
	// <nil>
	// middleware: duplicate: cactus: event ignored
	// handle evt_441
	// <nil>
}

// A handler that commits its claim in a transaction of its own, where the map
// stands for the database that has both the orders and the claims.
func ExampleClaimFrom() {
	store := middleware.NewMemoryDedupe()
	orders := map[string]string{}
	r := &cactus.Registry{}
	r.Use(middleware.Dedupe(store))
	cactus.On(r, func(ctx context.Context, e *types.OrderShippedPushed) error {
		claim := middleware.ClaimFrom(ctx)
		// Begin. The commit of the claim is a statement of the transaction.
		if err := store.Commit(ctx, claim.Key(), claim.Owner(), claim.Retention()); err != nil {
			return fmt.Errorf("commit claim: %w", err) // Roll back.
		}
		orders[e.RelatedObject.ID] = "shipped"
		// Commit.
		claim.SetCommitted()
		return nil
	})
	fmt.Println(r.DispatchUnverified(context.Background(), []byte(body)), orders)
	// Output:
	// <nil> map[ord_452:shipped]
}

func ExampleLimit() {
	r := &cactus.Registry{}
	r.Use(middleware.Limit(1, middleware.WithRetryAfter(5*time.Second)))
	cactus.On(r, func(ctx context.Context, _ *types.OrderShippedPushed) error {
		err := r.DispatchUnverified(ctx, []byte(body)) // as if it came just now
		fmt.Println(cactus.OutcomeOf(err).Status(), cactus.WaitOf(err), err)
		return nil
	})
	_ = r.DispatchUnverified(context.Background(), []byte(body))
	// Output:
	// 503 5s retry: middleware: too many events at once
}
