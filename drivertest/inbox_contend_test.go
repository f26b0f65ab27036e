package drivertest_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/drivertest/internal/pg"
	"github.com/cactuscorp/cactus/inbox"
	"github.com/cactuscorp/cactus/sqlstore"
)

// waiting returns when n sessions of db's wait for a lock, and which these are.
func waiting(tb testing.TB, db *sql.DB, n int) (sessions []int) {
	tb.Helper()
	require.Eventually(tb, func() bool {
		sessions = waiters(tb, db)
		return len(sessions) == n
	}, time.Minute, time.Millisecond, "%d sessions that wait for a lock", n)
	return sessions
}

func waiters(tb testing.TB, db *sql.DB) (sessions []int) {
	tb.Helper()
	rows, err := db.QueryContext(tb.Context(), `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
	if err != nil {
		return nil
	}
	defer rows.Close()
	for rows.Next() {
		var session int
		if rows.Scan(&session) == nil {
			sessions = append(sessions, session)
		}
	}
	if rows.Err() != nil {
		return nil
	}
	return sessions
}

// held adds n items and claims them for an owner.
func held(tb testing.TB, store *sqlstore.Inbox, owner inbox.Owner, n int) (claims []inbox.Claim) {
	tb.Helper()
	for range n {
		item := &inbox.Item{Source: "shop", Body: []byte("{}")}
		_, _ = rand.Read(item.ID[:]) // never fails
		require.NoError(tb, store.Add(tb.Context(), item))
	}
	claimed, err := store.Claim(tb.Context(), inbox.ClaimRequest{Owner: owner, Max: n, Lease: time.Hour})
	require.NoError(tb, err)
	require.Len(tb, claimed, n)
	for _, c := range claimed {
		claims = append(claims, inbox.Claim{ID: c.Item.ID, Owner: owner})
	}
	return claims
}

// The statements of these tests have several plans, by the number of rows that the
// planner expects.
var plannedRows = []struct{ claims, others int }{{2, 0}, {16, 0}, {2, 20_000}, {16, 20_000}}

// crowded makes an inbox with dead letters that nobody asks for.
func crowded(tb testing.TB, others int) (*sqlstore.Inbox, *sql.DB) {
	tb.Helper()
	db := pg.Open(tb)
	store := sqlstore.NewInbox(db, sqlstore.PostgreSQL)
	require.NoError(tb, store.Migrate(tb.Context()))
	execute(tb, db, fmt.Sprintf(`INSERT INTO cactus_inbox (id, added_at, queued_at, buried_at, source, head, body)
		SELECT decode(md5(n::text), 'hex'), 1, 1, 1, 'shop', '{}', '' FROM generate_series(1, %d) AS s (n)`, others))
	return store, db
}

// A statement about several items waits for the row of one that another session has
// changed. When it goes on, the item's owner is looked at again, as it is by then,
// and not as it was when the statement began.
func TestInbox_LooksAtTheOwnerAgainAfterAWait(t *testing.T) {
	me, other := inbox.Owner{1}, inbox.Owner{2}
	settlers := map[string]func(ctx context.Context, store *sqlstore.Inbox, claims []inbox.Claim) (int, error){
		"renew": func(ctx context.Context, store *sqlstore.Inbox, claims []inbox.Claim) (int, error) {
			renewed, err := store.Renew(ctx, time.Hour, claims)
			return len(renewed), err
		},
		"complete": func(ctx context.Context, store *sqlstore.Inbox, claims []inbox.Claim) (int, error) {
			return store.Complete(ctx, claims)
		},
		"release": func(ctx context.Context, store *sqlstore.Inbox, claims []inbox.Claim) (int, error) {
			return store.Release(ctx, claims)
		},
	}
	changes := []struct {
		name, statement string
		rollback, mine  bool
	}{
		{"taken over", `UPDATE cactus_inbox SET owner = $2, due_at = due_at + 1 WHERE id = $1`, false, false},
		{"taken over, and that is rolled back", `UPDATE cactus_inbox SET owner = $2, due_at = due_at + 1 WHERE id = $1`, true, true},
		{"renewed", `UPDATE cactus_inbox SET due_at = due_at + octet_length(CAST($2 AS bytea)) WHERE id = $1`, false, true},
		{"complete", `DELETE FROM cactus_inbox WHERE id = $1 AND owner <> $2`, false, false},
	}
	for _, size := range plannedRows {
		store, db := crowded(t, size.others)
		for name, settle := range settlers {
			for _, change := range changes {
				t.Run(fmt.Sprintf("%s of %d in %d when one is %s", name, size.claims, size.others, change.name), func(t *testing.T) {
					claims := held(t, store, me, size.claims)
					tx, err := db.BeginTx(t.Context(), nil)
					require.NoError(t, err)
					defer tx.Rollback()
					_, err = tx.ExecContext(t.Context(), change.statement, claims[0].ID[:], other[:])
					require.NoError(t, err)
					var n int
					var settled error
					var group sync.WaitGroup
					group.Go(func() { n, settled = settle(t.Context(), store, claims) })
					waiting(t, db, 1)
					if change.rollback {
						require.NoError(t, tx.Rollback())
					} else {
						require.NoError(t, tx.Commit())
					}
					group.Wait()
					require.NoError(t, settled)
					want := size.claims
					if !change.mine {
						want--
					}
					require.Equal(t, want, n)
					rest, err := store.Complete(t.Context(), []inbox.Claim{{ID: claims[0].ID, Owner: other}})
					require.NoError(t, err)
					require.Equal(t, change.name == "taken over", rest == 1, "what is another's is left to it")
					execute(t, db, `DELETE FROM cactus_inbox WHERE buried_at IS NULL`)
				})
			}
		}
	}
}

// A dead letter that is replayed is not discarded, and the other way round, whoever
// waits for whom.
func TestInbox_ReplaysOrDiscards(t *testing.T) {
	for _, size := range plannedRows {
		t.Run(fmt.Sprintf("%d in %d", size.claims, size.others), func(t *testing.T) {
			store, db := crowded(t, size.others)
			claims := held(t, store, inbox.Owner{1}, size.claims)
			var ids []inbox.ID
			for _, c := range claims {
				require.NoError(t, store.Bury(t.Context(), c, inbox.Burial{}))
				ids = append(ids, c.ID)
			}
			tx, err := db.BeginTx(t.Context(), nil)
			require.NoError(t, err)
			defer tx.Rollback()
			_, err = tx.ExecContext(t.Context(), `UPDATE cactus_inbox SET buried_at = NULL, due_at = 1 WHERE id = $1`, ids[0][:])
			require.NoError(t, err)
			var n int
			var discarded error
			var group sync.WaitGroup
			group.Go(func() { n, discarded = store.Discard(t.Context(), ids) })
			waiting(t, db, 1)
			require.NoError(t, tx.Commit())
			group.Wait()
			require.NoError(t, discarded)
			require.Equal(t, size.claims-1, n)
			stats, err := store.Stats(t.Context())
			require.NoError(t, err)
			require.Equal(t, 1, stats.Ready)
		})
	}
}
