package sender

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

var (
	// ErrQueueFull means that an [Async] has as many messages waiting as it may.
	ErrQueueFull = errors.New("sender: queue full")
	// ErrShutdown means that an [Async] was shut down before the message was sent.
	ErrShutdown = errors.New("sender: shut down")
)

// Async sends in the background, and runs the payload function there. What waits
// is lost when the program ends: a durable sender keeps it. It is made with
// [NewAsync] and safe for concurrent use.
type Async struct {
	next    Sender
	workers int
	queue   int

	mu      sync.Mutex
	waiting []*job
	running map[*job]struct{}
	closed  bool
	idle    chan struct{} // closed when it is closed and nothing is left
}

// NewAsync returns a sender that sends by next, with so many workers at a time and
// so many calls waiting for one. There are goroutines only while there is work. It
// panics if next is nil, if there is no worker, or if the queue is negative.
func NewAsync(next Sender, workers, queue int) *Async {
	switch {
	case isNil(next):
		panic("sender: NewAsync: the sender is nil")
	case workers < 1:
		panic(fmt.Sprintf("sender: NewAsync: there must be 1 worker or more, got %d", workers))
	case queue < 0:
		panic(fmt.Sprintf("sender: NewAsync: the queue must not be negative, got %d", queue))
	}
	return &Async{next: next, workers: workers, queue: queue, running: map[*job]struct{}{}, idle: make(chan struct{})}
}

// job is one call, and its result once done is closed.
type job struct {
	send   func() (*Result, error)
	cancel context.CancelCauseFunc
	call   *Call
	done   chan struct{}
	result *Result
	err    error
}

// Send returns at once: a Queued result, whose Wait returns the final one, or
// [ErrQueueFull] or [ErrShutdown]. The send has the values of ctx, but neither its
// end nor its deadline.
func (a *Async) Send(ctx context.Context, call *Call) (*Result, error) {
	detached, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	j := &job{cancel: cancel, call: call, done: make(chan struct{})}
	j.send = func() (*Result, error) { return send(detached, a.next, call) }
	if err := a.add(j); err != nil {
		cancel(err)
		return failed(call, err)
	}
	return QueuedResult(call.id, call.settings.URL, j.wait), nil
}

// Shutdown refuses new calls and waits until all others are done, those that wait
// included. When ctx ends before that, it drops what waits, cancels what runs, and
// returns how many sends that left undone, and ctx's cause. Their results are
// failures that match [ErrShutdown], unless one came to its own end at the last
// moment. It may be called again, and concurrently; each call counts what it has
// ended itself.
func (a *Async) Shutdown(ctx context.Context) (left int, err error) {
	a.mu.Lock()
	a.closed = true
	a.rest()
	a.mu.Unlock()
	select {
	case <-a.idle:
		return 0, nil
	case <-ctx.Done():
	}
	if left = a.abandon(); left > 0 {
		return left, context.Cause(ctx)
	}
	return 0, nil
}

// abandon ends everything and returns how much that was.
func (a *Async) abandon() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	left := len(a.waiting) + len(a.running)
	for _, j := range a.waiting {
		j.finish(failed(j.call, ErrShutdown))
	}
	a.waiting = nil
	for j := range a.running {
		j.cancel(ErrShutdown)
	}
	return left
}

func (a *Async) add(j *job) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.closed:
		return ErrShutdown
	case len(a.running) < a.workers:
		a.start(j)
	case len(a.waiting) >= a.queue:
		return ErrQueueFull
	default:
		a.waiting = append(a.waiting, j)
	}
	return nil
}

// start is called with the lock held.
func (a *Async) start(j *job) {
	a.running[j] = struct{}{}
	go func() {
		defer a.finished(j) // also when a payload function calls runtime.Goexit
		j.run()
	}()
}

// finished passes j's place on to the call that has waited longest.
func (a *Async) finished(j *job) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.running, j)
	if len(a.waiting) > 0 {
		next := a.waiting[0]
		a.waiting[0] = nil
		a.waiting = a.waiting[1:]
		a.start(next)
	}
	a.rest()
}

// rest closes idle when there is nothing left. It is called with the lock held.
func (a *Async) rest() {
	if !a.closed || len(a.running) > 0 {
		return
	}
	select {
	case <-a.idle:
	default:
		close(a.idle)
	}
}

// run sends, and whatever happens leaves a result.
func (j *job) run() {
	result, err := failed(j.call, errors.New("the goroutine that sends was ended by a function of the call"))
	defer func() { j.finish(result, err) }()
	panicked := catch("the sender", func() error {
		result, err = j.send()
		return nil
	})
	if panicked != nil {
		result, err = failed(j.call, panicked)
	}
}

func (j *job) finish(result *Result, err error) {
	j.result, j.err = result, err
	j.cancel(nil)
	close(j.done)
}

// wait returns the final result, also when the next sender has queued the call
// again.
func (j *job) wait(ctx context.Context) (*Result, error) {
	select {
	case <-j.done:
	case <-ctx.Done():
		select {
		case <-j.done: // what is there already is returned
		default:
			return nil, context.Cause(ctx)
		}
	}
	if j.err == nil && j.result.State == Queued {
		return j.result.Wait(ctx)
	}
	return j.result, j.err
}
