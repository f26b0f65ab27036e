// Package order runs the suite of package ordertest as that one's comment has it.
package order_test

import (
	"testing"

	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/middleware/ordertest"
)

func open(testing.TB) middleware.OrderStore { return middleware.NewMemoryOrder() }

//nolint:gocritic,thelper // unlambda, thelper: as in the comment
func TestStore(t *testing.T) {
	ordertest.Run(t, func(tb testing.TB) middleware.OrderStore {
		return open(tb) // an empty store, closed by tb.Cleanup
	})
}
