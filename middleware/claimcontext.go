package middleware

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// claimContext is what a handler runs under. It is its parent with the claim,
// and it is cancelled, with the cause ErrLeaseLost, when a renewal finds that
// the lease is somebody else's. Most handlers never ask for Done; what it takes
// to cancel is made when one does.
type claimContext struct {
	parent   context.Context //nolint:containedctx // it is a context itself
	claim    Claim
	entry    *memoryEntry  // of a MemoryDedupe
	position int64         // of an OrderStore
	lease    time.Duration // zero until it is needed, if the store is in memory
	inner    atomic.Pointer[cancellable]
}

type cancellable struct {
	ctx    context.Context //nolint:containedctx // of claimContext
	cancel context.CancelCauseFunc
}

// handled takes inner's place when a handler is done that never asked for Done.
var handled = func() *cancellable {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(nil)
	return &cancellable{ctx, cancel}
}()

func (c *claimContext) arm() *cancellable {
	if a := c.inner.Load(); a != nil {
		return a
	}
	a := new(cancellable)
	a.ctx, a.cancel = context.WithCancelCause(c.parent)
	if !c.inner.CompareAndSwap(nil, a) {
		a.cancel(nil)
	}
	return c.inner.Load()
}

// finish ends the context and frees what Done took.
func (c *claimContext) finish() {
	if !c.inner.CompareAndSwap(nil, handled) {
		c.inner.Load().cancel(nil)
	}
}

// lost reports whether a renewal found that the lease is somebody else's.
func (c *claimContext) lost() bool {
	a := c.inner.Load()
	return a != nil && errors.Is(context.Cause(a.ctx), ErrLeaseLost)
}

func (c *claimContext) Deadline() (time.Time, bool) { return c.parent.Deadline() }

func (c *claimContext) Done() <-chan struct{} { return c.arm().ctx.Done() }

func (c *claimContext) Err() error {
	if a := c.inner.Load(); a != nil {
		return a.ctx.Err()
	}
	return c.parent.Err()
}

func (c *claimContext) Value(key any) any {
	switch order := c.claim.of.order; {
	case !order && key == (claimKey{}):
		return &c.claim
	case order && key == (orderClaimKey{}):
		return c
	}
	if a := c.inner.Load(); a != nil && a != handled {
		return a.ctx.Value(key)
	}
	return c.parent.Value(key)
}
