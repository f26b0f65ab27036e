package inbox

import (
	"context"
	"sync/atomic"
	"time"
)

// job is a claimed item on its way through a worker, and the context of its
// handlers. That ends at the deadline, with the job, and with the work or when
// the lease is lost, which are its causes then.
//
// It is what context.WithTimeout makes, in one allocation instead of five: most
// handlers never ask for Done.
type job struct {
	Claimed

	claim    Claim
	parent   context.Context //nolint:containedctx // it is a context itself
	deadline time.Time       // zero: none
	inner    atomic.Pointer[armed]
	lost     atomic.Bool  // the lease is somebody else's
	renewed  atomic.Int64 // when the lease was last known to hold, as a time.Duration since the work's start
	began    atomic.Int64 // when its handlers began, likewise; 0: not yet, or told that it is overdue
	at       int          // among those that are held
}

var _ context.Context = (*job)(nil)

type armed struct {
	ctx    context.Context //nolint:containedctx // of job
	cancel context.CancelCauseFunc
	free   context.CancelFunc // of the deadline's timer
}

// finished takes inner's place when a job is over that nobody has armed.
var finished = func() *armed {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(nil)
	return &armed{ctx, cancel, func() {}}
}()

func (j *job) arm() *armed {
	if a := j.inner.Load(); a != nil {
		return a
	}
	a := &armed{free: func() {}}
	a.ctx, a.cancel = context.WithCancelCause(j.parent)
	if !j.deadline.IsZero() {
		a.ctx, a.free = context.WithDeadline(a.ctx, j.deadline)
	}
	if !j.inner.CompareAndSwap(nil, a) {
		a.end(nil)
	}
	return j.inner.Load()
}

func (a *armed) end(cause error) {
	a.cancel(cause)
	a.free()
}

// lose ends the context because somebody else has the item.
func (j *job) lose() {
	j.lost.Store(true)
	j.arm().cancel(ErrLeaseLost)
}

// finish ends the context and frees its timer.
func (j *job) finish() {
	if !j.inner.CompareAndSwap(nil, finished) {
		j.inner.Load().end(nil)
	}
}

// Deadline implements context.Context.
func (j *job) Deadline() (time.Time, bool) { return j.deadline, !j.deadline.IsZero() }

// Done implements context.Context.
func (j *job) Done() <-chan struct{} { return j.arm().ctx.Done() }

// Err implements context.Context.
func (j *job) Err() error {
	a := j.inner.Load()
	if a == nil && j.parent.Err() == nil && (j.deadline.IsZero() || time.Now().Before(j.deadline)) {
		return nil
	}
	return j.arm().ctx.Err() // what it says once it says for ever
}

// Value implements context.Context.
func (j *job) Value(key any) any {
	if a := j.inner.Load(); a != nil && a != finished {
		return a.ctx.Value(key)
	}
	return j.parent.Value(key)
}
