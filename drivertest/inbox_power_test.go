package drivertest_test

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/drivertest/internal/disk"
	"github.com/cactuscorp/cactus/inbox"
	"github.com/cactuscorp/cactus/sqlstore"
)

// add prepares an inbox that is added to.
func add(t *testing.T) func(db *sql.DB) func(event string) error {
	t.Helper()
	return func(db *sql.DB) func(event string) error {
		store := sqlstore.NewInbox(db, sqlstore.SQLite)
		require.NoError(t, store.Migrate(t.Context()))
		n := 0
		return func(event string) error {
			n++
			return store.Add(t.Context(), newItem(n, event))
		}
	}
}

// lostItems returns how many items that were acknowledged are not there.
func (o outage) lostItems(t *testing.T) int {
	t.Helper()
	items, err := sqlstore.NewInbox(o.db, sqlstore.SQLite).Claim(t.Context(), inbox.ClaimRequest{Owner: inbox.Owner{1}, Max: 2000, Lease: time.Hour})
	if err != nil {
		return len(o.acknowledged)
	}
	found := map[string]bool{}
	for _, c := range items {
		found[string(c.Item.Body)] = true
	}
	n := 0
	for _, event := range o.acknowledged {
		if !found[event] {
			n++
		}
	}
	return n
}

func TestInbox_SurvivesALossOfPower(t *testing.T) {
	for _, setting := range [][]string{pragmas("wal", "full"), pragmas("delete", "extra")} {
		t.Run(fmt.Sprint(setting), func(t *testing.T) {
			acknowledged := 0
			for seed := range outages() {
				out := cut(t, seed, setting, false, add(t))
				require.Zero(t, out.lostItems(t), "seed %d", seed)
				acknowledged += len(out.acknowledged)
			}
			require.Positive(t, acknowledged)
			t.Logf("%d items kept over %d losses of power", acknowledged, outages())
		})
	}
	t.Run("not on a disk that lies", func(t *testing.T) {
		lost := 0
		for seed := range outages() {
			out := cut(t, seed, pragmas("wal", "full"), true, add(t))
			lost += out.lostItems(t)
		}
		require.Positive(t, lost)
	})
	t.Run("not with synchronous off", func(t *testing.T) {
		// What Add writes, on a connection that it refuses.
		unsafe, lost := pragmas("wal", "off"), 0
		for seed := range outages() {
			out := cut(t, seed, unsafe, false, func(db *sql.DB) func(event string) error {
				execute(t, db, sqlstore.Schema(sqlstore.SQLite))
				n := 0
				return func(event string) error {
					n++
					_, err := db.ExecContext(t.Context(), `INSERT INTO cactus_inbox (id, source, head, body, added_at, queued_at, due_at)
						VALUES (?, 'shop', '{"received_at":"2026-03-01T10:00:00Z"}', ?, 1, 1, 1)`, newItem(n, "").ID[:], []byte(event))
					return err
				}
			})
			store := sqlstore.NewInbox(out.db, sqlstore.SQLite)
			require.Error(t, store.Add(t.Context(), newItem(1, "{}")), "seed %d", seed)
			lost += out.lostItems(t)
		}
		require.Positive(t, lost)
		store := sqlstore.NewInbox(openDisk(t, disk.New(1), unsafe), sqlstore.SQLite)
		require.ErrorIs(t, store.Add(t.Context(), newItem(1, "{}")), sqlstore.ErrNotDurable)
	})
}
