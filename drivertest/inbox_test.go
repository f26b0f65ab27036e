package drivertest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/drivertest/internal/pg"
	"github.com/cactuscorp/cactus/inbox"
	"github.com/cactuscorp/cactus/inbox/inboxtest"
	"github.com/cactuscorp/cactus/sqlstore"
)

func TestInbox_IsAStore(t *testing.T) {
	t.Parallel()
	serial := database{"serializable", pg.Driver, sqlstore.PostgreSQL, func(tb testing.TB) string {
		tb.Helper()
		return pg.DSN(tb) + serializable
	}}
	for _, d := range append([]database{serial}, databases...) {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			inboxtest.Run(t, func(tb testing.TB) inbox.Store {
				tb.Helper()
				store := sqlstore.NewInbox(d.open(tb, d.dsn(tb)), d.dialect)
				require.NoError(tb, store.Migrate(tb.Context()))
				return store
			}, inboxtest.WithShortLease(shortLease))
		})
	}
}
