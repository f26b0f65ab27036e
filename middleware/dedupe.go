package middleware

import (
	"context"
	"errors"
	"fmt"

	"github.com/cactuscorp/cactus"
)

// What [Dedupe] wraps when it does not run a handler, or cannot say that it did.
// [Serial] and [SkipStale] share the last two with it.
var (
	// ErrDuplicate is for an event that is done already. It wraps
	// cactus.ErrIgnored, so the sender is told that all is well.
	ErrDuplicate = fmt.Errorf("middleware: duplicate: %w", cactus.ErrIgnored)
	// ErrInFlight is for an event that somebody is at just now.
	ErrInFlight = errors.New("middleware: in flight elsewhere")
	// ErrUncommitted is for an event that was handled, but the store did not
	// take that down.
	ErrUncommitted = errors.New("middleware: handled, but claim not committed")
)

// Dedupe runs the handler of an event that is delivered several times until it
// has succeeded, and not again. Delivery is at least once; the effect happens
// once if the handler's writes share the claim's transaction (see [Claim]), and
// otherwise once unless the process dies between the effect and the commit of
// the claim, or falls silent until its lease has run out.
//
// It claims the event's [Key] in the store for the time that a lease holds,
// renews the lease while the handler runs, and commits or releases the claim
// when the handler is done:
//
//   - nil and the outcome ignored commit. From then on the event is a duplicate:
//     the handler does not run and the error is [ErrDuplicate], which is 2xx.
//   - Every other outcome releases, so that the next delivery runs. So does a
//     panic, which then goes on.
//   - permanent releases too. Whether the registry's DeadLetter hook took the
//     event is not known here, and a claim committed for an event that it did
//     not take would lose the event. A redelivery of a dead letter therefore
//     fails once more and is a dead letter once more, which the event's id
//     tells; a replay of it that succeeds commits.
//
// An event that is in flight elsewhere, in this process or in another one that
// has the same store, ends with an [ErrInFlight] of [cactus.OutcomeBusy]: 409
// with what is left of the other's lease, but no more than a lease of its own,
// as Retry-After. It is never told that all is well, because the other may fail.
//
// On a [MemoryDedupe] a claim holds for as long as the handler runs, without
// renewals, because no owner can die and leave it behind.
//
// If the lease was lost and somebody else has the event, the late owner's commit
// is fenced off: the error wraps [ErrLeaseLost], and the outcome is busy as well,
// so that the sender asks again how the other one fared. The handler's context
// is cancelled when a renewal finds that out.
//
// A store that fails to claim, or is full, refuses the event before anything has
// run: [cactus.OutcomeRetry], which is 503. One that fails to commit is tried
// again for up to 5 seconds; then the error is an [ErrUncommitted] whose outcome
// is ignored, which is 2xx, because asking for the event again would repeat an
// effect that has happened. One that fails to release is named in the handler's
// error, and the lease runs out. Neither call depends on the handler's context.
//
// Two Dedupe around one handler need two stores, or two names by [WithSource]:
// otherwise the inner one finds the event in flight.
//
// It panics if store is nil.
func Dedupe(store DedupeStore, opts ...DedupeOption) cactus.Middleware {
	if store == nil {
		panic("middleware: Dedupe: the store is nil")
	}
	d := &dedupe{store: store}
	d.init(store)
	d.memory, d.instant = store.(*MemoryDedupe)
	d.commitTo = d.commitDone
	d.uncommitted = func(*claimContext) cactus.Outcome { return cactus.OutcomeIgnored }
	for _, opt := range opts {
		opt.setDedupe(d)
	}
	return func(next cactus.HandlerFunc) cactus.HandlerFunc {
		return func(ctx context.Context, event cactus.Event) error {
			return d.handle(ctx, next, event)
		}
	}
}

// DedupeOption changes a [Dedupe]: [WithSource], [WithRetention] and
// [WithLease].
type DedupeOption interface{ setDedupe(d *dedupe) }

type dedupe struct {
	leaser

	store  DedupeStore
	memory *MemoryDedupe // store, if it is one
}

func (d *dedupe) handle(ctx context.Context, next cactus.HandlerFunc, event cactus.Event) error {
	m := event.Metadata()
	c := &claimContext{parent: ctx}
	c.claim.of, c.claim.tenant, c.claim.id = &d.leaser, m.Tenant, m.DedupeID
	if c.claim.id == "" {
		c.claim.id = m.ID
	}
	if d.memory == nil {
		c.claim.owner = d.owner()
	}
	if err := d.take(c); err != nil { //nolint:contextcheck // c has it
		return err
	}
	return d.run(c, next, event) //nolint:contextcheck // c is ctx with a claim
}

// take claims c's key or says why the handler must not run.
func (d *dedupe) take(c *claimContext) error {
	req := ClaimRequest{Key: c.claim.Key(), Owner: c.claim.owner, Lease: d.leaseFrom(c)}
	var result ClaimResult
	var err error
	if d.memory != nil {
		c.entry, result, err = d.memory.claim(&req, true)
		if result.Status == Done && forced(c.parent) { // which is dearer to know than to claim again
			req.Force = true
			c.entry, result, err = d.memory.claim(&req, true)
		}
		c.claim.owner = req.Owner
	} else {
		req.Force = forced(c.parent)
		result, err = d.store.Claim(c.parent, req)
	}
	if err != nil {
		return d.unclaimed(c, err)
	}
	switch result.Status { //nolint:exhaustive // Stale is not a DedupeStore's
	case Claimed:
		return nil
	case Done:
		return ErrDuplicate
	case InFlight:
		return &cactus.Error{Outcome: cactus.OutcomeBusy, After: min(result.Left, d.leaseOf(c)), Err: ErrInFlight}
	default:
		return fmt.Errorf("claim event: the store answered with status %d", result.Status)
	}
}

// commitDone is the store's Commit. A MemoryDedupe need not look for the entry.
func (d *dedupe) commitDone(ctx context.Context, c *claimContext) error {
	if d.memory != nil {
		return d.memory.commit(c.entry, c.claim.owner, d.retention)
	}
	return d.store.Commit(ctx, c.claim.Key(), c.claim.owner, d.retention)
}
