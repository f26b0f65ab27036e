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
	reported reported.Flag
}

type armed struct {
	ctx    context.Context //nolint:containedctx // of deliveryContext
	cancel context.CancelFunc
}

// over replaces inner when a delivery ends that nobody has armed.
var over = func() *armed {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return &armed{ctx, cancel}
}()

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
	if a := c.inner.Load(); a != nil {
		return a.ctx.Err()
	}
	if !c.deadline.IsZero() && !time.Now().Before(c.deadline) {
		return context.DeadlineExceeded
	}
	return nil
}

// Value never finds the request's own cancellation, which context.Cause would
// otherwise report.
func (c *deliveryContext) Value(key any) any {
	if key == reported.Key {
		return &c.reported
	}
	if a := c.inner.Load(); a != nil && a != over {
		return a.ctx.Value(key)
	}
	return context.WithoutCancel(c.parent).Value(key)
}
