package drivertest_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/drivertest/internal/disk"
	"github.com/cactuscorp/cactus/drivertest/internal/sqlite"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/sqlstore"
)

// outage is what is known when the power is back.
type outage struct {
	acknowledged []string // in order
	last         string   // what was begun when the power failed, if not acknowledged
	db           *sql.DB  // what is on the disk
}

// openDisk opens a disk's database by one connection.
func openDisk(t *testing.T, d *disk.Disk, pragmas []string) *sql.DB {
	t.Helper()
	db, err := sql.Open(sqlite.Ncruces, d.DSN(t, pragmas...))
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// cut does something for one event after the other until the power fails, at a
// moment of the seed's.
func cut(t *testing.T, seed uint64, pragmas []string, lie bool, prepare func(db *sql.DB) func(event string) error) (out outage) {
	t.Helper()
	d := disk.New(seed)
	db := openDisk(t, d, pragmas)
	execute(t, db, `CREATE TABLE effects (event text NOT NULL)`)
	do := prepare(db)
	if lie {
		d.Lie()
	}
	d.FailAfter(d.Operations() + rand.New(rand.NewPCG(seed, 1)).IntN(300))
	for i := 0; ; i++ {
		out.last = fmt.Sprintf("evt_%d", i)
		if do(out.last) != nil {
			break
		}
		out.acknowledged = append(out.acknowledged, out.last)
		require.Less(t, i, 1000, "the power does not fail")
	}
	_ = db.Close()
	out.db = openDisk(t, d.Restart(), pragmas)
	return out
}

// receive prepares a receiver whose effects are in the claims' transactions.
func receive(t *testing.T) func(db *sql.DB) func(event string) error {
	t.Helper()
	return func(db *sql.DB) func(event string) error {
		store := sqlstore.NewDedupe(db, sqlstore.SQLite)
		require.NoError(t, store.Migrate(t.Context()))
		r := receiver(store, time.Minute, func(ctx context.Context, id string) error {
			return store.Tx(ctx, nil, func(tx *sql.Tx) error { return effect(ctx, tx, id) })
		})
		return func(event string) error {
			_, err := deliver(t.Context(), r, event)
			return err
		}
	}
}

// insert prepares a plain insert, for settings that the store refuses.
func insert(t *testing.T) func(db *sql.DB) func(event string) error {
	t.Helper()
	return func(db *sql.DB) func(event string) error {
		return func(event string) error {
			_, err := db.ExecContext(t.Context(), `INSERT INTO effects (event) VALUES (?)`, event)
			return err
		}
	}
}

// lost returns how many acknowledged effects are not there.
func (o outage) lost(t *testing.T) (n int) {
	t.Helper()
	all, err := o.db.QueryContext(t.Context(), `SELECT event FROM effects`) //nolint:rowserrcheck // what cannot be read is lost
	if err != nil {
		return len(o.acknowledged) // or cannot be read any more
	}
	defer all.Close()
	found := map[string]bool{} // until it cannot be read any more
	for all.Next() {
		var event string
		if all.Scan(&event) == nil {
			found[event] = true
		}
	}
	for _, event := range o.acknowledged {
		if !found[event] {
			n++
		}
	}
	return n
}

func outages() uint64 {
	if testing.Short() {
		return 10
	}
	return 20
}

func pragmas(mode, synchronous string) []string {
	set := []string{"synchronous(" + synchronous + ")", "journal_mode(" + mode + ")"}
	if mode == "wal" {
		set = append([]string{"locking_mode(exclusive)"}, set...)
	}
	return set
}

func TestTx_SurvivesALossOfPower(t *testing.T) {
	for _, setting := range [][]string{
		pragmas("wal", "full"),
		append(pragmas("wal", "full"), "wal_autocheckpoint(5)"),
		pragmas("delete", "extra"),
		pragmas("truncate", "full"),
		pragmas("persist", "full"),
	} {
		t.Run(fmt.Sprint(setting), func(t *testing.T) {
			acknowledged, halfway := 0, 0
			for seed := range outages() {
				out := cut(t, seed, setting, false, receive(t))
				var integrity string
				require.NoError(t, out.db.QueryRowContext(t.Context(), `PRAGMA integrity_check`).Scan(&integrity), "seed %d", seed)
				require.Equal(t, "ok", integrity, "seed %d", seed)
				want := map[string]int{}
				for _, event := range out.acknowledged {
					want[event] = 1
				}
				got := effects(t, out.db)
				store := sqlstore.NewDedupe(out.db, sqlstore.SQLite)
				last := claim(t, store, middleware.ClaimRequest{Key: middleware.Key{ID: out.last}, Owner: middleware.Owner{1}, Lease: time.Minute})
				require.Equal(t, got[out.last] == 1, last == middleware.Done, "seed %d: the effect without the claim's commit, or the other way round", seed)
				if got[out.last] == 1 {
					want[out.last] = 1 // it was committed, but nobody heard
					halfway++
				}
				require.Equal(t, want, got, "seed %d", seed)
				for _, event := range out.acknowledged {
					req := middleware.ClaimRequest{Key: middleware.Key{ID: event}, Owner: middleware.Owner{2}, Lease: time.Minute}
					require.Equal(t, middleware.Done, claim(t, store, req), "seed %d: %s", seed, event)
				}
				acknowledged += len(out.acknowledged)
			}
			t.Logf("%d commits kept over %d losses of power, and %d that were not acknowledged", acknowledged, outages(), halfway)
			require.Positive(t, acknowledged)
		})
	}
}

// The disk can lose, so the test above can fail. These are the settings that the
// store refuses; FULL with DELETE loses when the journal's unlink is undone.
func TestDisk_LosesWhatIsNotSynced(t *testing.T) {
	for _, setting := range [][]string{
		pragmas("wal", "off"),
		pragmas("wal", "normal"),
		pragmas("delete", "off"),
		pragmas("delete", "full"),
		pragmas("memory", "off"),
	} {
		t.Run(fmt.Sprint(setting), func(t *testing.T) {
			lost := 0
			for seed := range outages() {
				out := cut(t, seed, setting, false, insert(t))
				lost += out.lost(t)
			}
			require.Positive(t, lost)
			t.Logf("lost %d over %d losses of power", lost, outages())

			db := openDisk(t, disk.New(1), setting)
			require.ErrorIs(t, sqlstore.NewDedupe(db, sqlstore.SQLite).Migrate(t.Context()), sqlstore.ErrNotDurable)
		})
	}
}

func TestTx_LosesOnADiskThatLies(t *testing.T) {
	lost := 0
	for seed := range outages() {
		out := cut(t, seed, pragmas("wal", "full"), true, receive(t))
		lost += out.lost(t)
	}
	require.Positive(t, lost)
}
