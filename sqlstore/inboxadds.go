package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/cactuscorp/cactus/inbox"
)

const (
	maxAdds      = 128     // items in one statement
	addStep      = 8       // beyond which there are only multiples of it
	maxAddsBytes = 4 << 20 // of their heads and bodies, beyond the first
	addTimeout   = 30 * time.Second
)

// added is an item on its way into the table.
type added struct {
	item *inbox.Item
	head string
	done chan struct{} // closed when err is known
	err  error
}

// adds groups what is added at once: one writer at a time, and all that came
// while it wrote is the next group. Who gives up takes its item out of the queue,
// so there are never more in it than callers that wait.
type adds struct {
	write  func(ctx context.Context, items []*added) error
	settle func(reserved, used bool) // what becomes of each item's room

	mu      sync.Mutex
	queue   []*added
	writing bool
}

// add returns when the item is written or ctx is done. In the latter case it may
// be written still if that has begun.
func (a *adds) add(ctx context.Context, one *added) error {
	one.done = make(chan struct{})
	a.mu.Lock()
	a.queue = append(a.queue, one)
	leads := !a.writing
	a.writing = true
	a.mu.Unlock()
	if leads {
		go a.run() //nolint:contextcheck // a group is not its first one's alone, nor are the values of that one's context
	}
	select {
	case <-one.done:
		return one.err
	case <-ctx.Done():
		a.forget(one)
		return context.Cause(ctx)
	}
}

// forget takes an item out of the queue if it is still there.
func (a *adds) forget(one *added) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if i := slices.Index(a.queue, one); i >= 0 {
		a.queue = slices.Delete(a.queue, i, i+1)
		a.settle(true, false)
	}
}

// run writes groups until nothing is queued.
func (a *adds) run() {
	for {
		group := a.next()
		if group == nil {
			return
		}
		a.writeAll(group)
		for _, one := range group {
			a.settle(true, one.err == nil)
			close(one.done)
		}
	}
}

// busyError is an error of the database, not of what was to be written.
type busyError struct{ error }

// Unwrap returns the database's error.
func (e busyError) Unwrap() error { return e.error }

// writeAll writes a group or, if it is refused as a whole, each item by itself,
// so that one that the database does not take spoils no other's chance.
func (a *adds) writeAll(group []*added) {
	ctx, cancel := context.WithTimeout(context.Background(), addTimeout)
	defer cancel()
	err := a.try(ctx, group)
	var busy busyError
	for i, one := range group {
		one.err = err
		if err == nil || len(group) == 1 || errors.As(err, &busy) || ctx.Err() != nil {
			continue
		}
		if one.err = a.try(ctx, group[i:i+1]); errors.As(one.err, &busy) {
			err = one.err
		}
	}
}

// try makes an error of a driver's panic, which nobody above would catch.
func (a *adds) try(ctx context.Context, group []*added) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the driver panicked: a %T", v)
		}
	}()
	return a.write(ctx, group)
}

// next takes a group from the queue, or ends the run.
func (a *adds) next() []*added {
	a.mu.Lock()
	defer a.mu.Unlock()
	n, bytes := 0, 0
	for n < len(a.queue) && n < maxAdds {
		if bytes += len(a.queue[n].head) + len(a.queue[n].item.Body); n > 0 && bytes > maxAddsBytes {
			break
		}
		n++
	}
	if n == 0 {
		a.writing, a.queue = false, nil
		return nil
	}
	if n > addStep { // few statements for a driver to keep prepared
		n -= n % addStep
	}
	group := slices.Clone(a.queue[:n])
	a.queue = slices.Delete(a.queue, 0, n)
	return group
}
