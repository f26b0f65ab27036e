package middleware

import (
	"context"
	"sync/atomic"
	"time"
)

// Claim is the claim that an event is handled under. It is how a store commits
// within a transaction of the handler's own, together with the effect:
//
//  1. In the transaction, the store does what its Commit does, with the claim's
//     Key, Owner and Retention. If that is [ErrLeaseLost], the handler rolls
//     back and returns the error: somebody else is at the event.
//  2. When the transaction has committed, SetCommitted spares the middleware
//     its own Commit. Without it the middleware commits again, which does
//     nothing.
//
// A Claim is safe for concurrent use.
type Claim struct {
	key       Key
	owner     Owner
	retention time.Duration
	committed atomic.Bool
}

// ClaimFrom returns the claim of the innermost [Dedupe] around the handler that
// ctx was given to, or nil if there is none.
func ClaimFrom(ctx context.Context) *Claim {
	c, _ := ctx.Value(claimKey{}).(*Claim)
	return c
}

// Key returns the event's key.
func (c *Claim) Key() Key { return c.key }

// Owner returns the claim's own token.
func (c *Claim) Owner() Owner { return c.owner }

// Retention returns for how long the event is to be remembered as done.
func (c *Claim) Retention() time.Duration { return c.retention }

// SetCommitted says that the claim has been committed, for good: the middleware
// neither commits nor releases it then, whatever the handler returns. Call it
// after the transaction's commit has succeeded, not before.
func (c *Claim) SetCommitted() { c.committed.Store(true) }

type (
	claimKey struct{}
	forceKey struct{}
)

// Force makes [Dedupe] run an event that is done already, for a replay by hand.
// An event that is in flight stays busy. If the replay fails the event is still
// done, as it was before: deliver it with Force again. It holds for all that is
// dispatched under the context, by handlers too.
func Force(ctx context.Context) context.Context {
	return context.WithValue(ctx, forceKey{}, true)
}

func forced(ctx context.Context) bool { return ctx.Value(forceKey{}) != nil }

// claimContext is what a handler runs under. It is its parent with the claim,
// and it is cancelled, with the cause ErrLeaseLost, when a renewal finds that
// the lease is somebody else's. Most handlers never ask for Done; what it takes
// to cancel is made when one does.
type claimContext struct {
	parent context.Context //nolint:containedctx // it is a context itself
	claim  Claim
	lease  time.Duration
	inner  atomic.Pointer[cancellable]
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

func (c *claimContext) Deadline() (time.Time, bool) { return c.parent.Deadline() }

func (c *claimContext) Done() <-chan struct{} { return c.arm().ctx.Done() }

func (c *claimContext) Err() error {
	if a := c.inner.Load(); a != nil {
		return a.ctx.Err()
	}
	return c.parent.Err()
}

func (c *claimContext) Value(key any) any {
	if key == (claimKey{}) {
		return &c.claim
	}
	if a := c.inner.Load(); a != nil && a != handled {
		return a.ctx.Value(key)
	}
	return c.parent.Value(key)
}
