package middleware

import (
	"fmt"
	"time"

	"github.com/cactuscorp/cactus"
)

// OrderOption changes a [Serial] or a [SkipStale]. [WithSource], [WithLease] and
// [WithRetention] are options too.
type OrderOption interface{ setOrder(o *order) }

type orderOption func(o *order)

func (opt orderOption) setOrder(o *order) { opt(o) }

// WithOrderKey sets what is in order: events for which key returns the same text,
// of the same source and tenant, are. An event for which it returns "" is in
// no order: it runs at once, and nothing is asked of the store. The default is
// type and id of the event's related object, and "" without one; an event whose
// Go type embeds no [cactus.Related] has none. It panics if key is nil.
func WithOrderKey(key func(event cactus.Event) string) OrderOption {
	if key == nil {
		panic("middleware: WithOrderKey: the function is nil")
	}
	return orderOption(func(o *order) { o.key = key })
}

// WithPosition sets which of two events of a key is the older one for
// [SkipStale]: the one for which position returns less. An event for which it
// returns [NoPosition] waits for its turn, is never stale, and leaves the
// position of its key as it is. The default is Meta.Created in nanoseconds, and
// NoPosition for an event without, or of a time whose nanoseconds do not fit,
// which is before 1678 or after 2261. [Serial] does not ask for it. It panics if
// position is nil.
//
// Take a version of the object, where the sender has one. By time, events of the
// same second are equal, those of a clock that stepped back are stale, and one
// from the future makes all that come before it stale.
func WithPosition(position func(event cactus.Event) int64) OrderOption {
	if position == nil {
		panic("middleware: WithPosition: the function is nil")
	}
	return orderOption(func(o *order) { o.position = position })
}

// WithOrderWait lets an event wait for its turn for at most d, or until its
// context ends if that is sooner. Zero refuses it at once. The default is 5
// seconds, and no more than half of what is left until the context's deadline,
// which is 14 seconds for a delivery over HTTP, so that the rest is the
// handler's. It panics if d is negative.
func WithOrderWait(d time.Duration) OrderOption {
	if d < 0 {
		panic(fmt.Sprintf("middleware: WithOrderWait(%v): it must not be negative", d))
	}
	return orderOption(func(o *order) { o.wait = d })
}
