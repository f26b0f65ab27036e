// Package reported lets a middleware tell the HTTP adapter, which is far above
// it, that a failure is in the log already.
package reported

import (
	"context"
	"sync/atomic"
)

type key struct{}

// Key is what the adapter's context answers with its [Flag].
//
//nolint:gochecknoglobals // a constant in all but syntax
var Key any = key{}

// Flag is the adapter's side. It is safe for concurrent use.
type Flag struct{ set atomic.Bool }

// Take returns whether the flag was set, and clears it.
func (f *Flag) Take() bool { return f.set.Load() && f.set.Swap(false) }

// Mark sets the flag of the adapter that ctx comes from, if there is one.
func Mark(ctx context.Context) {
	if f, ok := ctx.Value(Key).(*Flag); ok {
		f.set.Store(true)
	}
}
