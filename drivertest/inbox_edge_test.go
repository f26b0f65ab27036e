package drivertest_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/drivertest/internal/pg"
	"github.com/cactuscorp/cactus/drivertest/internal/tap"
	"github.com/cactuscorp/cactus/inbox"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/sqlstore"
)

// inbox makes a database with an inbox.
func (d database) inbox(tb testing.TB, opts ...sqlstore.Option) (*sqlstore.Inbox, *sql.DB) {
	tb.Helper()
	db := d.open(tb, d.dsn(tb))
	store := sqlstore.NewInbox(db, d.dialect, opts...)
	require.NoError(tb, store.Migrate(tb.Context()))
	return store, db
}

// newItem makes an item with the n-th id.
func newItem(n int, body string) *inbox.Item {
	item := &inbox.Item{Source: "shop", Body: []byte(body), ReceivedAt: time.Unix(1_750_000_000, 0)}
	binary.BigEndian.PutUint32(item.ID[:], uint32(n))
	return item
}

func take(tb testing.TB, s *sqlstore.Inbox, n int) (items []inbox.Claimed, claims []inbox.Claim) {
	tb.Helper()
	owners++
	owner := inbox.Owner{owners, 2}
	items, err := s.Claim(tb.Context(), inbox.ClaimRequest{Owner: owner, Max: n, Lease: time.Hour})
	require.NoError(tb, err)
	for _, c := range items {
		claims = append(claims, inbox.Claim{ID: c.Item.ID, Owner: owner})
	}
	return items, claims
}

func TestInbox_IsFullAtItsLimit(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			store, db := d.inbox(t, sqlstore.WithMaxRows(20))
			for i := range 20 {
				require.NoError(t, store.Add(t.Context(), newItem(i, "{}")))
			}
			require.ErrorIs(t, store.Add(t.Context(), newItem(20, "{}")), inbox.ErrFull)
			_, claims := take(t, store, 2)
			require.NoError(t, store.Bury(t.Context(), claims[0], inbox.Burial{}))
			fresh := func() *sqlstore.Inbox { return sqlstore.NewInbox(db, d.dialect, sqlstore.WithMaxRows(20)) }
			require.ErrorIs(t, fresh().Add(t.Context(), newItem(20, "{}")), inbox.ErrFull, "dead letters count")
			n, err := store.Complete(t.Context(), claims[1:])
			require.NoError(t, err)
			require.Equal(t, 1, n)
			store = fresh()
			require.NoError(t, store.Add(t.Context(), newItem(20, "{}")), "what is completed makes room")
			require.ErrorIs(t, store.Add(t.Context(), newItem(21, "{}")), inbox.ErrFull)
		})
	}
}

// An item that cannot be read must not keep those from being claimed that are
// claimed along with it.
func TestInbox_BuriesWhatItCannotRead(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			store, db := d.inbox(t)
			odd := newItem(1, `{"odd":true}`)
			require.NoError(t, store.Add(t.Context(), odd))
			execute(t, db, `UPDATE cactus_inbox SET head = 'odd'`)
			require.NoError(t, store.Add(t.Context(), newItem(2, "{}")))
			items, _ := take(t, store, 10)
			require.Len(t, items, 1)
			require.Equal(t, newItem(2, "").ID, items[0].Item.ID)

			letters, err := store.Dead(t.Context(), inbox.ID{}, 10)
			require.NoError(t, err)
			require.Len(t, letters, 1)
			require.Equal(t, odd.ID, letters[0].Item.ID)
			require.Equal(t, "shop", letters[0].Item.Source)
			require.JSONEq(t, string(odd.Body), string(letters[0].Item.Body), "what can be read of it")
			require.Contains(t, letters[0].Reason, "its head must be")
			stats, err := store.Stats(t.Context())
			require.NoError(t, err)
			require.Equal(t, 1, stats.Dead)
		})
	}
}

func TestInbox_TakesManyAtOnce(t *testing.T) {
	const n = 700
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			store, _ := d.inbox(t)
			var group sync.WaitGroup
			errs := make(chan error, n)
			for i := range n {
				group.Go(func() { errs <- store.Add(t.Context(), newItem(i, "{}")) })
			}
			group.Wait()
			for range n {
				require.NoError(t, <-errs)
			}
			items, claims := take(t, store, n)
			require.Len(t, items, n)
			ids, err := store.Renew(t.Context(), time.Hour, claims)
			require.NoError(t, err)
			require.Len(t, ids, n)
			released, err := store.Release(t.Context(), claims[:n/2])
			require.NoError(t, err)
			require.Equal(t, n/2, released)
			completed, err := store.Complete(t.Context(), claims)
			require.NoError(t, err)
			require.Equal(t, n-n/2, completed)
		})
	}
}

// A body as large as receivers take by default, and larger.
func TestInbox_KeepsLargeBodies(t *testing.T) {
	for _, d := range databases {
		if d.name == "ncruces" {
			continue // nothing is its own
		}
		t.Run(d.name, func(t *testing.T) {
			store, _ := d.inbox(t)
			body := strings.Repeat("\x00\xff{}", 25<<20/4)
			require.NoError(t, store.Add(t.Context(), newItem(1, body)))
			items, claims := take(t, store, 1)
			require.Len(t, items, 1)
			if !bytes.Equal([]byte(body), items[0].Item.Body) {
				require.Fail(t, "another body") // without printing both
			}
			require.NoError(t, store.Retry(t.Context(), claims[0], inbox.Retry{Wait: time.Hour}))
		})
	}
}

// The database's clock may be set back, and what is looked at is then younger
// than nothing.
func TestInbox_HasNoNegativeAges(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			store, db := d.inbox(t)
			require.NoError(t, store.Add(t.Context(), newItem(1, "{}")))
			execute(t, db, `UPDATE cactus_inbox SET queued_at = queued_at + 3600000`)
			stats, err := store.Stats(t.Context())
			require.NoError(t, err)
			require.Equal(t, inbox.Stats{Ready: 1}, stats)
			items, _ := take(t, store, 1)
			require.Zero(t, items[0].Age)
		})
	}
}

// A database that is away is not asked once for each item.
func TestInbox_AsksADatabaseThatIsAwayOnceForAll(t *testing.T) {
	db, tapped := tap.Open(t, pg.Driver, "host=/nowhere user=postgres")
	store := sqlstore.NewInbox(db, sqlstore.PostgreSQL)
	const n = 64
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			if store.Add(t.Context(), newItem(i, "{}")) == nil {
				t.Error("an item was added nowhere")
			}
		})
	}
	group.Wait()
	require.Less(t, tapped.Dials(), n)
}

func TestInbox_RefusesAnEncodingThatCannotHoldItsTexts(t *testing.T) {
	db := pg.Open(t)
	name := "latin1_" + ms(time.Duration(time.Now().UnixMilli())*time.Millisecond)
	execute(t, db, "CREATE DATABASE "+name+" ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
	t.Cleanup(func() {
		_, err := db.ExecContext(context.WithoutCancel(t.Context()), "DROP DATABASE "+name+" WITH (FORCE)")
		require.NoError(t, err)
	})
	latin := pg.OpenDSN(t, pg.DSN(t)+" dbname="+name)
	err := sqlstore.NewInbox(latin, sqlstore.PostgreSQL).Migrate(t.Context())
	require.ErrorIs(t, err, sqlstore.ErrEncoding)
	require.ErrorContains(t, err, "not LATIN1")

	dedupe := sqlstore.NewDedupe(latin, sqlstore.PostgreSQL)
	require.NoError(t, dedupe.Migrate(t.Context()), "its texts are ASCII")
	require.Equal(t, middleware.Claimed, claim(t, dedupe, request("\u2603 \xff\x00")))
}
