package middleware

import "github.com/cactuscorp/cactus"

// Serial runs the handlers of one object's events one at a time, and those of
// other objects meanwhile. What is one object is chosen by [WithOrderKey]; the
// store makes all processes that share it agree.
//
// An event whose object is busy waits for its turn, see [WithOrderWait]. Within
// one process, and one Serial, the turns are in the order of arrival and cost the
// store nothing. While another process has the key, the first in line asks the
// store for it, at intervals from 25 milliseconds up to a second; which process
// comes next is left to chance. An event that has waited in vain ends with an
// [ErrInFlight] of [cactus.OutcomeBusy]: 409 with what is left of the other's
// lease, but no more than a lease of its own, as Retry-After.
//
// Serial does not know what came before it: a sender that delivers an older event
// after a newer one has both run, in this order. See [SkipStale].
//
// Leases are as with [Dedupe]: renewed while the handler runs, ended whatever
// it returns. A handler whose lease was lost may have run beside another one,
// and may write after a newer event has: its context is cancelled when a
// renewal finds that out, so let it end then. If it has succeeded, the error
// wraps [ErrLeaseLost] and its outcome is busy, so that the event comes again.
// A store that fails to claim, or is full, refuses the event before anything
// has run: [cactus.OutcomeRetry], which is 503. One that fails to take down
// that the event was handled is tried again for up to 5 seconds; then the error
// is an [ErrUncommitted], which is 2xx, and the key is held until the lease
// runs out.
//
// A handler that writes to the store's database fences its writes by committing
// the claim in their transaction: see [OrderClaim]. What it writes after its lease
// was lost is rolled back then.
//
// A handler that dispatches another event of its own key, under its context,
// waits for itself: that event is busy in the end. So is every event of two
// Serial around one handler that share a store and a source's name.
//
// It panics if store is nil.
func Serial(store OrderStore, opts ...OrderOption) cactus.Middleware {
	return newOrder("Serial", store, false, opts)
}
