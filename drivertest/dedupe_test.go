package drivertest_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/drivertest/internal/pg"
	"github.com/cactuscorp/cactus/drivertest/internal/sqlite"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/middleware/dedupetest"
	"github.com/cactuscorp/cactus/sqlstore"
)

const shortLease = 150 * time.Millisecond

func TestDedupe_IsADedupeStore(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			dedupetest.Run(t, func(tb testing.TB) middleware.DedupeStore {
				tb.Helper()
				store, _ := d.store(tb)
				return store
			}, dedupetest.WithShortLease(shortLease))
		})
	}
}

// Serializable fails all that repeatable read does.
func TestDedupe_IsADedupeStoreWhereAllIsSerializable(t *testing.T) {
	t.Parallel()
	dedupetest.Run(t, func(tb testing.TB) middleware.DedupeStore {
		tb.Helper()
		return migrated(tb, pg.OpenDSN(tb, pg.DSN(tb)+serializable), sqlstore.PostgreSQL)
	}, dedupetest.WithShortLease(shortLease))
}

const serializable = " default_transaction_isolation=serializable"

// Without a busy timeout SQLite gives up at once, and the store tries again.
func TestDedupe_WaitsForSQLiteWithoutABusyTimeout(t *testing.T) {
	for _, driver := range []string{sqlite.Modernc, sqlite.Ncruces} {
		t.Run(driver, func(t *testing.T) {
			db := sqlite.OpenDSN(t, driver, sqlite.DSN(sqlite.File(t), "busy_timeout(0)"))
			store := migrated(t, db, sqlstore.SQLite)
			tx, err := db.BeginTx(t.Context(), nil)
			require.NoError(t, err)
			require.NoError(t, effect(t.Context(), tx, "evt_lock"))
			claimed := make(chan error)
			go func() {
				_, err := store.Claim(context.Background(), request("evt_1"))
				claimed <- err
			}()
			select {
			case err := <-claimed:
				require.Fail(t, "the claim did not wait", "%v", err)
			case <-time.After(30 * time.Millisecond):
			}
			require.NoError(t, tx.Commit())
			require.NoError(t, <-claimed)

			tx, err = db.BeginTx(t.Context(), nil)
			require.NoError(t, err)
			defer tx.Rollback()
			require.NoError(t, effect(t.Context(), tx, "evt_lock"))
			_, err = store.Claim(t.Context(), request("evt_2"))
			require.ErrorContains(t, err, "locked", "a lock that stays")
		})
	}
}

var owners byte

// request claims an id for another owner each time.
func request(id string) middleware.ClaimRequest {
	owners++
	return middleware.ClaimRequest{Key: middleware.Key{Source: "shop", ID: id}, Owner: middleware.Owner{owners, 1}, Lease: time.Hour}
}

func claim(tb testing.TB, s *sqlstore.Dedupe, req middleware.ClaimRequest) middleware.ClaimStatus {
	tb.Helper()
	result, err := s.Claim(tb.Context(), req)
	require.NoError(tb, err)
	return result.Status
}

func TestDedupe_ShowsKeysToPeople(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			store, db := d.store(t, sqlstore.WithPrefix("shop_"))
			req := request("evt\x00\xff" + strings.Repeat("9", 900))
			req.Key.Tenant = `über "us" \ co`
			require.Equal(t, middleware.Claimed, claim(t, store, req))
			var source, tenant, id string
			require.NoError(t, db.QueryRowContext(t.Context(), `SELECT source, tenant, id FROM shop_dedupe`).Scan(&source, &tenant, &id))
			require.Equal(t, "shop", source)
			require.Equal(t, `\u00fcber \"us\" \\ co`, tenant)
			require.Equal(t, `evt\x00\xff`+strings.Repeat("9", 900), id)
		})
	}
}

// A claim whose answer got lost is still its owner's.
func TestDedupe_ClaimsTwiceForOneOwner(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			store, _ := d.store(t)
			req := request("evt_1")
			require.Equal(t, middleware.Claimed, claim(t, store, req))
			require.Equal(t, middleware.Claimed, claim(t, store, req))
		})
	}
}

func TestDedupe_RepeatedCommitKeepsTheRetention(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			store, db := d.store(t)
			req := request("evt_1")
			require.Equal(t, middleware.Claimed, claim(t, store, req))
			var before, after int64
			const until = `SELECT done_until FROM cactus_dedupe`
			require.NoError(t, store.Commit(t.Context(), req.Key, req.Owner, time.Hour))
			require.NoError(t, db.QueryRowContext(t.Context(), until).Scan(&before))
			require.NoError(t, store.Commit(t.Context(), req.Key, req.Owner, 2*time.Hour))
			require.NoError(t, db.QueryRowContext(t.Context(), until).Scan(&after))
			require.Equal(t, before, after)
		})
	}
}

func TestDedupe_LastsAsLongAsADuration(t *testing.T) {
	const longest = time.Duration(1<<63 - 1)
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			store, _ := d.store(t)
			req := request("evt_1")
			req.Lease = longest
			require.Equal(t, middleware.Claimed, claim(t, store, req))
			result, err := store.Claim(t.Context(), request("evt_1"))
			require.NoError(t, err)
			require.Equal(t, middleware.InFlight, result.Status)
			require.Greater(t, result.Left, longest-time.Hour)
			require.NoError(t, store.Commit(t.Context(), req.Key, req.Owner, longest))
			require.Equal(t, middleware.Done, claim(t, store, request("evt_1")))
		})
	}
}

// age makes all rows of a table older.
func age(tb testing.TB, db *sql.DB, by time.Duration) {
	tb.Helper()
	execute(tb, db, `UPDATE cactus_dedupe SET expires_at = expires_at - `+ms(by)+`, done_until = CASE done_until WHEN 0 THEN 0 ELSE done_until - `+ms(by)+
		` END, lease_until = CASE lease_until WHEN 0 THEN 0 ELSE lease_until - `+ms(by)+` END`)
}

func TestDedupe_PurgesWhatHasEnded(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			store, db := d.store(t)
			lapsed, released, done, forced := request("evt_1"), request("evt_2"), request("evt_3"), request("evt_4")
			for _, req := range []middleware.ClaimRequest{lapsed, released, done, forced} {
				require.Equal(t, middleware.Claimed, claim(t, store, req))
			}
			require.NoError(t, store.Release(t.Context(), released.Key, released.Owner))
			require.NoError(t, store.Commit(t.Context(), done.Key, done.Owner, 3*time.Hour))
			require.NoError(t, store.Commit(t.Context(), forced.Key, forced.Owner, 24*time.Hour))
			forced = request("evt_4")
			forced.Force = true
			require.Equal(t, middleware.Claimed, claim(t, store, forced))

			purged := func(want int64, why string) {
				t.Helper()
				n, err := store.Purge(t.Context())
				require.NoError(t, err)
				require.Equal(t, want, n, why)
			}
			purged(1, "what was released")
			age(t, db, 90*time.Minute)
			purged(0, "a lease that ran out a moment ago may still be committed")
			require.NoError(t, store.Renew(t.Context(), lapsed.Key, lapsed.Owner, time.Hour))
			age(t, db, 2*time.Hour+time.Second)
			purged(2, "an old lease, and a retention")
			require.Equal(t, middleware.Done, claim(t, store, request("evt_4")))
			require.NoError(t, store.Commit(t.Context(), forced.Key, forced.Owner, time.Hour), "a forced claim that ran out")
			require.ErrorIs(t, store.Commit(t.Context(), lapsed.Key, lapsed.Owner, time.Hour), middleware.ErrLeaseLost)
		})
	}
}

func TestDedupe_PurgesAlongWithClaims(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			store, db := d.store(t)
			for i := range 64 {
				if i == 63 {
					age(t, db, 3*time.Hour)
				}
				require.Equal(t, middleware.Claimed, claim(t, store, request("evt_"+ms(time.Duration(i)*time.Millisecond))))
			}
			var n int
			require.NoError(t, db.QueryRowContext(t.Context(), `SELECT count(*) FROM cactus_dedupe`).Scan(&n))
			require.Equal(t, 1, n)
		})
	}
}

func TestDedupe_IsFullAtItsLimit(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			store, db := d.store(t, sqlstore.WithMaxRows(20))
			var first middleware.ClaimRequest
			for i := range 20 {
				req := request("evt_" + ms(time.Duration(i)*time.Millisecond))
				require.Equal(t, middleware.Claimed, claim(t, store, req))
				if i == 0 {
					first = req
				}
			}
			_, err := store.Claim(t.Context(), request("evt_new"))
			require.ErrorIs(t, err, middleware.ErrStoreFull)
			require.Equal(t, middleware.InFlight, claim(t, store, request(first.Key.ID)), "a key that has a row")
			require.NoError(t, store.Release(t.Context(), first.Key, first.Owner))
			first = request(first.Key.ID)
			require.Equal(t, middleware.Claimed, claim(t, store, first), "a key that has a row")
			require.NoError(t, store.Commit(t.Context(), first.Key, first.Owner, time.Minute))
			require.Equal(t, middleware.Done, claim(t, store, request(first.Key.ID)))

			fresh := sqlstore.NewDedupe(db, d.dialect, sqlstore.WithMaxRows(20))
			_, err = fresh.Claim(t.Context(), request("evt_new"))
			require.ErrorIs(t, err, middleware.ErrStoreFull, "nothing is forgotten early")
			age(t, db, 2*time.Minute)
			fresh = sqlstore.NewDedupe(db, d.dialect, sqlstore.WithMaxRows(20))
			require.Equal(t, middleware.Claimed, claim(t, fresh, request("evt_new")), "what has ended makes room")
		})
	}
}

func TestDedupe_ReturnsWhenItsContextIsDone(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			dsn := d.dsn(t)
			if d.dialect == sqlstore.SQLite {
				dsn = sqlite.DSN(sqlite.File(t), "busy_timeout(200)") // not every driver's looks at the context
			}
			db := d.open(t, dsn)
			store := migrated(t, db, d.dialect, sqlstore.WithMaxRows(1000))
			req := request("evt_1")
			require.Equal(t, middleware.Claimed, claim(t, store, req))
			tx, err := db.BeginTx(t.Context(), nil)
			require.NoError(t, err)
			defer tx.Rollback()
			_, err = tx.ExecContext(t.Context(), `UPDATE cactus_dedupe SET source = 'locked'`)
			require.NoError(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			start := time.Now()
			require.Error(t, store.Commit(ctx, req.Key, req.Owner, time.Hour))
			require.Error(t, store.Renew(ctx, req.Key, req.Owner, time.Hour))
			require.Error(t, store.Release(ctx, req.Key, req.Owner))
			_, err = store.Claim(ctx, req)
			require.Error(t, err)
			require.NotErrorIs(t, err, middleware.ErrStoreFull)
			require.Less(t, time.Since(start), 5*time.Second)
		})
	}
}
