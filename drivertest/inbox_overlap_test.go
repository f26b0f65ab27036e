package drivertest_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/drivertest/internal/pg"
	"github.com/cactuscorp/cactus/inbox"
	"github.com/cactuscorp/cactus/sqlstore"
)

// Sessions that settle overlapping sets, in any order and by different plans, may
// deadlock. Then one of them starts again, and each item is settled once.
func TestInbox_SettlesOverlappingSetsOnce(t *testing.T) {
	dsn := pg.DSN(t) + " deadlock_timeout=5ms"
	db := pg.OpenDSN(t, dsn)
	store := sqlstore.NewInbox(db, sqlstore.PostgreSQL)
	require.NoError(t, store.Migrate(t.Context()))
	rounds := 30
	if testing.Short() {
		rounds = 5
	}
	for range rounds {
		claims := held(t, store, inbox.Owner{1}, 64)
		var group sync.WaitGroup
		var completed atomic.Int64
		for session := range 4 {
			group.Go(func() {
				for i := range claims { // two at a time, each with the next, up or down
					if session%2 == 1 {
						i = len(claims) - 1 - i
					}
					pair := []inbox.Claim{claims[i], claims[(i+7)%len(claims)]}
					n, err := store.Complete(t.Context(), pair)
					if err != nil {
						t.Error(err)
					}
					completed.Add(int64(n))
				}
			})
			group.Go(func() {
				if _, err := store.Renew(t.Context(), time.Hour, claims); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		require.Equal(t, int64(len(claims)), completed.Load())
	}
	var deadlocks int
	require.NoError(t, db.QueryRowContext(t.Context(), `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`).Scan(&deadlocks))
	t.Logf("%d deadlocks", deadlocks)
}
