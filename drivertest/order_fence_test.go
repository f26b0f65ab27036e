package drivertest_test

import (
	"context"
	"database/sql"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/drivertest/internal/pg"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/sqlstore"
)

var levels = []sql.IsolationLevel{sql.LevelDefault, sql.LevelRepeatableRead, sql.LevelSerializable}

// The newer event takes the object over while the older one's transaction is open.
// If that has not locked the claim yet, it writes nothing. If it has, the newer one
// waits for it.
func TestOrderTx_IsFencedAfterATakeoverWithinTheTransaction(t *testing.T) {
	for _, level := range levels {
		t.Run(level.String(), func(t *testing.T) {
			db := pg.Open(t)
			store := sqlstore.NewOrder(db, sqlstore.PostgreSQL)
			require.NoError(t, store.Migrate(t.Context()))
			execute(t, db, `CREATE TABLE effects (event text NOT NULL)`)
			first := level >= sql.LevelRepeatableRead
			var taken middleware.ClaimResult
			var group sync.WaitGroup
			r := follower(store, time.Minute, func(ctx context.Context, id string) error {
				lapse(t, db) //nolint:contextcheck // the test's
				return store.Tx(ctx, &sql.TxOptions{Isolation: level}, func(tx *sql.Tx) error {
					c := middleware.OrderClaimFrom(ctx)
					newer := middleware.OrderRequest{Key: c.Key(), Owner: middleware.Owner{1}, Lease: time.Minute, Position: c.Position() + 1}
					group.Go(func() {
						var err error
						if taken, err = store.Claim(context.WithoutCancel(ctx), newer); err != nil {
							t.Error(err)
						}
					})
					if first {
						waiting(t, db, 1) //nolint:contextcheck // the test's
					} else {
						group.Wait()
					}
					return effect(ctx, tx, id)
				})
			})
			status, err := deliverAt(t.Context(), r, "ord_1", 1)
			group.Wait()
			require.Equal(t, middleware.Claimed, taken.Status)
			if first {
				require.NoError(t, err)
				require.Equal(t, map[string]int{"ord_1-1": 1}, effects(t, db))
				return
			}
			require.ErrorIs(t, err, middleware.ErrLeaseLost)
			require.Equal(t, 409, status)
			require.Empty(t, effects(t, db))
		})
	}
}

// What fn rolls back to a savepoint of its own is not the claim.
func TestOrderTx_SurvivesSavepoints(t *testing.T) {
	for _, d := range planned() {
		t.Run(d.name, func(t *testing.T) {
			store, db, _ := d.positions(t)
			r := follower(store, time.Minute, func(ctx context.Context, id string) error {
				return store.Tx(ctx, nil, func(tx *sql.Tx) error {
					for _, statement := range []string{
						`SAVEPOINT attempt`, `INSERT INTO effects (event) VALUES ('undone')`, `ROLLBACK TO SAVEPOINT attempt`,
					} {
						if _, err := tx.ExecContext(ctx, statement); err != nil {
							return err
						}
					}
					return effect(ctx, tx, id) // and the savepoint stays open
				})
			})
			_, err := deliverAt(t.Context(), r, "ord_1", 2)
			require.NoError(t, err)
			_, err = deliverAt(t.Context(), r, "ord_1", 1)
			require.ErrorIs(t, err, middleware.ErrStale)
			require.Equal(t, map[string]int{"ord_1-2": 1}, effects(t, db))
		})
	}
}
