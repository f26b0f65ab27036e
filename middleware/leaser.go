package middleware

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/internal/backoff"
)

const (
	leaseMargin   = 5 * time.Second // beyond the context's deadline
	leaseDefault  = time.Minute     // without a deadline
	leaseForever  = 100 * 365 * 24 * time.Hour
	settleTimeout = 5 * time.Second // for Commit and for Release
	settleTries   = 3
	fullWait      = 10 * time.Second // Retry-After of a full store
)

// leaseStore is what a DedupeStore and an OrderStore have in common.
type leaseStore interface {
	Renew(ctx context.Context, key Key, owner Owner, lease time.Duration) error
	Release(ctx context.Context, key Key, owner Owner) error
}

// leaser runs handlers under a claim: it renews the lease meanwhile, and ends
// the claim by what came of it.
type leaser struct {
	store     leaseStore
	order     bool // of an OrderStore
	instant   bool // the store is in memory: never waits, and ends with its owners
	source    string
	retention time.Duration
	lease     time.Duration // zero: by the context's deadline
	mu        sync.Mutex    // of owners
	owners    owners
	renewer   renewer

	// commitTo does the store's Commit.
	commitTo func(ctx context.Context, c *claimContext) error
	// uncommitted is the outcome of an event whose commit has failed.
	uncommitted func(c *claimContext) cactus.Outcome
}

func (l *leaser) init(store leaseStore) {
	l.store = store
	l.retention = 7 * 24 * time.Hour
	l.renewer = renewer{store: store, start: time.Now()}
	l.owners = newOwners()
}

func (l *leaser) owner() Owner {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.owners.next()
}

// leaseOf returns the lease of c, and chooses it when it is called first.
func (l *leaser) leaseOf(c *claimContext) time.Duration {
	if c.lease == 0 {
		c.lease = l.leaseFor(c.parent)
	}
	return c.lease
}

func (l *leaser) leaseFor(ctx context.Context) time.Duration {
	if l.lease > 0 {
		return l.lease
	}
	if deadline, ok := ctx.Deadline(); ok {
		return min(max(time.Until(deadline), 0), leaseForever) + leaseMargin
	}
	return leaseDefault
}

// leaseFrom returns the lease to ask the store for. An owner that cannot die
// alone needs no renewals.
func (l *leaser) leaseFrom(c *claimContext) time.Duration {
	if l.instant {
		return leaseForever
	}
	return l.leaseOf(c)
}

// unclaimed is the error of an event whose claim has failed with err.
func (l *leaser) unclaimed(c *claimContext, err error) error {
	after := time.Duration(0)
	if errors.Is(err, ErrStoreFull) {
		after = fullWait
	} else {
		_ = l.release(c) // it may be ours although the answer was lost
	}
	return &cactus.Error{Outcome: cactus.OutcomeRetry, After: after, Err: fmt.Errorf("claim event: %w", err)}
}

// run runs the handler of a claim that is held, and ends it.
func (l *leaser) run(c *claimContext, next cactus.HandlerFunc, event cactus.Event) (err error) {
	var watched *renewal
	if !l.instant {
		watched = l.renewer.add(c)
	}
	returned := false
	defer func() { // no recover: a panic keeps its stack
		defer c.finish()
		if watched != nil {
			defer l.renewer.remove(watched)
		}
		if !returned {
			_ = l.release(c)
		}
	}()
	err = next(c, event)
	if err != nil {
		_ = cactus.OutcomeOf(err) // panics for an error that cannot be looked at: then release
	}
	returned = true
	return l.settle(c, err)
}

// settle ends a claim whose handler has returned err.
func (l *leaser) settle(c *claimContext, err error) error {
	outcome := cactus.OutcomeOf(err)
	if outcome == cactus.OutcomeHandled || outcome == cactus.OutcomeIgnored {
		return l.commit(c, err)
	}
	if outcome == cactus.OutcomeFailed && !errors.Is(err, ErrLeaseLost) && c.lost() {
		err = fmt.Errorf("%w: %w", ErrLeaseLost, err) // of which the handler need not know why it failed
	}
	if outcome == cactus.OutcomeFailed && errors.Is(err, ErrLeaseLost) { // by a renewal or the handler's own transaction
		_ = l.release(c) // what was lost may be another claim than this one
		return l.lost(c, err)
	}
	if failed := l.release(c); failed != nil {
		return fmt.Errorf("%w (release claim: %v)", err, failed) //nolint:errorlint // it must not change the outcome
	}
	return err
}

func (l *leaser) lost(c *claimContext, err error) error {
	return &cactus.Error{Outcome: cactus.OutcomeBusy, After: l.leaseOf(c), Err: err}
}

// commit ends a claim whose handler has succeeded with handled, which is nil or
// says that the event was ignored.
func (l *leaser) commit(c *claimContext, handled error) error {
	if c.claim.committed.Load() {
		return handled
	}
	waits := backoff.Exponential{Base: settleTimeout / 50, Max: settleTimeout}
	ctx, cancel := l.settling(c)
	defer cancel()
	var err error
	for try := 1; try <= settleTries; try++ {
		err = l.commitTo(ctx, c)
		if err == nil {
			return handled
		}
		if errors.Is(err, ErrLeaseLost) {
			return l.lost(c, fmt.Errorf("commit claim: %w", err))
		}
		if try == settleTries || backoff.Sleep(ctx, waits.Wait(try)) != nil {
			break
		}
	}
	return &cactus.Error{Outcome: l.uncommitted(c), Err: fmt.Errorf("%w: %w", ErrUncommitted, err)}
}

func (l *leaser) release(c *claimContext) error {
	if c.claim.committed.Load() {
		return nil
	}
	ctx, cancel := l.settling(c)
	defer cancel()
	return l.store.Release(ctx, c.claim.Key(), c.claim.owner)
}

// settling returns a context to end a claim under: the handler's may be over.
func (l *leaser) settling(c *claimContext) (context.Context, context.CancelFunc) {
	if l.instant {
		return c.parent, func() {}
	}
	return context.WithTimeout(context.WithoutCancel(c.parent), settleTimeout)
}
