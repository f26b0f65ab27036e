package drivertest_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/drivertest/internal/tap"
	"github.com/cactuscorp/cactus/inbox"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/sqlstore"
)

func TestStores_AskForMigrateWhereATableIsMissing(t *testing.T) {
	key, claim := middleware.Key{ID: "evt_1"}, inbox.Claim{ID: inbox.ID{1}}
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			db, tapped := tap.Open(t, d.driver, d.dsn(t))
			in, limited := sqlstore.NewInbox(db, d.dialect), sqlstore.NewInbox(db, d.dialect, sqlstore.WithMaxRows(10))
			dedupe, order := sqlstore.NewDedupe(db, d.dialect), sqlstore.NewOrder(db, d.dialect)
			for name, call := range map[string]func(ctx context.Context) error{
				"Inbox.Add":          func(ctx context.Context) error { return in.Add(ctx, &inbox.Item{ID: inbox.ID{1}}) },
				"Inbox.Add, limited": func(ctx context.Context) error { return limited.Add(ctx, &inbox.Item{ID: inbox.ID{1}}) },
				"Inbox.Claim":        func(ctx context.Context) error { _, err := in.Claim(ctx, inbox.ClaimRequest{Max: 1}); return err },
				"Inbox.Complete":     func(ctx context.Context) error { _, err := in.Complete(ctx, []inbox.Claim{claim}); return err },
				"Inbox.Retry":        func(ctx context.Context) error { return in.Retry(ctx, claim, inbox.Retry{}) },
				"Inbox.Stats":        func(ctx context.Context) error { _, err := in.Stats(ctx); return err },
				"Dedupe.Claim": func(ctx context.Context) error {
					_, err := dedupe.Claim(ctx, middleware.ClaimRequest{Key: key, Lease: time.Minute})
					return err
				},
				"Dedupe.Commit":  func(ctx context.Context) error { return dedupe.Commit(ctx, key, middleware.Owner{}, time.Hour) },
				"Dedupe.Release": func(ctx context.Context) error { return dedupe.Release(ctx, key, middleware.Owner{}) },
				"Dedupe.Purge":   func(ctx context.Context) error { _, err := dedupe.Purge(ctx); return err },
				"Order.Claim": func(ctx context.Context) error {
					_, err := order.Claim(ctx, middleware.OrderRequest{Key: key, Lease: time.Minute})
					return err
				},
				"Order.Renew": func(ctx context.Context) error { return order.Renew(ctx, key, middleware.Owner{}, time.Minute) },
			} {
				err := call(t.Context())
				require.ErrorIs(t, err, sqlstore.ErrNotMigrated, name)
				require.ErrorContains(t, err, "was Migrate called?", name)
				require.ErrorContains(t, err, "cactus_", name)
			}
			execute(t, db, `CREATE TABLE effects (event text NOT NULL)`)
			wrapped := &counted{DedupeStore: middleware.NewMemoryDedupe()} // which Tx cannot see through
			_, err := deliver(t.Context(), claimedIn(wrapped, dedupe), "evt_1")
			require.ErrorIs(t, err, sqlstore.ErrNotMigrated, "in a transaction")

			require.NoError(t, in.Migrate(t.Context()))
			added := tapped.During(func() { require.NoError(t, in.Add(t.Context(), &inbox.Item{ID: inbox.ID{2}})) })
			require.LessOrEqual(t, len(added), 3, "nothing is asked beforehand: %v", added)
		})
	}
}

// A table of the handler's own is not for Migrate to make.
func TestTx_LeavesErrorsOfOtherTablesAlone(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			store, _ := d.store(t)
			_, err := deliver(t.Context(), receiver(store, time.Minute, func(ctx context.Context, _ string) error {
				return store.Tx(ctx, nil, func(tx *sql.Tx) error {
					_, err := tx.ExecContext(ctx, `INSERT INTO shipments (id) VALUES (1)`)
					return err
				})
			}), "evt_1")
			require.ErrorContains(t, err, "shipments")
			require.NotErrorIs(t, err, sqlstore.ErrNotMigrated)
		})
	}
}
