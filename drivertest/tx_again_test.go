package drivertest_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/drivertest/internal/pg"
	"github.com/cactuscorp/cactus/drivertest/internal/tap"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/sqlstore"
	"github.com/cactuscorp/cactus/types"
)

// The handler runs again under the claim that it has committed, because it failed
// after that, or because the answer to its commit was lost. The effect does not
// happen again.
func TestTx_IsOnceForAHandlerThatIsTriedAgain(t *testing.T) {
	isolation := map[string]*sql.TxOptions{"by default": nil, "serializable": {Isolation: sql.LevelSerializable}}
	for _, d := range planned() {
		for level, opts := range isolation {
			for _, lost := range []bool{false, true} {
				name := d.name + " " + level
				if lost {
					name += " and the answer is lost"
				}
				t.Run(name, func(t *testing.T) {
					db, tapped := tap.Open(t, d.driver, d.dsn(t))
					store := migrated(t, db, d.dialect)
					r := &cactus.Registry{}
					r.Use(middleware.Dedupe(store), middleware.Retry(middleware.WithBackoff(time.Millisecond, time.Millisecond)))
					tries := 0
					cactus.On(r, func(ctx context.Context, e *types.OrderShippedPushed) error {
						if tries++; tries == 1 && lost {
							tapped.LoseCommit()
						}
						err := store.Tx(ctx, opts, func(tx *sql.Tx) error { return effect(ctx, tx, e.ID) })
						if tries == 1 {
							require.Equal(t, lost, err != nil)
							return errPrinter
						}
						require.ErrorIs(t, err, middleware.ErrDuplicate)
						return err
					})
					status, err := deliver(t.Context(), r, "evt_1")
					require.ErrorIs(t, err, middleware.ErrDuplicate)
					require.Equal(t, 200, status)
					require.Equal(t, 2, tries)
					require.Equal(t, map[string]int{"evt_1": 1}, effects(t, db))
				})
			}
		}
	}
}

// PostgreSQL rolls a transaction back whose statement has failed, even if it is told
// to commit, and even if fn keeps the failure to itself.
func TestTx_IsNotDoneAfterAnErrorThatFnKeepsToItself(t *testing.T) {
	for _, level := range []sql.IsolationLevel{sql.LevelReadCommitted, sql.LevelSerializable} {
		t.Run(level.String(), func(t *testing.T) {
			db := pg.Open(t)
			store := migrated(t, db, sqlstore.PostgreSQL)
			failing := true
			r := receiver(store, time.Minute, func(ctx context.Context, id string) error {
				return store.Tx(ctx, &sql.TxOptions{Isolation: level}, func(tx *sql.Tx) error {
					err := effect(ctx, tx, id)
					if failing {
						_, _ = tx.ExecContext(ctx, `INSERT INTO nowhere (event) VALUES ('evt_1')`)
					}
					return err
				})
			})
			status, err := deliver(t.Context(), r, "evt_1")
			require.Error(t, err)
			require.Equal(t, 500, status)
			require.Empty(t, effects(t, db))
			failing = false
			_, err = deliver(t.Context(), r, "evt_1")
			require.NoError(t, err)
			require.Equal(t, map[string]int{"evt_1": 1}, effects(t, db))
		})
	}
}
