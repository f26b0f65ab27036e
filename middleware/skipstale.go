package middleware

import (
	"fmt"

	"github.com/cactuscorp/cactus"
)

// ErrStale is what [SkipStale] returns for an event that is older than the last
// one that was handled. It wraps cactus.ErrIgnored, so the sender is told that
// all is well.
var ErrStale = fmt.Errorf("middleware: stale: %w", cactus.ErrIgnored)

// SkipStale is a [Serial] that does not run the handler of an event that is
// older than the last one of its object that was handled: the error is
// [ErrStale], which is 2xx. It is for handlers that take over an object's latest
// state; do not put it around handlers that need every event. All types of an
// object's events count together: an order.paid that comes after a newer
// order.shipped is stale.
//
// Which event is older is chosen by [WithPosition]. Events of equal positions
// run, because the time of an event may be in whole seconds. Only nil and the
// outcome ignored advance the position, which never goes back: an event that
// failed leaves it to older ones. A dead letter that is replayed when a newer
// event has been handled is stale like any other. The position is remembered
// for the time of [WithRetention], 7 days by default; an older event that comes
// later than that runs.
//
// If the store fails to take down the position of an event that was handled, and
// fails again for up to 5 seconds, the error is an [ErrUncommitted] whose outcome
// is retry, which is 503: otherwise an older event could run after it, and that
// would be the end. Until it comes again an older one may run. A [Dedupe] inside
// keeps its effect from being repeated. An event without a position loses nothing,
// and is 2xx. The same happens if the process dies between the handler's writes and
// the commit of the position. A handler that writes to the store's database makes
// the two one transaction: see [OrderClaim].
//
// It panics if store is nil.
func SkipStale(store OrderStore, opts ...OrderOption) cactus.Middleware {
	return newOrder("SkipStale", store, true, opts)
}
