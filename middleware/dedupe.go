package middleware

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/internal/backoff"
)

// What [Dedupe] wraps when it does not run a handler, or cannot say that it did.
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

const (
	leaseMargin   = 5 * time.Second // beyond the context's deadline
	leaseDefault  = time.Minute     // without a deadline
	leaseForever  = 100 * 365 * 24 * time.Hour
	settleTimeout = 5 * time.Second // for Commit and for Release
	settleTries   = 3
	fullWait      = 10 * time.Second // Retry-After of a full store
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
	d := &dedupe{store: store, retention: 7 * 24 * time.Hour, renewer: renewer{store: store, start: time.Now()}}
	_, d.instant = store.(*MemoryDedupe)
	_, _ = rand.Read(d.prefix[:]) // never fails
	for _, opt := range opts {
		opt(d)
	}
	return func(next cactus.HandlerFunc) cactus.HandlerFunc {
		return func(ctx context.Context, event cactus.Event) error {
			return d.handle(ctx, next, event)
		}
	}
}

type dedupe struct {
	store     DedupeStore
	instant   bool // a MemoryDedupe: never waits, and ends with its owners
	source    string
	retention time.Duration
	lease     time.Duration // zero: by the context's deadline
	prefix    [8]byte       // of every Owner
	claims    atomic.Uint64
	renewer   renewer
}

func (d *dedupe) handle(ctx context.Context, next cactus.HandlerFunc, event cactus.Event) (err error) {
	c := &claimContext{parent: ctx, lease: d.leaseFor(ctx)}
	c.claim.key = d.keyOf(event.Metadata())
	c.claim.owner = d.owner()
	c.claim.retention = d.retention
	if err := d.take(c); err != nil { //nolint:contextcheck // c has it
		return err
	}
	var watched *renewal
	if !d.instant {
		watched = d.renewer.add(c)
	}
	returned := false
	defer func() { //nolint:contextcheck // c has it. No recover: a panic keeps its stack
		defer c.finish()
		if watched != nil {
			defer d.renewer.remove(watched)
		}
		if !returned {
			_ = d.release(c)
		}
	}()
	err = next(c, event)      //nolint:contextcheck // c is ctx with a claim
	_ = cactus.OutcomeOf(err) // panics for an error that cannot be looked at: then release
	returned = true
	return d.settle(c, err) //nolint:contextcheck // c has it
}

func (d *dedupe) keyOf(m *cactus.Meta) Key {
	id := m.DedupeID
	if id == "" {
		id = m.ID
	}
	return Key{Source: d.source, Tenant: m.Tenant, ID: id}
}

// owner makes a token: at random once, and counted from there.
func (d *dedupe) owner() (o Owner) {
	copy(o[:], d.prefix[:])
	binary.BigEndian.PutUint64(o[len(d.prefix):], d.claims.Add(1))
	return o
}

func (d *dedupe) leaseFor(ctx context.Context) time.Duration {
	if d.lease > 0 {
		return d.lease
	}
	if deadline, ok := ctx.Deadline(); ok {
		return min(max(time.Until(deadline), 0), leaseForever) + leaseMargin
	}
	return leaseDefault
}

// take claims c's key or says why the handler must not run.
func (d *dedupe) take(c *claimContext) error {
	req := ClaimRequest{Key: c.claim.key, Owner: c.claim.owner, Lease: c.lease, Force: forced(c.parent)}
	if d.instant {
		req.Lease = leaseForever // an owner that cannot die alone needs no renewals
	}
	result, err := d.store.Claim(c.parent, req)
	switch {
	case errors.Is(err, ErrStoreFull):
		return &cactus.Error{Outcome: cactus.OutcomeRetry, After: fullWait, Err: fmt.Errorf("claim event: %w", err)}
	case err != nil:
		_ = d.release(c) // it may be ours although the answer was lost
		return &cactus.Error{Outcome: cactus.OutcomeRetry, Err: fmt.Errorf("claim event: %w", err)}
	}
	switch result.Status {
	case Claimed:
		return nil
	case Done:
		return ErrDuplicate
	case InFlight:
		return &cactus.Error{Outcome: cactus.OutcomeBusy, After: min(result.Left, c.lease), Err: ErrInFlight}
	default:
		return fmt.Errorf("claim event: the store answered with status %d", result.Status)
	}
}

// settle ends a claim whose handler has returned err.
func (d *dedupe) settle(c *claimContext, err error) error {
	outcome := cactus.OutcomeOf(err)
	if outcome == cactus.OutcomeHandled || outcome == cactus.OutcomeIgnored {
		return d.commit(c, err)
	}
	if outcome == cactus.OutcomeFailed && errors.Is(err, ErrLeaseLost) { // of the handler's own transaction
		return lost(c, err)
	}
	if failed := d.release(c); failed != nil {
		return fmt.Errorf("%w (release claim: %v)", err, failed) //nolint:errorlint // it must not change the outcome
	}
	return err
}

func lost(c *claimContext, err error) error {
	return &cactus.Error{Outcome: cactus.OutcomeBusy, After: c.lease, Err: err}
}

// commit ends a claim whose handler has succeeded with handled, which is nil or
// says that the event was ignored.
func (d *dedupe) commit(c *claimContext, handled error) error {
	if c.claim.committed.Load() {
		return handled
	}
	waits := backoff.Exponential{Base: settleTimeout / 50, Max: settleTimeout}
	ctx, cancel := d.settling(c)
	defer cancel()
	var err error
	for try := 1; try <= settleTries; try++ {
		err = d.store.Commit(ctx, c.claim.key, c.claim.owner, c.claim.retention)
		if err == nil {
			return handled
		}
		if errors.Is(err, ErrLeaseLost) {
			return lost(c, fmt.Errorf("commit claim: %w", err))
		}
		if try == settleTries || backoff.Sleep(ctx, waits.Wait(try)) != nil {
			break
		}
	}
	return &cactus.Error{Outcome: cactus.OutcomeIgnored, Err: fmt.Errorf("%w: %w", ErrUncommitted, err)}
}

func (d *dedupe) release(c *claimContext) error {
	if c.claim.committed.Load() {
		return nil
	}
	ctx, cancel := d.settling(c)
	defer cancel()
	return d.store.Release(ctx, c.claim.key, c.claim.owner)
}

// settling returns a context to end a claim under: the handler's may be over.
func (d *dedupe) settling(c *claimContext) (context.Context, context.CancelFunc) {
	if d.instant {
		return c.parent, func() {}
	}
	return context.WithTimeout(context.WithoutCancel(c.parent), settleTimeout)
}
