package drivertest_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/drivertest/internal/pg"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/sqlstore"
)

var errPrinter = errors.New("the printer is offline")

func TestTx_CommitsTheEffectAndTheClaim(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			store, db := d.store(t)
			r := receiver(store, time.Minute, func(ctx context.Context, id string) error {
				return store.Tx(ctx, nil, func(tx *sql.Tx) error { return effect(ctx, tx, id) })
			})
			for _, want := range []error{nil, middleware.ErrDuplicate} {
				status, err := deliver(t.Context(), r, "evt_1")
				require.ErrorIs(t, err, want)
				require.Equal(t, 200, status)
			}
			require.Equal(t, map[string]int{"evt_1": 1}, effects(t, db))
		})
	}
}

// What has failed leaves no trace: the next delivery runs.
func TestTx_RollsBack(t *testing.T) {
	fails := map[string]func(ctx context.Context, db *sql.DB, tx *sql.Tx) error{
		"an error": func(context.Context, *sql.DB, *sql.Tx) error { return errPrinter },
		"a panic":  func(context.Context, *sql.DB, *sql.Tx) error { panic("printer") },
		"a transaction that was ended": func(_ context.Context, _ *sql.DB, tx *sql.Tx) error {
			return tx.Rollback()
		},
	}
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			for name, fail := range fails {
				t.Run(name, func(t *testing.T) {
					store, db := d.store(t)
					failing := true
					r := receiver(store, time.Minute, func(ctx context.Context, id string) error {
						return store.Tx(ctx, nil, func(tx *sql.Tx) error {
							if err := effect(ctx, tx, id); err != nil || !failing {
								return err
							}
							return fail(ctx, db, tx)
						})
					})
					func() {
						defer func() { _ = recover() }()
						status, _ := deliver(t.Context(), r, "evt_1")
						require.Equal(t, 500, status)
					}()
					require.Empty(t, effects(t, db))
					failing = false
					status, err := deliver(t.Context(), r, "evt_1")
					require.NoError(t, err)
					require.Equal(t, 200, status)
					require.Equal(t, map[string]int{"evt_1": 1}, effects(t, db))
				})
			}
		})
	}
}

func TestTx_NeedsAClaim(t *testing.T) {
	store, db := databases[0].store(t)
	require.ErrorIs(t, store.Tx(t.Context(), nil, func(*sql.Tx) error { return nil }), sqlstore.ErrNoClaim)
	require.ErrorIs(t, store.CommitTx(t.Context(), db), sqlstore.ErrNoClaim)
}

// The lease runs out while the handler runs, and somebody takes the event over.
func TestTx_IsFencedAfterATakeover(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			store, db := d.store(t)
			ran := false
			r := receiver(store, time.Minute, func(ctx context.Context, id string) error {
				age(t, db, 2*time.Minute)                                                                                                                                          //nolint:contextcheck // the test's
				require.Equal(t, middleware.Claimed, claim(t, store, middleware.ClaimRequest{Key: middleware.ClaimFrom(ctx).Key(), Owner: middleware.Owner{1}, Lease: time.Hour})) //nolint:contextcheck // the test's
				return store.Tx(ctx, nil, func(tx *sql.Tx) error { ran = true; return effect(ctx, tx, id) })
			})
			status, err := deliver(t.Context(), r, "evt_1")
			require.ErrorIs(t, err, middleware.ErrLeaseLost)
			require.Equal(t, 409, status)
			require.Equal(t, d.dialect == sqlstore.PostgreSQL, ran, "SQLite looks first")
			require.Empty(t, effects(t, db))
		})
	}
}

func TestTx_CommitsALeaseThatRanOutIfNobodyTookItOver(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			store, db := d.store(t)
			r := receiver(store, time.Minute, func(ctx context.Context, id string) error {
				age(t, db, 2*time.Minute) //nolint:contextcheck // the test's
				return store.Tx(ctx, nil, func(tx *sql.Tx) error { return effect(ctx, tx, id) })
			})
			_, err := deliver(t.Context(), r, "evt_1")
			require.NoError(t, err)
			require.Equal(t, map[string]int{"evt_1": 1}, effects(t, db))
		})
	}
}

// commitMeanwhile commits a claim and an effect in a transaction, or rolls it back
// and fails, and requires that a takeover waits until then.
func commitMeanwhile(ctx context.Context, t *testing.T, db *sql.DB, id string, commit bool,
	commitTx func(context.Context, sqlstore.Execer) error, takeOver func(context.Context) error,
) error {
	t.Helper()
	tx, err := db.BeginTx(ctx, nil)
	require.NoError(t, err)
	require.NoError(t, commitTx(ctx, tx))
	require.NoError(t, effect(ctx, tx, id))
	result := make(chan error)
	go func() { result <- takeOver(context.WithoutCancel(ctx)) }()
	select {
	case <-result:
		require.Fail(t, "the takeover did not wait")
	case <-time.After(50 * time.Millisecond):
	}
	if !commit {
		require.NoError(t, tx.Rollback())
		require.NoError(t, <-result)
		return errPrinter
	}
	require.NoError(t, tx.Commit())
	require.NoError(t, <-result)
	return nil
}

// A takeover that comes between CommitTx and the transaction's own commit waits
// for the row, and then sees that the event is done.
func TestCommitTx_LocksOutATakeover(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			for _, commit := range []bool{true, false} {
				store, db := d.store(t)
				var taken middleware.ClaimResult
				r := receiver(store, time.Minute, func(ctx context.Context, id string) error {
					age(t, db, 2*time.Minute) //nolint:contextcheck // the test's
					c := middleware.ClaimFrom(ctx)
					err := commitMeanwhile(ctx, t, db, id, commit, store.CommitTx, func(ctx context.Context) (err error) {
						taken, err = store.Claim(ctx, middleware.ClaimRequest{Key: c.Key(), Owner: middleware.Owner{1}, Lease: time.Hour})
						return err
					})
					if err == nil {
						c.SetCommitted()
					}
					return err
				})
				_, err := deliver(t.Context(), r, "evt_1")
				if commit {
					require.NoError(t, err)
					require.Equal(t, middleware.Done, taken.Status)
					require.Len(t, effects(t, db), 1)
					continue
				}
				require.ErrorIs(t, err, errPrinter)
				require.Equal(t, middleware.Claimed, taken.Status)
				require.Empty(t, effects(t, db))
			}
		})
	}
}

// A renewal after the snapshot would fail a commit at the end (40001).
func TestTx_CommitsAfterARenewalAtEachIsolationLevel(t *testing.T) {
	for _, level := range []sql.IsolationLevel{sql.LevelReadCommitted, sql.LevelRepeatableRead, sql.LevelSerializable} {
		t.Run(level.String(), func(t *testing.T) {
			db := pg.Open(t)
			store := migrated(t, db, sqlstore.PostgreSQL)
			renewed := make(chan error, 1)
			r := receiver(store, time.Minute, func(ctx context.Context, id string) error {
				return store.Tx(ctx, &sql.TxOptions{Isolation: level}, func(tx *sql.Tx) error {
					if err := effect(ctx, tx, id); err != nil {
						return err
					}
					c := middleware.ClaimFrom(ctx)
					limit := 50 * time.Millisecond // it waits for the transaction
					if level == sql.LevelReadCommitted {
						limit = time.Minute // it does not
					}
					ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
					defer cancel()
					renewed <- store.Renew(ctx, c.Key(), c.Owner(), time.Minute)
					return nil
				})
			})
			_, err := deliver(t.Context(), r, "evt_1")
			require.NoError(t, err)
			require.Len(t, effects(t, db), 1)
			if level == sql.LevelReadCommitted {
				require.NoError(t, <-renewed)
			}
		})
	}
}

func TestCommitTx_RaisesSynchronousCommit(t *testing.T) {
	for setting, want := range map[string]string{"off": "local", "on": "on", "local": "local", "remote_write": "remote_write"} {
		t.Run(setting, func(t *testing.T) {
			db := pg.OpenDSN(t, pg.DSN(t)+" synchronous_commit="+setting)
			store := migrated(t, db, sqlstore.PostgreSQL)
			var got, after string
			r := receiver(store, time.Minute, func(ctx context.Context, _ string) error {
				tx, err := db.BeginTx(ctx, nil)
				require.NoError(t, err)
				require.NoError(t, store.CommitTx(ctx, tx))
				require.NoError(t, tx.QueryRowContext(ctx, `SHOW synchronous_commit`).Scan(&got))
				require.NoError(t, tx.Commit())
				return nil
			})
			_, err := deliver(t.Context(), r, "evt_1")
			require.NoError(t, err)
			require.Equal(t, want, got)
			require.NoError(t, db.QueryRowContext(t.Context(), `SHOW synchronous_commit`).Scan(&after))
			require.Equal(t, setting, after, "the connection stays as it was")
		})
	}
}
