package drivertest_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/drivertest/internal/pg"
	"github.com/cactuscorp/cactus/drivertest/internal/sqlite"
	"github.com/cactuscorp/cactus/inbox"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/sqlstore"
)

func TestInbox_WaitsForSQLiteWithoutABusyTimeout(t *testing.T) {
	for _, driver := range []string{sqlite.Modernc, sqlite.Ncruces} {
		t.Run(driver, func(t *testing.T) {
			db := sqlite.OpenDSN(t, driver, sqlite.DSN(sqlite.File(t), "busy_timeout(0)"))
			store := sqlstore.NewInbox(db, sqlstore.SQLite)
			require.NoError(t, store.Migrate(t.Context()))
			require.NoError(t, store.Add(t.Context(), newItem(1, "{}")))
			execute(t, db, `CREATE TABLE effects (event text NOT NULL)`)
			tx, err := db.BeginTx(t.Context(), nil)
			require.NoError(t, err)
			require.NoError(t, effect(t.Context(), tx, "evt_lock"))
			done := make(chan error, 2)
			go func() { done <- store.Add(context.Background(), newItem(2, "{}")) }()
			go func() {
				_, err := store.Claim(context.Background(), inbox.ClaimRequest{Owner: inbox.Owner{1}, Max: 1, Lease: time.Hour})
				done <- err
			}()
			select {
			case err := <-done:
				require.Fail(t, "a write did not wait", "%v", err)
			case <-time.After(30 * time.Millisecond):
			}
			require.NoError(t, tx.Commit())
			require.NoError(t, <-done)
			require.NoError(t, <-done)
			stats, err := store.Stats(t.Context())
			require.NoError(t, err)
			require.Equal(t, 1, stats.Running)
			require.Equal(t, 1, stats.Ready)
		})
	}
}

// In the mode DELETE it is the end of a statement that a reader keeps from being
// committed, when its rows have been read. It is rolled back then, and the
// items are ready.
func TestInbox_ClaimsNothingThatWasNotCommitted(t *testing.T) {
	for _, driver := range []string{sqlite.Modernc, sqlite.Ncruces} {
		t.Run(driver, func(t *testing.T) {
			db := sqlite.OpenDSN(t, driver, sqlite.DSN(sqlite.File(t), "busy_timeout(0)", "journal_mode(delete)", "synchronous(extra)"))
			store := sqlstore.NewInbox(db, sqlstore.SQLite)
			require.NoError(t, store.Migrate(t.Context()))
			for i := range 3 {
				require.NoError(t, store.Add(t.Context(), newItem(i, "{}")))
			}
			reader, err := db.BeginTx(t.Context(), nil)
			require.NoError(t, err)
			defer reader.Rollback()
			var n int
			require.NoError(t, reader.QueryRowContext(t.Context(), `SELECT count(*) FROM cactus_inbox`).Scan(&n))
			claimed, err := store.Claim(t.Context(), inbox.ClaimRequest{Owner: inbox.Owner{9}, Max: 10, Lease: time.Hour})
			require.ErrorContains(t, err, "locked")
			require.Empty(t, claimed)
			require.Error(t, store.Add(t.Context(), newItem(3, "{}")))
			require.NoError(t, reader.Rollback())
			claimed, _ = take(t, store, 10)
			require.Len(t, claimed, 3)
			require.Zero(t, claimed[0].Lost)
		})
	}
}

func TestInbox_RefusesWhatDoesNotSurvive(t *testing.T) {
	file := sqlite.File(t)
	good := sqlstore.NewInbox(sqlite.OpenDSN(t, sqlite.Modernc, sqlite.DSN(file)), sqlstore.SQLite)
	require.NoError(t, good.Migrate(t.Context()))
	bad := sqlstore.NewInbox(sqlite.OpenDSN(t, sqlite.Modernc, sqlite.DSN(file, "synchronous(off)")), sqlstore.SQLite)
	require.ErrorIs(t, bad.Migrate(t.Context()), sqlstore.ErrNotDurable)
	require.ErrorIs(t, bad.Add(t.Context(), newItem(1, "{}")), sqlstore.ErrNotDurable)
	order := sqlstore.NewOrder(sqlite.OpenDSN(t, sqlite.Modernc, sqlite.DSN(file, "synchronous(normal)")), sqlstore.SQLite)
	require.ErrorIs(t, order.Commit(t.Context(), middleware.Key{}, middleware.Owner{}, 1, time.Hour), sqlstore.ErrNotDurable)
}

// With synchronous_commit off the log is written some time later. Where the
// statement has raised it, all is on the disk when Add and Commit return.
func TestPostgreSQL_HasWrittenWhatReturned(t *testing.T) {
	server := pg.Start(t)
	dsn := server.DSN(t)
	for _, statement := range []string{`ALTER SYSTEM SET wal_writer_delay = '10s'`, `SELECT pg_reload_conf()`} {
		execute(t, pg.OpenDSN(t, dsn), statement)
	}
	db := pg.OpenDSN(t, dsn+" synchronous_commit=off")
	in, order := sqlstore.NewInbox(db, sqlstore.PostgreSQL), sqlstore.NewOrder(db, sqlstore.PostgreSQL)
	require.NoError(t, in.Migrate(t.Context()))
	require.NoError(t, order.Migrate(t.Context()))
	execute(t, db, `CREATE TABLE effects (event text NOT NULL)`)
	// flushed reports whether what f has written is on the disk.
	flushed := func(f func()) bool {
		var before string
		var done bool
		f()
		require.NoError(t, db.QueryRowContext(t.Context(), `SELECT pg_current_wal_insert_lsn()::text`).Scan(&before))
		require.NoError(t, db.QueryRowContext(t.Context(), `SELECT pg_current_wal_flush_lsn() >= $1::pg_lsn`, before).Scan(&done))
		return done
	}
	lost := 0
	for range 5 {
		if !flushed(func() { execute(t, db, `INSERT INTO effects (event) VALUES ('evt_1')`) }) {
			lost++
		}
	}
	require.Positive(t, lost, "it can be seen")
	for i := range 5 {
		require.True(t, flushed(func() { require.NoError(t, in.Add(t.Context(), newItem(i, "{}"))) }), "Add %d", i)
	}
	req := middleware.OrderRequest{Key: middleware.Key{ID: "ord_1"}, Owner: middleware.Owner{1}, Lease: time.Hour}
	_, err := order.Claim(t.Context(), req)
	require.NoError(t, err)
	require.True(t, flushed(func() { require.NoError(t, order.Commit(t.Context(), req.Key, req.Owner, 1, time.Hour)) }), "Commit")
	var after string
	require.NoError(t, db.QueryRowContext(t.Context(), `SHOW synchronous_commit`).Scan(&after))
	require.Equal(t, "off", after, "the connection stays as it was")
}
