package drivertest_test

import (
	"database/sql"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/drivertest/internal/pg"
	"github.com/cactuscorp/cactus/inbox"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/sqlstore"
)

// paused opens a database twice. Statements on the second pool wait when they look
// at the clock, which is after they have taken their snapshot, until resume is called.
func paused(t *testing.T) (db, slow *sql.DB, resume func()) {
	t.Helper()
	dsn := pg.DSN(t)
	db = pg.OpenDSN(t, dsn)
	execute(t, db, `CREATE SCHEMA slow`)
	execute(t, db, `
		CREATE FUNCTION slow.clock_timestamp() RETURNS timestamptz VOLATILE LANGUAGE plpgsql AS $$
		BEGIN
			PERFORM pg_advisory_xact_lock_shared(1);
			RETURN pg_catalog.clock_timestamp();
		END $$`)
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_, err = conn.ExecContext(t.Context(), `SELECT pg_advisory_lock(1)`)
	require.NoError(t, err)
	return db, pg.OpenDSN(t, dsn+" search_path=slow,pg_catalog,public"), func() {
		t.Helper()
		_, err := conn.ExecContext(t.Context(), `SELECT pg_advisory_unlock(1)`)
		require.NoError(t, err)
	}
}

// A claim begins, and what it sees as due is claimed by somebody else before it has
// come to it. It takes what is due by then, and as it is by then.
func TestInboxClaim_LeavesWhatWasTakenSinceItBegan(t *testing.T) {
	db, slow, resume := paused(t)
	store, late := sqlstore.NewInbox(db, sqlstore.PostgreSQL), sqlstore.NewInbox(slow, sqlstore.PostgreSQL)
	require.NoError(t, store.Migrate(t.Context()))
	claims := held(t, store, inbox.Owner{1}, 6)
	_, err := store.Release(t.Context(), claims)
	require.NoError(t, err)

	var got []inbox.Claimed
	var failed error
	var group sync.WaitGroup
	group.Go(func() {
		got, failed = late.Claim(t.Context(), inbox.ClaimRequest{Owner: inbox.Owner{2}, Max: 6, Lease: time.Hour})
	})
	waiting(t, db, 1)
	taken, err := store.Claim(t.Context(), inbox.ClaimRequest{Owner: inbox.Owner{1}, Max: 4, Lease: time.Hour})
	require.NoError(t, err)
	require.Len(t, taken, 4)
	mine := func(i int) inbox.Claim { return inbox.Claim{ID: taken[i].Item.ID, Owner: inbox.Owner{1}} }
	n, err := store.Complete(t.Context(), []inbox.Claim{mine(0)})
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.NoError(t, store.Retry(t.Context(), mine(1), inbox.Retry{Count: true}))
	require.NoError(t, store.Bury(t.Context(), mine(2), inbox.Burial{}))
	resume()
	group.Wait()
	require.NoError(t, failed)

	attempts := map[inbox.ID]int{}
	for _, c := range got {
		require.NotContains(t, attempts, c.Item.ID)
		require.Zero(t, c.Lost)
		attempts[c.Item.ID] = c.Attempts
	}
	want := map[inbox.ID]int{}
	for _, c := range claims {
		want[c.ID] = 0
	}
	for i := range taken {
		delete(want, mine(i).ID)
	}
	want[mine(1).ID] = 1 // it was due again
	require.Equal(t, want, attempts)
	n, err = store.Complete(t.Context(), []inbox.Claim{mine(3)})
	require.NoError(t, err)
	require.Equal(t, 1, n, "what was held stayed so")
}

// A purge begins, and what it sees as ended is claimed again, or committed late,
// before it has come to it.
func TestPurge_LeavesWhatWasTakenSinceItBegan(t *testing.T) {
	db, slow, resume := paused(t)
	store, late := migrated(t, db, sqlstore.PostgreSQL), sqlstore.NewDedupe(slow, sqlstore.PostgreSQL)
	reqs := []middleware.ClaimRequest{request("claimed again"), request("committed late"), request("done again"), request("ended")}
	for _, req := range reqs {
		claim(t, store, req)
	}
	execute(t, db, `UPDATE cactus_dedupe SET lease_until = 1, expires_at = 2`)

	var purged int64
	var failed error
	var group sync.WaitGroup
	group.Go(func() { purged, failed = late.Purge(t.Context()) })
	waiting(t, db, 1)
	take := func(req middleware.ClaimRequest) (middleware.ClaimRequest, middleware.ClaimStatus) {
		t.Helper()
		next := request(req.Key.ID)
		return next, claim(t, store, next)
	}
	_, status := take(reqs[0])
	require.Equal(t, middleware.Claimed, status)
	require.NoError(t, store.Commit(t.Context(), reqs[1].Key, reqs[1].Owner, time.Hour))
	again, status := take(reqs[2])
	require.Equal(t, middleware.Claimed, status)
	require.NoError(t, store.Commit(t.Context(), again.Key, again.Owner, time.Hour))
	resume()
	group.Wait()
	require.NoError(t, failed)
	require.Equal(t, int64(1), purged)

	for i, want := range []middleware.ClaimStatus{middleware.InFlight, middleware.Done, middleware.Done, middleware.Claimed} {
		_, status := take(reqs[i])
		require.Equal(t, want, status, reqs[i].Key.ID)
	}
}
