package drivertest_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/drivertest/internal/pg"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/sqlstore"
)

// A duplicate in flight is told at once, although the claim's row is locked.
func TestClaim_DoesNotWaitForATransactionWhoseLeaseHolds(t *testing.T) {
	db := pg.Open(t)
	store := migrated(t, db, sqlstore.PostgreSQL)
	r := receiver(store, time.Minute, func(ctx context.Context, id string) error {
		return store.Tx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable}, func(*sql.Tx) error {
			ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
			defer cancel()
			result, err := store.Claim(ctx, request(id))
			require.NoError(t, err)
			require.Equal(t, middleware.Claimed, result.Status, "another key, of another source")
			req := middleware.ClaimRequest{Key: middleware.ClaimFrom(ctx).Key(), Owner: middleware.Owner{1}, Lease: time.Minute}
			result, err = store.Claim(ctx, req)
			require.NoError(t, err)
			require.Equal(t, middleware.InFlight, result.Status)
			return nil
		})
	})
	_, err := deliver(t.Context(), r, "evt_1")
	require.NoError(t, err)
}
