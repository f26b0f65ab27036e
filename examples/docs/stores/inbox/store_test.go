// Package inbox runs the suite of package inboxtest as that one's comment has it.
package inbox_test

import (
	"testing"

	"github.com/cactuscorp/cactus/inbox"
	"github.com/cactuscorp/cactus/inbox/inboxtest"
)

func open(testing.TB) inbox.Store { return inbox.NewMemory() }

//nolint:gocritic,thelper // unlambda, thelper: as in the comment
func TestStore(t *testing.T) {
	inboxtest.Run(t, func(tb testing.TB) inbox.Store {
		return open(tb) // an empty store, closed by tb.Cleanup
	})
}
