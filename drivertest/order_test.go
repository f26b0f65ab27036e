package drivertest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/middleware/ordertest"
	"github.com/cactuscorp/cactus/sqlstore"
)

func TestOrder_IsAnOrderStore(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			ordertest.Run(t, func(tb testing.TB) middleware.OrderStore {
				tb.Helper()
				store := sqlstore.NewOrder(d.open(tb, d.dsn(tb)), d.dialect)
				require.NoError(tb, store.Migrate(tb.Context()))
				return store
			}, ordertest.WithShortLease(shortLease))
		})
	}
}
