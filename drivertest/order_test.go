package drivertest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/middleware/ordertest"
	"github.com/cactuscorp/cactus/sqlstore"
)

func TestOrder_IsAnOrderStore(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		if d.name == "ncruces" {
			continue // what differs between the drivers is in the other suites
		}
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			ordertest.Run(t, func(tb testing.TB) middleware.OrderStore {
				tb.Helper()
				store := sqlstore.NewOrder(d.open(tb, d.dsn(tb)), d.dialect)
				require.NoError(tb, store.Migrate(tb.Context()))
				return store
			}, ordertest.WithShortLease(shortLease))
		})
	}
}

// A position whose retention ends while the handler runs does not outlive that
// handler's commit.
func TestOrder_ForgetsAPositionThatEndsBeforeTheCommit(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			db := d.open(t, d.dsn(t))
			store := sqlstore.NewOrder(db, d.dialect)
			require.NoError(t, store.Migrate(t.Context()))
			key := middleware.Key{ID: "ord_1"}
			claim := func(owner byte, position int64) middleware.ClaimStatus {
				t.Helper()
				result, err := store.Claim(t.Context(), middleware.OrderRequest{Key: key, Owner: middleware.Owner{owner}, Lease: time.Hour, Position: position})
				require.NoError(t, err)
				return result.Status
			}
			require.Equal(t, middleware.Claimed, claim(1, 9))
			require.NoError(t, store.Commit(t.Context(), key, middleware.Owner{1}, 9, time.Hour))
			require.Equal(t, middleware.Claimed, claim(2, middleware.NoPosition))
			execute(t, db, `UPDATE cactus_order SET keep_until = 1`)
			require.NoError(t, store.Commit(t.Context(), key, middleware.Owner{2}, 3, time.Hour))
			require.Equal(t, middleware.Claimed, claim(3, 4), "9 was forgotten")
			require.NoError(t, store.Release(t.Context(), key, middleware.Owner{3}))
			require.Equal(t, middleware.Stale, claim(4, 2), "3 was committed")
		})
	}
}
