package drivertest_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/inbox"
	"github.com/cactuscorp/cactus/sqlstore"
)

// signed is a request for an event, as its provider sends it.
func signed(tb testing.TB, ctx context.Context, url, id string) *http.Request { //nolint:revive // as testing's own
	tb.Helper()
	body := fmt.Appendf(nil, `{"id":%q,"type":"order.shipped","created":"2026-03-01T10:00:00Z"}`, id)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	require.NoError(tb, err)
	req.Header.Set("Content-Type", "application/json")
	require.NoError(tb, cactustest.Scheme().Sign(req.Header, id, body, time.Now()))
	return req
}

// patience is for work that waits for leases on a loaded machine, where it has
// taken all of a minute.
const patience = 10 * time.Minute

// newReplica makes an inbox for a registry, on a pool of its own.
func newReplica(db *sql.DB, dialect sqlstore.Dialect, r *cactus.Registry, lease time.Duration) *inbox.Inbox {
	in := inbox.New(sqlstore.NewInbox(db, dialect), inbox.Config{
		Workers: 4, Poll: 20 * time.Millisecond, Lease: lease, Retry: inbox.Schedule{Base: 5 * time.Millisecond, Max: 50 * time.Millisecond},
	})
	in.Register("shop", r, cactustest.Source())
	return in
}

// run lets an inbox work until the function that it returns is called.
func run(t *testing.T, in *inbox.Inbox) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- in.Run(ctx) }()
	return func() {
		cancel()
		<-done
	}
}

// requireEmpty waits until nothing is left, and requires that nothing was buried.
func requireEmpty(t *testing.T, db *sql.DB, dialect sqlstore.Dialect) {
	t.Helper()
	store := sqlstore.NewInbox(db, dialect)
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		stats, err := store.Stats(t.Context())
		require.NoError(t, err)
		if stats.Left() == 0 {
			require.Zero(t, stats.Dead, "dead letters")
			return
		}
		require.True(t, time.Now().Before(end), "still there: %+v", stats)
	}
}

// pools are two replicas' databases, which are one, with all tables.
func (d database) pools(t *testing.T) (a, b *sql.DB) {
	t.Helper()
	dsn := d.dsn(t)
	a, b = d.open(t, dsn), d.open(t, dsn)
	migrated(t, a, d.dialect)
	require.NoError(t, sqlstore.NewInbox(a, d.dialect).Migrate(t.Context()))
	require.NoError(t, sqlstore.NewOrder(a, d.dialect).Migrate(t.Context()))
	return a, b
}

func TestInbox_IsSharedByTwoReplicas(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			a, b := d.pools(t)
			var runs [2]atomic.Int64
			var replicas [2]*inbox.Inbox
			for i, db := range []*sql.DB{a, b} {
				store := sqlstore.NewDedupe(db, d.dialect)
				replicas[i] = newReplica(db, d.dialect, receiver(store, time.Minute, func(ctx context.Context, id string) error {
					runs[i].Add(1)
					return store.Tx(ctx, nil, func(tx *sql.Tx) error { return effect(ctx, tx, id) })
				}), time.Minute)
			}
			const n = 80
			want := map[string]int{}
			for i := range n {
				id := fmt.Sprintf("evt_%d", i+1)
				want[id] = 1
				w := httptest.NewRecorder()
				replicas[i%2].Handler("shop").ServeHTTP(w, signed(t, t.Context(), "/", id))
				require.Equal(t, http.StatusAccepted, w.Code)
			}
			for _, in := range replicas {
				defer run(t, in)()
			}
			requireEmpty(t, a, d.dialect)
			require.Equal(t, want, effects(t, a))
			require.Equal(t, int64(n), runs[0].Load()+runs[1].Load(), "no item was with both")
			t.Logf("%d and %d runs", runs[0].Load(), runs[1].Load())
		})
	}
}

// A replica loses its database while its handlers run. Its items are the other's
// when their leases have run out, and what its handlers do then is in vain.
func TestInbox_LeavesWhatADeadReplicaHad(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			a, b := d.pools(t)
			running, dead, late := make(chan struct{}, 4), make(chan struct{}), make(chan error, 4)
			store := sqlstore.NewDedupe(a, d.dialect)
			doomed := newReplica(a, d.dialect, receiver(store, killedLease, func(ctx context.Context, id string) error {
				running <- struct{}{}
				<-dead
				err := store.Tx(context.WithoutCancel(ctx), nil, func(tx *sql.Tx) error { return effect(ctx, tx, id) })
				late <- err
				return err
			}), killedLease)
			want := map[string]int{}
			for i := range 8 {
				id := fmt.Sprintf("evt_%d", i+1)
				want[id] = 1
				w := httptest.NewRecorder()
				doomed.Handler("shop").ServeHTTP(w, signed(t, t.Context(), "/", id))
				require.Equal(t, http.StatusAccepted, w.Code)
			}
			stop := run(t, doomed)
			for range 4 {
				<-running
			}
			require.NoError(t, a.Close())

			other := sqlstore.NewDedupe(b, d.dialect)
			defer run(t, newReplica(b, d.dialect, receiver(other, killedLease, func(ctx context.Context, id string) error {
				return other.Tx(ctx, nil, func(tx *sql.Tx) error { return effect(ctx, tx, id) })
			}), killedLease))()
			requireEmpty(t, b, d.dialect)
			close(dead)
			for range 4 {
				require.Error(t, <-late)
			}
			require.Equal(t, want, effects(t, b))
			stop()
		})
	}
}

// Senders have a bad day, and so have the handlers. What meets its duplicate in
// flight waits for a lease, so that is a short one.
func TestInbox_SurvivesABadDay(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			n := 120
			if testing.Short() {
				n = 40
			}
			db, _ := d.pools(t)
			store := sqlstore.NewDedupe(db, d.dialect)
			failures := cactustest.Failures{Seed: 7, Rate: 0.2}
			in := newReplica(db, d.dialect, receiver(store, killedLease, func(ctx context.Context, id string) error {
				return store.Tx(ctx, nil, func(tx *sql.Tx) error {
					if err := effect(ctx, tx, id); err != nil {
						return err
					}
					return failures.Next(id) // and the effect is rolled back
				})
			}), time.Minute)
			defer run(t, in)()
			sent := cactustest.ChaosEvents(n, 10)
			report := cactustest.Chaos{Seed: 7, Faults: cactustest.BadDay()}.Deliver(t, in.Handler("shop"), sent)
			report.RequireAccepted(t)
			requireEmpty(t, db, d.dialect)
			want := map[string]int{}
			for _, id := range cactustest.ChaosIDs(sent) {
				want[id] = 1
			}
			require.Equal(t, want, effects(t, db))
			t.Log(report)
		})
	}
}
