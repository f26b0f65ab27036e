package middleware

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/internal/backoff"
)

const (
	orderWait = 5 * time.Second
	pollBase  = 25 * time.Millisecond
	pollMax   = time.Second

	// serialRetention is how long a store is to recognise a commit that is
	// repeated. There is no position to remember.
	serialRetention = 2 * settleTimeout
)

// order is what Serial and SkipStale have in common.
type order struct {
	leaser

	store    OrderStore
	key      func(cactus.Event) string
	position func(cactus.Event) int64 // nil: none has one
	wait     time.Duration            // negative: by default
	turns    turns
}

// newOrder makes a middleware; its name is for the panic.
func newOrder(name string, store OrderStore, skip bool, opts []OrderOption) cactus.Middleware {
	if store == nil {
		panic("middleware: " + name + ": the store is nil")
	}
	o := &order{store: store, key: relatedObjectKey, position: createdPosition, wait: -1}
	o.init(store)
	o.order = true
	_, o.instant = store.(*MemoryOrder)
	o.commitTo = o.commitPosition
	o.uncommitted = uncommittedPosition
	for _, opt := range opts {
		opt.setOrder(o)
	}
	if !skip {
		o.position, o.retention = nil, serialRetention
	}
	return func(next cactus.HandlerFunc) cactus.HandlerFunc {
		return func(ctx context.Context, event cactus.Event) error {
			return o.handle(ctx, next, event)
		}
	}
}

func (o *order) handle(ctx context.Context, next cactus.HandlerFunc, event cactus.Event) error {
	id := o.key(event)
	if id == "" {
		return next(ctx, event)
	}
	c := &claimContext{parent: ctx, position: NoPosition}
	c.claim.of, c.claim.tenant, c.claim.id = &o.leaser, event.Metadata().Tenant, id
	if o.position != nil {
		c.position = o.position(event)
	}
	key, wait := c.claim.Key(), o.waitFor(ctx)
	until := time.Now().Add(wait)
	l, ok := o.turns.enter(ctx, key, wait)
	if !ok {
		return o.busy(c, l)
	}
	defer o.turns.leave(key, l)
	if err := o.take(c, l, until); err != nil { //nolint:contextcheck // c has it
		return err
	}
	return o.run(c, next, event) //nolint:contextcheck // c is ctx with a claim
}

// take claims c's key, whose turn it is in this process, or says why the handler
// must not run. While another process has the key it asks again.
func (o *order) take(c *claimContext, l *line, until time.Time) error {
	waits := backoff.Exponential{Base: pollBase, Max: pollMax}
	for try := 1; ; try++ {
		c.claim.owner = o.owner()
		req := OrderRequest{Key: c.claim.Key(), Owner: c.claim.owner, Lease: o.leaseFrom(c), Position: c.position}
		result, err := o.store.Claim(c.parent, req)
		if err != nil {
			return o.unclaimed(c, err)
		}
		switch result.Status { //nolint:exhaustive // Done is not an OrderStore's
		case Claimed:
			lease := o.leaseOf(c)
			o.turns.note(l, true, lease, lease)
			return nil
		case Stale:
			return ErrStale
		case InFlight:
		default:
			return fmt.Errorf("claim event: the store answered with status %d", result.Status)
		}
		lease := o.leaseOf(c)
		left := min(result.Left, lease)
		o.turns.note(l, false, left, lease)
		pause := min(waits.Wait(try), time.Until(until))
		if left > 0 {
			pause = min(pause, left)
		}
		if pause <= 0 || backoff.Sleep(c.parent, pause) != nil {
			return o.busy(c, l)
		}
	}
}

// busy is the error of an event that has waited in vain.
func (o *order) busy(c *claimContext, l *line) error {
	after := min(o.turns.left(l), o.leaseOf(c))
	err := ErrInFlight
	if cause := context.Cause(c.parent); cause != nil {
		err = fmt.Errorf("%w: %w", ErrInFlight, cause)
	}
	return &cactus.Error{Outcome: cactus.OutcomeBusy, After: after, Err: err}
}

func (o *order) waitFor(ctx context.Context) time.Duration {
	if o.wait >= 0 {
		return o.wait
	}
	if deadline, ok := ctx.Deadline(); ok {
		return min(orderWait, time.Until(deadline)/2)
	}
	return orderWait
}

// commitPosition is the store's Commit.
func (o *order) commitPosition(ctx context.Context, c *claimContext) error {
	return o.store.Commit(ctx, c.claim.Key(), c.claim.owner, c.position, o.retention)
}

// uncommittedPosition is retry for an event whose position would be lost: an
// older one could run after it, so it must come again itself.
func uncommittedPosition(c *claimContext) cactus.Outcome {
	if c.position == NoPosition {
		return cactus.OutcomeIgnored
	}
	return cactus.OutcomeRetry
}

// relatedObjectKey joins type and id. The length tells where the type ends,
// whatever is in it.
func relatedObjectKey(event cactus.Event) string {
	ref := cactus.RelatedObjectOf(event)
	if ref.ID == "" {
		return ""
	}
	return strconv.Itoa(len(ref.Type)) + "/" + ref.Type + "/" + ref.ID
}

func createdPosition(event cactus.Event) int64 {
	created := event.Metadata().Created
	if year := created.Year(); year < 1678 || year > 2261 { // zero, or nanoseconds would overflow
		return NoPosition
	}
	return created.UnixNano()
}
