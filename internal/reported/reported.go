// Package reported lets a middleware tell the HTTP adapter, which is far above
// it, that an error is in the log already.
package reported

import (
	"context"
	"errors"
	"sync/atomic"
)

type key struct{}

// Key is what the adapter's context answers with its [Note].
//
//nolint:gochecknoglobals // a constant in all but syntax
var Key any = key{}

// Note is the adapter's side: the error that was logged last. It is safe for
// concurrent use.
type Note struct{ last atomic.Pointer[error] }

// Has reports whether err says nothing that is not in the log: it is the error
// that was logged last or wraps nothing else.
func (n *Note) Has(err error) bool {
	last := n.last.Load()
	for ; last != nil && err != nil; err = errors.Unwrap(err) {
		if same(err, *last) {
			return true
		}
	}
	return false
}

// same compares two errors, of which both may be of a type that cannot be
// compared.
func same(a, b error) (equal bool) {
	defer func() { _ = recover() }()
	return a == b //nolint:errorlint // identity is the question
}

// Mark notes err in the adapter that ctx comes from, if there is one.
func Mark(ctx context.Context, err error) {
	if n, ok := ctx.Value(Key).(*Note); ok {
		n.last.Store(&err)
	}
}
