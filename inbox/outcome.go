package inbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/internal/backoff"
)

// unregisteredWait is how long an item is given back for whose source nobody
// knows here.
const unregisteredWait = time.Minute

// settle decides what becomes of a job whose handlers have returned err.
func (w *work) settle(j *job, err error) {
	outcome := cactus.OutcomeOf(err)
	interrupted := w.ctx.Err() != nil
	switch outcome {
	case cactus.OutcomeHandled, cactus.OutcomeIgnored:
		w.settler.complete(j) // fenced if the lease is lost
		return
	case cactus.OutcomeUnhandled:
		w.untaken(j, err)
		return
	case cactus.OutcomePermanent, cactus.OutcomeGone, cactus.OutcomeMalformed, cactus.OutcomeRefused, cactus.OutcomeNoTenant:
		if interrupted = interrupted && errors.Is(err, context.Canceled); interrupted || j.lost.Load() {
			break
		}
		w.bury(j, err, true)
		return
	case cactus.OutcomeBusy, cactus.OutcomeRetry, cactus.OutcomeFailed:
	}
	attempt, after := j.Attempts+1, max(cactus.WaitOf(err), 0)
	switch {
	case j.lost.Load():
		w.stepAside(j)
	case interrupted:
		w.settler.release(j)
	case errors.Is(err, errUnregistered):
		w.unregistered.Add(1)
		w.postpone(j, err, unregisteredWait)
	case outcome == cactus.OutcomeBusy && after == 0:
		w.postpone(j, err, defaultBusy)
	case outcome == cactus.OutcomeBusy:
		w.postpone(j, err, max(after, minBusy))
	case attempt >= w.config.Retry.Attempts:
		w.bury(j, err, true)
	default:
		w.retry(j, err, max(w.config.Retry.Wait(attempt), min(after, w.config.MaxAge)), true)
	}
}

// untaken ends a job with an event that nothing takes. The others of a batch are
// handled then.
func (w *work) untaken(j *job, err error) {
	n := w.unhandled.Add(1)
	switch {
	case w.config.Strict && j.lost.Load():
		w.stepAside(j)
	case w.config.Strict:
		w.bury(j, err, true)
	default:
		if w.mayTell(&w.warned) {
			w.log(slog.LevelWarn, "inbox item has an event that nothing takes", j, err, true, slog.Uint64("unhandled", n))
		}
		w.settler.complete(j)
	}
}

// postpone is a retry that does not count, unless the item is too old.
func (w *work) postpone(j *job, err error, wait time.Duration) {
	if j.Age >= w.config.MaxAge {
		w.bury(j, fmt.Errorf("given up after %v: %w", j.Age.Round(time.Second), err), false)
		return
	}
	w.retry(j, err, min(wait, max(w.config.MaxAge-j.Age, defaultBusy)), false)
}

func (w *work) retry(j *job, err error, wait time.Duration, count bool) {
	if count || w.mayTell(&w.told) {
		w.log(slog.LevelWarn, "inbox item to be retried", j, err, count, slog.Duration("wait", wait))
	}
	r := Retry{Wait: wait, Count: count, Reason: textOf(err)}
	w.end(j, func(ctx context.Context) error { return w.store.Retry(ctx, j.claim, r) })
}

func (w *work) bury(j *job, err error, count bool) {
	w.log(slog.LevelError, "inbox item is a dead letter", j, err, count)
	b := Burial{Reason: textOf(err), Count: count}
	if meta, ok := w.identify(j.Item); ok {
		b.EventType, b.EventID = clean(meta.Type), clean(meta.ID)
	}
	w.end(j, func(ctx context.Context) error { return w.store.Bury(ctx, j.claim, b) })
}

// stepAside leaves a job to whoever holds it now.
func (w *work) stepAside(j *job) {
	w.held.remove(j)
	w.log(slog.LevelWarn, "inbox item is somebody else's now", j, ErrLeaseLost, false)
}

// endTries is how often a call that ends a claim is tried.
const endTries = 3

// end ends a job's claim by a call of the store. If that fails, the lease runs out
// and the item comes back.
func (w *work) end(j *job, call func(ctx context.Context) error) {
	defer w.held.remove(j)
	waits := backoff.Exponential{Base: 100 * time.Millisecond, Max: storeTimeout}
	for try := 1; ; try++ {
		err := w.call(call)
		switch {
		case err == nil:
			return
		case errors.Is(err, ErrLeaseLost):
			w.stepAside(j)
			return
		case try == endTries || backoff.Sleep(w.ctx, waits.Wait(try)) != nil:
			w.log(slog.LevelError, "inbox store fails", j, err, false)
			return
		}
	}
}

// identify returns the first event of an item, as far as it can be parsed.
func (w *work) identify(item *Item) (meta cactus.Meta, ok bool) {
	r, known := w.source(item.Source)
	if !known {
		return meta, false
	}
	err := w.patiently(func(ctx context.Context) error {
		var req cactus.Request
		item.request(&req)
		src := r.source
		if resolver, resolves := src.(cactus.Resolver); resolves {
			tenant, chosen, err := resolver.Resolve(ctx, &req)
			if err != nil || chosen == nil || tenant != item.Tenant {
				return err
			}
			src = chosen
		}
		envs, err := src.Parse(nil, &req)
		if err == nil && len(envs) > 0 {
			meta, ok = envs[0].Meta, true
		}
		return err
	})
	return meta, ok && err == nil
}
