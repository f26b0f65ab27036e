package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/types"
)

// What a store needs to commit the claim together with the handler's own writes.
func ExampleOrderClaimFrom() {
	store := middleware.NewMemoryOrder() // a database's would do it in a transaction: see sqlstore.Order.Tx
	r := &cactus.Registry{}
	r.Use(middleware.SkipStale(store))
	cactus.On(r, func(ctx context.Context, e *types.OrderShippedPushed) error {
		claim := middleware.OrderClaimFrom(ctx)
		if err := store.Commit(ctx, claim.Key(), claim.Owner(), claim.Position(), claim.Retention()); err != nil {
			return err
		}
		claim.SetCommitted()
		fmt.Println(e.ID, "of", claim.Key().ID)
		return errors.New("a failure that comes too late")
	})
	for _, minute := range []int{10, 9} {
		fmt.Println(r.Dispatch(context.Background(), at("ord_452", minute)))
	}
	// Output:
	// evt_ord_452_10 of 5/order/ord_452
	// a failure that comes too late
	// middleware: stale: cactus: event ignored
}

func TestOrderClaimFrom_IsTheInnermostsBesideThatOfDedupe(t *testing.T) {
	outer, inner := remoteOrder(), remoteOrder()
	r := &cactus.Registry{}
	r.Use(
		middleware.Serial(outer, middleware.WithSource("outer")),
		middleware.SkipStale(inner, middleware.WithSource("inner"), middleware.WithRetention(time.Hour)),
		middleware.Dedupe(middleware.NewMemoryDedupe(), middleware.WithSource("events")),
	)
	inner.commit = func() error { return errors.New("the middleware must not commit again") }
	inner.release = inner.commit
	cactus.On(r, func(ctx context.Context, e *types.OrderShippedPushed) error {
		require.NotNil(t, ctx.Done(), "as after somebody has asked for it")
		claim := middleware.OrderClaimFrom(ctx)
		require.Equal(t, middleware.Key{Source: "inner", ID: "5/order/ord_1"}, claim.Key())
		require.Equal(t, e.Created.UnixNano(), claim.Position())
		require.Equal(t, time.Hour, claim.Retention())
		require.NoError(t, inner.MemoryOrder.Commit(ctx, claim.Key(), claim.Owner(), claim.Position(), claim.Retention()))
		claim.SetCommitted()
		require.Equal(t, "events", middleware.ClaimFrom(ctx).Key().Source)
		return nil
	})
	require.NoError(t, r.Dispatch(t.Context(), at("ord_1", 2)))
	require.ErrorIs(t, r.Dispatch(t.Context(), at("ord_1", 1)), middleware.ErrStale)
}

func TestOrderClaimFrom_IsNilWithoutOne(t *testing.T) {
	require.Nil(t, middleware.OrderClaimFrom(t.Context()))
	r := &cactus.Registry{}
	r.Use(middleware.Dedupe(middleware.NewMemoryDedupe()), middleware.Serial(middleware.NewMemoryOrder()))
	cactus.On(r, func(ctx context.Context, e *types.OrderShippedPushed) error {
		claim := middleware.OrderClaimFrom(ctx)
		require.Equal(t, e.RelatedObject.ID != "", claim != nil, "an event in no order has no claim")
		if claim != nil {
			require.Equal(t, middleware.NoPosition, claim.Position())
		}
		return nil
	})
	require.NoError(t, r.Dispatch(t.Context(), at("ord_1", 1)))
	require.NoError(t, r.Dispatch(t.Context(), at("", 1)))
}
