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
//     back and returns the error: somebody else is at the event. Unlike Commit
//     it may not be repeated: where the claim is committed already, because the
//     handler runs again under it, as below [Retry], the store says
//     [ErrDuplicate], and the handler rolls back the effect. And where the claim
//     was made in another store, see Store, it is none of these but a failure:
//     a lease that is lost is 409, and would be so again for ever.
//  2. When the transaction has committed, SetCommitted spares the middleware
//     its own Commit. Without it the middleware commits again, which does
//     nothing.
//
// A Claim comes from [ClaimFrom] and is safe for concurrent use.
type Claim struct {
	of         *leaser
	tenant, id string
	owner      Owner
	committed  atomic.Bool
}

// ClaimFrom returns the claim of the innermost [Dedupe] around the handler that
// ctx was given to, or nil if there is none.
func ClaimFrom(ctx context.Context) *Claim {
	c, _ := ctx.Value(claimKey{}).(*Claim)
	return c
}

// Key returns the event's key.
func (c *Claim) Key() Key { return Key{Source: c.of.source, Tenant: c.tenant, ID: c.id} }

// Owner returns the claim's own token.
func (c *Claim) Owner() Owner { return c.owner }

// Store returns the store that the claim was made in: what [Dedupe] was given. It
// may be wrapped around another one, or choose between several.
func (c *Claim) Store() DedupeStore {
	store, _ := c.of.store.(DedupeStore)
	return store
}

// Retention returns for how long the event is to be remembered as done.
func (c *Claim) Retention() time.Duration { return c.of.retention }

// SetCommitted says that the claim has been committed, for good: the middleware
// neither commits nor releases it then, whatever the handler returns. Call it
// after the transaction's commit has succeeded, not before. Of a nil claim it does
// nothing.
func (c *Claim) SetCommitted() {
	if c != nil {
		c.committed.Store(true)
	}
}

type (
	claimKey struct{}
	forceKey struct{}
)

// Force makes [Dedupe] run an event that is done already, for a replay by hand.
// An event that is in flight stays busy. If the replay fails the event is still
// done, as it was before: deliver it with Force again. It holds for all that is
// dispatched under the context, by handlers too.
//
// [SkipStale] takes no notice of it: an event that is stale stays so.
func Force(ctx context.Context) context.Context {
	return context.WithValue(ctx, forceKey{}, true)
}

func forced(ctx context.Context) bool { return ctx.Value(forceKey{}) != nil }
