package drivertest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/inbox"
	"github.com/cactuscorp/cactus/inbox/inboxtest"
	"github.com/cactuscorp/cactus/sqlstore"
)

func TestInbox_IsAStore(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
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
