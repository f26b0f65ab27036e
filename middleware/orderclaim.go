package middleware

import (
	"context"
	"time"
)

// OrderClaim is the claim of an object that an event is handled under: what
// [Claim] is of Dedupe, with a position. With it a store commits within a
// transaction of the handler's own, so that the position is recorded if and only
// if the handler's writes are, and so that a handler whose lease was lost writes
// nothing after a newer event has.
//
// The transaction's commit ends the claim: what the handler does afterwards may
// run beside the next event of the object, in another process.
//
// An OrderClaim comes from [OrderClaimFrom] and is safe for concurrent use.
type OrderClaim struct{ of *claimContext }

// OrderClaimFrom returns the claim of the innermost [Serial] or [SkipStale] around
// the handler that ctx was given to. It is nil if there is none, and for an event
// that is in no order; see [WithOrderKey].
func OrderClaimFrom(ctx context.Context) *OrderClaim {
	if c, ok := ctx.Value(orderClaimKey{}).(*claimContext); ok {
		return &OrderClaim{c}
	}
	return nil
}

type orderClaimKey struct{}

// Key returns the key of the object's events.
func (c *OrderClaim) Key() Key { return c.of.claim.Key() }

// Owner returns the claim's own token.
func (c *OrderClaim) Owner() Owner { return c.of.claim.Owner() }

// Store returns the store that the claim was made in, as [Claim.Store] does.
func (c *OrderClaim) Store() OrderStore {
	store, _ := c.of.claim.of.store.(OrderStore)
	return store
}

// Position returns the event's position, which is [NoPosition] below Serial.
func (c *OrderClaim) Position() int64 { return c.of.position }

// Retention returns for how long the position is to be remembered.
func (c *OrderClaim) Retention() time.Duration { return c.of.claim.Retention() }

// SetCommitted says that the claim has been committed, for good: the middleware
// neither commits nor releases it then, whatever the handler returns. Call it
// after the transaction's commit has succeeded, not before. Without it the
// middleware commits again: that does nothing, but if somebody else has claimed
// the object meanwhile the event is busy and comes again. Of a nil claim, as that
// of an event in no order, it does nothing.
func (c *OrderClaim) SetCommitted() {
	if c != nil {
		c.of.claim.SetCommitted()
	}
}
