package drivertest_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/drivertest/internal/sqlite"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/sqlstore"
)

func TestMigrate_MayRunInSeveralProcessesAtOnce(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			dsn := d.dsn(t)
			var group sync.WaitGroup
			errs := make([]error, 8)
			for i := range errs {
				db := d.open(t, dsn)
				group.Go(func() {
					for range 3 {
						errs[i] = errors.Join(errs[i], sqlstore.NewDedupe(db, d.dialect).Migrate(t.Context()))
					}
				})
			}
			group.Wait()
			require.NoError(t, errors.Join(errs...))
			require.Equal(t, middleware.Claimed, claim(t, sqlstore.NewDedupe(d.open(t, dsn), d.dialect), request("evt_1")))
		})
	}
}

func TestSchema_IsWhatMigrateMakes(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			prefix := sqlstore.WithPrefix("shop_")
			db := d.open(t, d.dsn(t))
			for statement := range strings.SplitSeq(sqlstore.Schema(d.dialect, prefix), ";\n") {
				if statement = strings.TrimSpace(statement); statement != "" {
					execute(t, db, statement)
				}
			}
			store := sqlstore.NewDedupe(db, d.dialect, prefix)
			require.NoError(t, store.Migrate(t.Context()))
			require.Equal(t, middleware.Claimed, claim(t, store, request("evt_1")))
			other := sqlstore.NewDedupe(db, d.dialect)
			require.NoError(t, other.Migrate(t.Context()))
			require.Equal(t, middleware.Claimed, claim(t, other, request("evt_1")), "another prefix is another store")
		})
	}
}

func TestMigrate_RefusesALaterRelease(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			store, db := d.store(t)
			execute(t, db, `UPDATE cactus_schema SET version = 99`)
			err := store.Migrate(t.Context())
			require.ErrorIs(t, err, sqlstore.ErrNewerSchema)
			require.ErrorContains(t, err, "version 99, and this one knows 1")
		})
	}
}

func TestDedupe_RefusesWhatDoesNotSurvive(t *testing.T) {
	for _, driver := range []string{sqlite.Modernc, sqlite.Ncruces} {
		for _, pragma := range [][]string{
			{"synchronous(normal)"},
			{"synchronous(off)"},
			{"journal_mode(delete)"},
			{"journal_mode(off)", "synchronous(extra)"},
		} {
			t.Run(driver+strings.Join(pragma, " "), func(t *testing.T) {
				file := sqlite.File(t)
				good := migrated(t, sqlite.OpenDSN(t, driver, sqlite.DSN(file)), sqlstore.SQLite)
				req := request("evt_1")
				require.Equal(t, middleware.Claimed, claim(t, good, req))
				if strings.HasPrefix(pragma[0], "journal_mode") {
					file = sqlite.File(t) // WAL stays for others
				}
				bad := sqlstore.NewDedupe(sqlite.OpenDSN(t, driver, sqlite.DSN(file, pragma...)), sqlstore.SQLite)
				require.ErrorIs(t, bad.Migrate(t.Context()), sqlstore.ErrNotDurable)
				require.ErrorIs(t, bad.Commit(t.Context(), req.Key, req.Owner, req.Lease), sqlstore.ErrNotDurable)
				_, err := bad.Claim(t.Context(), req)
				require.ErrorIs(t, err, sqlstore.ErrNotDurable)
			})
		}
		t.Run(driver+" in memory", func(t *testing.T) {
			db := sqlite.OpenDSN(t, driver, ":memory:")
			db.SetMaxOpenConns(1)
			require.NoError(t, sqlstore.NewDedupe(db, sqlstore.SQLite).Migrate(t.Context()))
		})
	}
}

// A replica that cannot be written to, as one behind a failover: the tables are up
// to date, and no event runs that could not be committed.
func TestStores_RefuseWorkOnAReadOnlyReplica(t *testing.T) {
	for _, d := range planned() {
		t.Run(d.name, func(t *testing.T) {
			dsn := d.dsn(t)
			db := d.open(t, dsn)
			migrated(t, db, d.dialect)
			require.NoError(t, sqlstore.NewInbox(db, d.dialect).Migrate(t.Context()))
			readOnly := dsn + "&_pragma=query_only(1)"
			if d.dialect == sqlstore.PostgreSQL {
				readOnly = dsn + " default_transaction_read_only=on"
			}
			replica := d.open(t, readOnly)
			store, in := sqlstore.NewDedupe(replica, d.dialect), sqlstore.NewInbox(replica, d.dialect)
			require.NoError(t, store.Migrate(t.Context()))
			require.NoError(t, in.Migrate(t.Context()))
			r := receiver(store, time.Minute, func(context.Context, string) error {
				t.Error("the handler runs")
				return nil
			})
			status, err := deliver(t.Context(), r, "evt_1")
			require.ErrorContains(t, err, "claim event")
			require.Equal(t, 503, status)
			require.Error(t, in.Add(t.Context(), newItem(1, "{}")))
			stats, err := in.Stats(t.Context())
			require.NoError(t, err)
			require.Zero(t, stats)
		})
	}
}
