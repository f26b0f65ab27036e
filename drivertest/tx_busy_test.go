package drivertest_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/drivertest/internal/sqlite"
	"github.com/cactuscorp/cactus/sqlstore"
)

// In the mode DELETE a reader may keep a transaction from being committed. Nothing
// of it is left behind on its connection, where others would commit it.
func TestTx_LeavesNothingBehindWhenTheCommitIsBusy(t *testing.T) {
	for _, driver := range []string{sqlite.Modernc, sqlite.Ncruces} {
		t.Run(driver, func(t *testing.T) {
			dsn := sqlite.DSN(sqlite.File(t), "busy_timeout(0)", "journal_mode(delete)", "synchronous(extra)")
			db, other := sqlite.OpenDSN(t, driver, dsn), sqlite.OpenDSN(t, driver, dsn)
			db.SetMaxOpenConns(1)
			store := migrated(t, db, sqlstore.SQLite)
			reader, err := other.BeginTx(t.Context(), nil)
			require.NoError(t, err)
			defer reader.Rollback()
			busy := true
			r := receiver(store, time.Minute, func(ctx context.Context, id string) error {
				var n int
				if busy {
					require.NoError(t, reader.QueryRowContext(ctx, `SELECT count(*) FROM effects`).Scan(&n))
					defer reader.Rollback() // before the claim is released
				}
				return store.Tx(ctx, nil, func(tx *sql.Tx) error { return effect(ctx, tx, id) })
			})
			status, err := deliver(t.Context(), r, "evt_1")
			require.ErrorContains(t, err, "locked")
			require.Equal(t, 500, status)
			execute(t, db, `INSERT INTO effects (event) VALUES ('evt_2')`) // on the same connection
			require.Equal(t, map[string]int{"evt_2": 1}, effects(t, other))
			busy = false
			_, err = deliver(t.Context(), r, "evt_1")
			require.NoError(t, err)
			require.Equal(t, map[string]int{"evt_1": 1, "evt_2": 1}, effects(t, other))
		})
	}
}
