package drivertest_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/sqlstore"
	"github.com/cactuscorp/cactus/types"
)

// A handler that has committed its claims may go on. The renewals, which may not
// know that yet, do not take a claim that has ended well for one that was lost, and
// do not cancel the handler, or a commit whose answer is on its way.
func TestRenew_DoesNotCancelAHandlerThatHasCommitted(t *testing.T) {
	const lease = 150 * time.Millisecond
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			positions, db, _ := d.positions(t)
			events := sqlstore.NewDedupe(db, d.dialect)
			require.NoError(t, events.Migrate(t.Context()))
			r := &cactus.Registry{}
			r.Use(middleware.SkipStale(positions, middleware.WithLease(lease)), middleware.Dedupe(events, middleware.WithLease(lease)))
			cactus.On(r, func(ctx context.Context, e *types.OrderShippedPushed) error {
				tx, err := db.BeginTx(ctx, nil)
				require.NoError(t, err)
				defer tx.Rollback()
				require.NoError(t, events.CommitTx(ctx, tx))
				require.NoError(t, positions.CommitTx(ctx, tx))
				require.NoError(t, effect(ctx, tx, e.ID))
				require.NoError(t, tx.Commit())
				select { // without SetCommitted
				case <-ctx.Done():
					return context.Cause(ctx)
				case <-time.After(2 * lease):
					return nil
				}
			})
			status, err := deliverAt(t.Context(), r, "ord_1", 1)
			require.NoError(t, err)
			require.Equal(t, 200, status)
			require.Equal(t, map[string]int{"ord_1-1": 1}, effects(t, db))
		})
	}
}

// Once somebody else has the object, it is lost.
func TestRenew_IsLostAfterSomebodyElsesClaim(t *testing.T) {
	for _, d := range planned() {
		t.Run(d.name, func(t *testing.T) {
			store, _, _ := d.positions(t)
			ctx, req := t.Context(), middleware.OrderRequest{Key: middleware.Key{ID: "ord_1"}, Owner: middleware.Owner{1}, Lease: time.Hour, Position: 1}
			_, err := store.Claim(ctx, req)
			require.NoError(t, err)
			require.NoError(t, store.Commit(ctx, req.Key, req.Owner, 1, time.Hour))
			require.NoError(t, store.Renew(ctx, req.Key, req.Owner, time.Hour), "there is nothing to renew, and nothing is lost")
			next := req
			next.Owner = middleware.Owner{2}
			result, err := store.Claim(ctx, next)
			require.NoError(t, err)
			require.Equal(t, middleware.Claimed, result.Status, "a renewal does not bring a claim back")
			require.ErrorIs(t, store.Renew(ctx, req.Key, req.Owner, time.Hour), middleware.ErrLeaseLost)
			require.NoError(t, store.Release(ctx, req.Key, next.Owner))
			require.ErrorIs(t, store.Renew(ctx, req.Key, next.Owner, time.Hour), middleware.ErrLeaseLost)
		})
	}
}
