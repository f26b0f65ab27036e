package middleware

import (
	"context"
	"errors"
	"sync"
	"time"
)

// renewer renews the leases of the claims whose handlers run for longer than a
// third of them. It costs an event no timer and no goroutine: one timer serves
// all claims, and when it fires and nobody runs it is not set again.
type renewer struct {
	store leaseStore
	start time.Time

	mu   sync.Mutex
	all  *renewal      // a list of those that run
	set  bool          // a timer is going to fire
	wake time.Duration // when it does, since start
}

// renewal is a claim that the renewer watches. Its fields are under the
// renewer's lock.
type renewal struct {
	*claimContext

	due        time.Duration
	stop       context.CancelFunc // of a call that is under way; nil: none
	calls      sync.WaitGroup
	prev, next *renewal
}

// add watches a claim from now on.
func (r *renewer) add(claim *claimContext) *renewal {
	now, c := time.Since(r.start), &renewal{claimContext: claim}
	r.mu.Lock()
	defer r.mu.Unlock()
	c.due = now + c.lease/3
	if c.next = r.all; c.next != nil {
		c.next.prev = c
	}
	r.all = c
	if !r.set || c.due < r.wake || r.wake < now {
		r.arm(now, c.due)
	}
	return c
}

// remove forgets c and waits for the end of its renewal, if one is under way.
func (r *renewer) remove(c *renewal) {
	r.mu.Lock()
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		r.all = c.next
	}
	if c.next != nil {
		c.next.prev = c.prev
	}
	c.prev, c.next = nil, nil
	stop := c.stop
	r.mu.Unlock()
	if stop != nil {
		stop()
	}
	c.calls.Wait()
}

// arm sets a timer. An earlier one that is still to fire does no harm.
func (r *renewer) arm(now, wake time.Duration) {
	r.set, r.wake = true, wake
	time.AfterFunc(wake-now, r.tick)
}

// tick starts the renewals that are due, or nearly so, and sets the timer for
// the rest.
func (r *renewer) tick() {
	now := time.Since(r.start)
	r.mu.Lock()
	defer r.mu.Unlock()
	var soonest *renewal
	for c := r.all; c != nil; c = c.next {
		if c.due-c.lease/12 <= now {
			c.due = now + c.lease/3
			r.renew(c)
		}
		if soonest == nil || c.due < soonest.due {
			soonest = c
		}
	}
	switch {
	case soonest == nil:
		r.set = false
	case r.wake <= now || soonest.due < r.wake:
		r.arm(now, soonest.due)
	}
}

// renew starts a renewal unless the last one is still under way. It has a third
// of the lease; one that fails is tried again after the next third.
func (r *renewer) renew(c *renewal) {
	if c.stop != nil || c.claim.committed.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.parent), c.lease/3)
	c.stop = cancel
	c.calls.Go(func() {
		defer func() {
			_ = recover() // a store that panics has not renewed
			cancel()
			r.mu.Lock()
			c.stop = nil
			r.mu.Unlock()
		}()
		if err := r.store.Renew(ctx, c.claim.Key(), c.claim.owner, c.lease); errors.Is(err, ErrLeaseLost) && !c.claim.committed.Load() {
			c.arm().cancel(ErrLeaseLost)
		}
	})
}
