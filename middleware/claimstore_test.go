package middleware_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/types"
)

// A store refuses a claim that it cannot have, instead of finding it lost.
func ExampleClaim_Store() {
	store, another := middleware.NewMemoryDedupe(), middleware.NewMemoryDedupe()
	r := &cactus.Registry{}
	r.Use(middleware.Dedupe(store))
	cactus.On(r, func(ctx context.Context, _ *types.OrderShippedPushed) error {
		claim := middleware.ClaimFrom(ctx)
		fmt.Println(claim.Store() == store, claim.Store() == another)
		return nil
	})
	fmt.Println(r.Dispatch(context.Background(), at("ord_452", 10)))
	// Output:
	// true false
	// <nil>
}

// wrappedDedupe and wrappedOrder are stores as a user wraps them.
type (
	wrappedDedupe struct{ middleware.DedupeStore }
	wrappedOrder  struct{ middleware.OrderStore }
)

func TestClaim_StoreIsWhatTheMiddlewareWasGiven(t *testing.T) {
	events, positions := wrappedDedupe{middleware.NewMemoryDedupe()}, wrappedOrder{middleware.NewMemoryOrder()}
	r := &cactus.Registry{}
	r.Use(middleware.Dedupe(middleware.NewMemoryDedupe()), middleware.Dedupe(events), middleware.SkipStale(positions))
	ran := false
	cactus.On(r, func(ctx context.Context, _ *types.OrderShippedPushed) error {
		ran = true
		require.Equal(t, events, middleware.ClaimFrom(ctx).Store(), "the innermost's")
		require.Equal(t, positions, middleware.OrderClaimFrom(ctx).Store())
		return nil
	})
	require.NoError(t, r.Dispatch(t.Context(), at("ord_452", 10)))
	require.True(t, ran)
}
