package drivertest_test

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/drivertest/internal/pg"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/sqlstore"
	"github.com/cactuscorp/cactus/types"
)

// heldCommits makes a store in a database where a COMMIT of an effect waits until
// resume is called. A driver that gives up meanwhile asks the server to cancel: a
// stubborn one goes on nevertheless, as one does that waits for its replicas.
func heldCommits(t *testing.T, stubborn bool) (store *sqlstore.Dedupe, db *sql.DB, resume func()) {
	t.Helper()
	db = pg.Open(t)
	store = migrated(t, db, sqlstore.PostgreSQL)
	cancelled, twice := `RAISE`, `RAISE` // one request may be two signals
	if stubborn {
		cancelled, twice = `PERFORM pg_sleep(0.1)`, `NULL`
	}
	execute(t, db, `
		CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			LOOP
				BEGIN
					BEGIN
						PERFORM pg_advisory_xact_lock_shared(1);
						RETURN NULL;
					EXCEPTION WHEN query_canceled THEN
						`+cancelled+`;
					END;
				EXCEPTION WHEN query_canceled THEN
					`+twice+`;
				END;
			END LOOP;
		END $$`)
	execute(t, db, `CREATE CONSTRAINT TRIGGER hold AFTER INSERT ON effects DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hold()`)
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_, err = conn.ExecContext(t.Context(), `SELECT pg_advisory_lock(1)`)
	require.NoError(t, err)
	return store, db, func() {
		t.Helper()
		_, err := conn.ExecContext(t.Context(), `SELECT pg_advisory_unlock(1)`)
		require.NoError(t, err)
	}
}

// commitTests runs f for each way in which a COMMIT can end that nobody waits for any
// more.
func commitTests(t *testing.T, f func(t *testing.T, opts *sql.TxOptions, stubborn bool)) {
	t.Helper()
	for _, level := range levels {
		for _, stubborn := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v, goes on: %t", level, stubborn), func(t *testing.T) { f(t, &sql.TxOptions{Isolation: level}, stubborn) })
		}
	}
}

// The delivery's time is over while the COMMIT is under way. Its claim is busy as
// long as nobody knows how that ends, and then done or free.
func TestTx_TimesOutDuringItsCommit(t *testing.T) {
	commitTests(t, func(t *testing.T, opts *sql.TxOptions, stubborn bool) {
		t.Helper()
		store, db, resume := heldCommits(t, stubborn)
		r := receiver(store, time.Minute, func(ctx context.Context, id string) error {
			return store.Tx(ctx, opts, func(tx *sql.Tx) error { return effect(ctx, tx, id) })
		})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var status int
		var group sync.WaitGroup
		group.Go(func() { status, _ = deliver(ctx, r, "evt_1") })
		waiting(t, db, 1)
		cancel()
		if stubborn {
			waiting(t, db, 2) // the release of the claim, for the COMMIT
			again, err := deliver(t.Context(), r, "evt_1")
			require.ErrorIs(t, err, middleware.ErrInFlight)
			require.Equal(t, 409, again)
			resume()
		}
		group.Wait()
		require.Equal(t, 500, status)
		if !stubborn {
			resume()
		}
		status, err := deliver(t.Context(), r, "evt_1")
		require.Equal(t, 200, status)
		if stubborn {
			require.ErrorIs(t, err, middleware.ErrDuplicate, "it was done, but nobody heard")
		} else {
			require.NoError(t, err)
		}
		require.Equal(t, map[string]int{"evt_1": 1}, effects(t, db))
	})
}

// The handler is tried again while its first COMMIT is under way: the second one
// waits for the first.
func TestTx_IsTriedAgainDuringItsCommit(t *testing.T) {
	commitTests(t, func(t *testing.T, opts *sql.TxOptions, stubborn bool) {
		t.Helper()
		store, db, resume := heldCommits(t, stubborn)
		r := &cactus.Registry{}
		r.Use(middleware.Dedupe(store), middleware.Retry(middleware.WithBackoff(time.Millisecond, time.Millisecond)))
		cancels, tries := make(chan context.CancelFunc), 0
		cactus.On(r, func(ctx context.Context, e *types.OrderShippedPushed) error {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			tries++
			cancels <- cancel
			return store.Tx(ctx, opts, func(tx *sql.Tx) error { return effect(ctx, tx, e.ID) })
		})
		var status int
		var err error
		var group sync.WaitGroup
		group.Go(func() { status, err = deliver(t.Context(), r, "evt_1") })
		cancel := <-cancels
		first := waiting(t, db, 1)
		cancel()
		<-cancels
		if stubborn {
			waiting(t, db, 2)
		} else {
			require.Eventually(t, func() bool {
				second := waiters(t, db)
				return len(second) == 1 && second[0] != first[0]
			}, time.Minute, time.Millisecond, "the second COMMIT")
		}
		resume()
		group.Wait()
		require.Equal(t, 200, status)
		require.Equal(t, 2, tries)
		if stubborn {
			require.ErrorIs(t, err, middleware.ErrDuplicate)
		} else {
			require.NoError(t, err)
		}
		require.Equal(t, map[string]int{"evt_1": 1}, effects(t, db))
	})
}
