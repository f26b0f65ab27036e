package inbox

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	storeTimeout  = 5 * time.Second // of one call that must not be cut short
	shutdownGrace = 5 * time.Second // for handlers whose context has ended
)

// Run works on what is in the store, until ctx ends or Shutdown is called and all
// that it has begun has come to an end. What handlers see of ctx are its values.
//
// When ctx ends, handlers' contexts end with its cause. Their items are released
// without counting an attempt, unless a handler succeeds all the same. Run then
// returns that cause, and nil after a Shutdown that had time enough.
//
// Run may be called once. After Shutdown it works off what is ready, and returns.
func (in *Inbox) Run(ctx context.Context) error {
	w := newWork(ctx, in)
	in.mu.Lock()
	again := in.work != nil
	if !again {
		in.work = w
	}
	in.mu.Unlock()
	if again {
		return errors.New("inbox: Run was called before")
	}
	return w.run(ctx)
}

// Shutdown drains the inbox. From now on requests are refused with 503, so shut
// the HTTP server down first. The workers finish what runs and work off whatever
// is ready, others' items in a shared store too, as long as ctx lasts: of a store
// that other processes go on filling give it seconds, not minutes. Nothing waits
// for what is scheduled.
//
// When ctx ends before, handlers' contexts end with [ErrShutdown], their items are
// released, and Shutdown waits another 5 seconds for them.
//
// It returns how many items are left that are neither done nor dead letters, by
// the store's Stats, and -1 if that could not be found out. The error is nil if
// everything ready was worked off. An Inbox whose Run was not called only closes
// its door and counts. Calling Shutdown again waits and counts again.
func (in *Inbox) Shutdown(ctx context.Context) (left int, err error) {
	in.gate.close(ctx)
	in.shutdown.Do(func() { close(in.drain) })
	in.mu.RLock()
	w := in.work
	in.mu.RUnlock()
	if w != nil {
		err = w.wait(ctx)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	stats, failed := in.store.Stats(ctx)
	if failed != nil {
		return -1, errors.Join(err, fmt.Errorf("count what is left: %w", failed))
	}
	return stats.Left(), err
}

// wait waits for the end of the work. When ctx ends it interrupts the handlers,
// and gives them a little time.
func (w *work) wait(ctx context.Context) error {
	select {
	case <-w.over:
		return w.failed(nil)
	default:
	}
	select {
	case <-w.over:
		return w.failed(nil)
	case <-ctx.Done():
	}
	w.interrupt(ErrShutdown)
	timer := time.NewTimer(shutdownGrace)
	defer timer.Stop()
	select {
	case <-w.over:
		return w.failed(context.Cause(ctx))
	case <-timer.C:
		return fmt.Errorf("inbox: handlers do not return: %w", context.Cause(ctx))
	}
}

// failed returns cause if the work did not end of itself.
func (w *work) failed(cause error) error {
	if w.drained {
		return nil
	}
	if cause == nil {
		cause = context.Cause(w.ctx)
	}
	return cause
}
