package inbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cactuscorp/cactus"
)

// errExit is for a handler that ended its goroutine.
var errExit = errors.New("a handler called runtime.Goexit")

// labour works on jobs until there will be no more.
func (w *work) labour() {
	returned := false
	defer func() {
		if !returned { // a handler has ended the goroutine
			w.workers.Go(w.labour)
		}
	}()
	var req cactus.Request
	for j := range w.jobs {
		w.do(j, &req)
	}
	returned = true
}

// do works on one job. req is the worker's own, to be used again.
func (w *work) do(j *job, req *cactus.Request) {
	defer w.leave()
	now := time.Since(w.start)
	switch {
	case w.ctx.Err() != nil:
		w.settler.release(j)
	case j.lost.Load(), now-time.Duration(j.renewed.Load()) >= w.config.Lease:
		w.stepAside(j) // it was not renewed in time: others may be at it
	case j.Lost >= w.config.MaxLost:
		w.bury(j, fmt.Errorf("the item was begun %d times and never ended: it may be what the process dies of", j.Lost), false)
	default:
		w.attempt(j, req, now)
	}
}

// leave says that a worker is done with a job. The claimer need not know as long as
// it has enough of them.
func (w *work) leave() {
	w.inflight.Add(-1)
	if len(w.jobs) <= w.config.Batch/2 {
		notify(w.room)
	}
}

// attempt runs the handlers.
func (w *work) attempt(j *job, req *cactus.Request, began time.Duration) {
	if w.config.Timeout > 0 {
		j.deadline = w.start.Add(began + w.config.Timeout)
	}
	j.began.Store(max(int64(began), 1))
	err := errExit
	defer func() {
		j.finish()
		took := int64(time.Since(w.start) - began)
		w.pace.Add((took - w.pace.Load()) / 8) // about right is good enough
		if guarded(func() error { w.settle(j, err); return nil }) != nil {
			w.held.remove(j) // an error that panics: the lease runs out
		}
	}()
	err = guarded(func() error { return w.dispatch(j, req) })
}

// errUnregistered is for an item whose source has no name here.
var errUnregistered = errors.New("no source of this name is registered")

func (w *work) dispatch(j *job, req *cactus.Request) error {
	r, ok := w.source(j.Item.Source)
	if !ok {
		return errUnregistered
	}
	j.Item.request(req)
	req.ReceivedAt = w.arrivals.of(j.Item)
	var ctx context.Context = j
	if w.config.Context != nil {
		if ctx = w.config.Context(ctx, req); ctx == nil {
			ctx = j
		}
	}
	err := r.registry.ReceiveVerified(ctx, r.source, req)
	if err != nil {
		_, _ = cactus.OutcomeOf(err), err.Error() // one that panics when it is looked at does so here
	}
	return err
}

// guarded makes a panic an error. It tells only the value's type, which may be
// anything.
func guarded(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: a %T", v)
		}
	}()
	return f()
}

// notify fills a channel of one place.
func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
