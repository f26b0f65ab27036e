package drivertest_test

import (
	"context"
	"database/sql"
	"fmt"
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

// positions makes a database with an Order's table and one for effects.
func (d database) positions(tb testing.TB) (*sqlstore.Order, *sql.DB, *tap.Tap) {
	tb.Helper()
	db, tapped := tap.Open(tb, d.driver, d.dsn(tb))
	store := sqlstore.NewOrder(db, d.dialect)
	require.NoError(tb, store.Migrate(tb.Context()))
	execute(tb, db, `CREATE TABLE effects (event text NOT NULL)`)
	return store, db, tapped
}

// follower returns a registry whose handler is h, below SkipStale.
func follower(store *sqlstore.Order, lease time.Duration, h func(ctx context.Context, id string) error) *cactus.Registry {
	r := &cactus.Registry{}
	r.Use(middleware.SkipStale(store, middleware.WithLease(lease)))
	cactus.On(r, func(ctx context.Context, e *types.OrderShippedPushed) error { return h(ctx, e.ID) })
	return r
}

// deliverAt delivers the n-th event of an object, whose id is "<object>-<n>".
func deliverAt(ctx context.Context, r *cactus.Registry, object string, n int) (int, error) {
	created := time.Date(2026, 3, 1, 10, 0, n, 0, time.UTC).Format(time.RFC3339)
	err := r.DispatchUnverified(ctx, fmt.Appendf(nil,
		`{"id":"%s-%d","type":"order.shipped","created":%q,"related_object":{"id":%q,"type":"order"}}`, object, n, created, object))
	return cactus.OutcomeOf(err).Status(), err
}

// lapse ends the leases of all objects.
func lapse(tb testing.TB, db *sql.DB) {
	tb.Helper()
	execute(tb, db, `UPDATE cactus_order SET lease_until = 1 WHERE lease_until <> 0`)
}

func TestOrderTx_CommitsTheEffectAndThePosition(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			store, db, _ := d.positions(t)
			r := follower(store, time.Minute, func(ctx context.Context, id string) error {
				return store.Tx(ctx, nil, func(tx *sql.Tx) error { return effect(ctx, tx, id) })
			})
			for _, step := range []struct {
				n    int
				want error
			}{{2, nil}, {1, middleware.ErrStale}, {2, nil}, {3, nil}, {2, middleware.ErrStale}} {
				status, err := deliverAt(t.Context(), r, "ord_1", step.n)
				require.ErrorIs(t, err, step.want)
				require.Equal(t, 200, status)
			}
			require.Equal(t, map[string]int{"ord_1-2": 2, "ord_1-3": 1}, effects(t, db), "equal positions run")
		})
	}
}

// What has failed leaves the position to older events.
func TestOrderTx_RollsBack(t *testing.T) {
	fails := map[string]func(tx *sql.Tx) error{
		"an error":                     func(*sql.Tx) error { return errPrinter },
		"a panic":                      func(*sql.Tx) error { panic("printer") },
		"a transaction that was ended": func(tx *sql.Tx) error { return tx.Rollback() },
	}
	for _, d := range planned() {
		for name, fail := range fails {
			t.Run(d.name+" "+name, func(t *testing.T) {
				store, db, _ := d.positions(t)
				r := follower(store, time.Minute, func(ctx context.Context, id string) error {
					return store.Tx(ctx, nil, func(tx *sql.Tx) error {
						if err := effect(ctx, tx, id); err != nil || id == "ord_1-1" {
							return err
						}
						return fail(tx)
					})
				})
				func() {
					defer func() { _ = recover() }()
					status, _ := deliverAt(t.Context(), r, "ord_1", 2)
					require.Equal(t, 500, status)
				}()
				_, err := deliverAt(t.Context(), r, "ord_1", 1)
				require.NoError(t, err)
				require.Equal(t, map[string]int{"ord_1-1": 1}, effects(t, db))
			})
		}
	}
}

func TestOrderTx_NeedsAClaim(t *testing.T) {
	store, db, _ := databases[0].positions(t)
	require.ErrorIs(t, store.Tx(t.Context(), nil, func(*sql.Tx) error { return nil }), sqlstore.ErrNoClaim)
	require.ErrorIs(t, store.CommitTx(t.Context(), db), sqlstore.ErrNoClaim)
	r := follower(store, time.Minute, func(ctx context.Context, _ string) error {
		return store.Tx(ctx, nil, func(*sql.Tx) error { return nil })
	})
	_, err := deliver(t.Context(), r, "evt_1")
	require.ErrorIs(t, err, sqlstore.ErrNoClaim, "an event in no order")
}

// The lease runs out while the handler runs, and a newer event takes the object
// over. What the late handler has to say is not written after it.
func TestOrderTx_IsFencedAfterATakeover(t *testing.T) {
	for _, d := range databases {
		for _, done := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, done: %t", d.name, done), func(t *testing.T) {
				store, db, _ := d.positions(t)
				r := follower(store, time.Minute, func(ctx context.Context, id string) error {
					c := middleware.OrderClaimFrom(ctx)
					lapse(t, db) //nolint:contextcheck // the test's
					newer := middleware.Owner{1}
					result, err := store.Claim(ctx, middleware.OrderRequest{Key: c.Key(), Owner: newer, Lease: time.Minute, Position: c.Position() + 1})
					require.NoError(t, err)
					require.Equal(t, middleware.Claimed, result.Status)
					if done {
						require.NoError(t, store.Commit(ctx, c.Key(), newer, c.Position()+1, time.Hour))
					}
					return store.Tx(ctx, nil, func(tx *sql.Tx) error { return effect(ctx, tx, id) })
				})
				status, err := deliverAt(t.Context(), r, "ord_1", 1)
				require.ErrorIs(t, err, middleware.ErrLeaseLost)
				require.Equal(t, 409, status)
				require.Empty(t, effects(t, db))
			})
		}
	}
}

func TestOrderTx_CommitsALeaseThatRanOutIfNobodyTookItOver(t *testing.T) {
	for _, d := range planned() {
		t.Run(d.name, func(t *testing.T) {
			store, db, _ := d.positions(t)
			r := follower(store, time.Minute, func(ctx context.Context, id string) error {
				lapse(t, db) //nolint:contextcheck // the test's
				return store.Tx(ctx, nil, func(tx *sql.Tx) error { return effect(ctx, tx, id) })
			})
			_, err := deliverAt(t.Context(), r, "ord_1", 2)
			require.NoError(t, err)
			_, err = deliverAt(t.Context(), r, "ord_1", 1)
			require.ErrorIs(t, err, middleware.ErrStale)
			require.Equal(t, map[string]int{"ord_1-2": 1}, effects(t, db))
		})
	}
}

// An older event that takes over between CommitTx and the transaction's own commit
// waits for the row, and is stale then, or not if it was rolled back.
func TestOrderCommitTx_LocksOutATakeover(t *testing.T) {
	for _, d := range planned() {
		for _, commit := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, commit: %t", d.name, commit), func(t *testing.T) {
				store, db, _ := d.positions(t)
				var taken middleware.ClaimResult
				r := follower(store, time.Minute, func(ctx context.Context, id string) error {
					lapse(t, db) //nolint:contextcheck // the test's
					c := middleware.OrderClaimFrom(ctx)
					err := commitMeanwhile(ctx, t, db, id, commit, store.CommitTx, func(ctx context.Context) (err error) {
						older := middleware.OrderRequest{Key: c.Key(), Owner: middleware.Owner{1}, Lease: time.Hour, Position: c.Position() - 1}
						taken, err = store.Claim(ctx, older)
						return err
					})
					if err == nil {
						c.SetCommitted()
					}
					return err
				})
				_, err := deliverAt(t.Context(), r, "ord_1", 2)
				if commit {
					require.NoError(t, err)
					require.Equal(t, middleware.Stale, taken.Status)
					require.Len(t, effects(t, db), 1)
					return
				}
				require.ErrorIs(t, err, errPrinter)
				require.Equal(t, middleware.Claimed, taken.Status)
				require.Empty(t, effects(t, db))
			})
		}
	}
}

// Both claims of an event, and its effect, are one transaction.
func TestOrderCommitTx_SharesATransactionWithDedupe(t *testing.T) {
	for _, d := range planned() {
		t.Run(d.name, func(t *testing.T) {
			store, db, tapped := d.positions(t)
			events := sqlstore.NewDedupe(db, d.dialect)
			require.NoError(t, events.Migrate(t.Context()))
			r := &cactus.Registry{}
			r.Use(middleware.SkipStale(store), middleware.Dedupe(events))
			cactus.On(r, func(ctx context.Context, e *types.OrderShippedPushed) error {
				return events.Tx(ctx, nil, func(tx *sql.Tx) error {
					if err := store.CommitTx(ctx, tx); err != nil {
						return err
					}
					return effect(ctx, tx, e.ID)
				})
			})
			for _, step := range []struct {
				n    int
				want error
			}{{2, nil}, {2, middleware.ErrDuplicate}, {1, middleware.ErrStale}, {3, nil}} {
				_, err := deliverAt(t.Context(), r, "ord_1", step.n)
				require.ErrorIs(t, err, step.want)
			}
			tapped.LoseCommit()
			status, err := deliverAt(t.Context(), r, "ord_1", 4)
			require.Error(t, err)
			require.Equal(t, 500, status)
			_, err = deliverAt(t.Context(), r, "ord_1", 4)
			require.ErrorIs(t, err, middleware.ErrDuplicate, "it was done, but nobody heard")
			require.Equal(t, map[string]int{"ord_1-2": 1, "ord_1-3": 1, "ord_1-4": 1}, effects(t, db))
		})
	}
}

// A handler that is run again under a claim that it has committed finds out.
func TestOrderTx_WritesOnceForAHandlerThatIsTriedAgain(t *testing.T) {
	for _, d := range planned() {
		t.Run(d.name, func(t *testing.T) {
			store, db, tapped := d.positions(t)
			r := &cactus.Registry{}
			r.Use(middleware.Serial(store), middleware.Retry(middleware.WithBackoff(time.Millisecond, time.Millisecond)))
			cactus.On(r, func(ctx context.Context, e *types.OrderShippedPushed) error {
				return store.Tx(ctx, nil, func(tx *sql.Tx) error { return effect(ctx, tx, e.ID) })
			})
			tapped.LoseCommit()
			status, err := deliverAt(t.Context(), r, "ord_1", 1)
			require.ErrorIs(t, err, middleware.ErrDuplicate)
			require.Equal(t, 200, status)
			require.Equal(t, map[string]int{"ord_1-1": 1}, effects(t, db))
		})
	}
}

func TestOrderCommitTx_RaisesSynchronousCommit(t *testing.T) {
	db := pg.OpenDSN(t, pg.DSN(t)+" synchronous_commit=off")
	store := sqlstore.NewOrder(db, sqlstore.PostgreSQL)
	require.NoError(t, store.Migrate(t.Context()))
	r := follower(store, time.Minute, func(ctx context.Context, _ string) error {
		var got string
		tx, err := db.BeginTx(ctx, nil)
		require.NoError(t, err)
		require.NoError(t, store.CommitTx(ctx, tx))
		require.NoError(t, tx.QueryRowContext(ctx, `SHOW synchronous_commit`).Scan(&got))
		require.Equal(t, "local", got)
		return tx.Commit()
	})
	_, err := deliverAt(t.Context(), r, "ord_1", 1)
	require.NoError(t, err, "without SetCommitted, too")
}
