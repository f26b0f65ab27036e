package cactus

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/cactuscorp/cactus/internal/reported"
)

// deliveryContext is what handlers of an HTTP delivery run under. It keeps the
// request's values but is not cancelled when the sender hangs up, who would
// only deliver again. It ends at the deadline, or when the delivery is over.
//
// It does what context.WithTimeout(context.WithoutCancel(parent)) does in one
// allocation instead of five: the timer is made when somebody asks for Done.
type deliveryContext struct {
	parent   context.Context //nolint:containedctx // it is a context itself
	deadline time.Time       // zero: none
	inner    atomic.Pointer[armed]
	reported reported.Note
}

type armed struct {
	ctx    context.Context //nolint:containedctx // of deliveryContext
	cancel context.CancelFunc
}

// One of these takes inner's place when a delivery is over that nobody has armed,
// or when somebody has seen it expire, which must not change afterwards.
var over, expired = ended(context.WithCancel(context.Background())),
	ended(context.WithDeadline(context.Background(), time.Unix(0, 0)))

func ended(ctx context.Context, cancel context.CancelFunc) *armed {
	cancel()
	return &armed{ctx, cancel}
}

func (c *deliveryContext) arm() *armed {
	if a := c.inner.Load(); a != nil {
		return a
	}
	a := new(armed)
	if values := context.WithoutCancel(c.parent); c.deadline.IsZero() {
		a.ctx, a.cancel = context.WithCancel(values)
	} else {
		a.ctx, a.cancel = context.WithDeadline(values, c.deadline)
	}
	if !c.inner.CompareAndSwap(nil, a) {
		a.cancel()
	}
	return c.inner.Load()
}

// finish ends the context and frees its timer.
func (c *deliveryContext) finish() {
	if !c.inner.CompareAndSwap(nil, over) {
		c.inner.Load().cancel()
	}
}

func (c *deliveryContext) Deadline() (time.Time, bool) { return c.deadline, !c.deadline.IsZero() }

func (c *deliveryContext) Done() <-chan struct{} { return c.arm().ctx.Done() }

func (c *deliveryContext) Err() error {
	if !c.deadline.IsZero() && c.inner.Load() == nil && !time.Now().Before(c.deadline) {
		c.inner.CompareAndSwap(nil, expired)
	}
	if a := c.inner.Load(); a != nil {
		return a.ctx.Err()
	}
	return nil
}

// Value never finds the request's own cancellation, which context.Cause would
// otherwise report.
func (c *deliveryContext) Value(key any) any {
	if key == reported.Key {
		return &c.reported
	}
	if a := c.inner.Load(); a != nil && a != over && a != expired {
		return a.ctx.Value(key)
	}
	return context.WithoutCancel(c.parent).Value(key)
}
