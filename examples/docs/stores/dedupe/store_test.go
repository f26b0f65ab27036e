// Package dedupe runs the suite of package dedupetest as that one's comment has it.
package dedupe_test

import (
	"testing"

	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/middleware/dedupetest"
)

func open(testing.TB) middleware.DedupeStore { return middleware.NewMemoryDedupe() }

//nolint:gocritic,thelper // unlambda, thelper: as in the comment
func TestStore(t *testing.T) {
	dedupetest.Run(t, func(tb testing.TB) middleware.DedupeStore {
		return open(tb) // an empty store, closed by tb.Cleanup
	})
}
