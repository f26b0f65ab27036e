package sqlstore

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/cactuscorp/cactus/inbox"
)

const (
	maxAdds      = 128     // items in one statement
	maxAddsBytes = 4 << 20 // of their bodies, beyond the first
	addTimeout   = 30 * time.Second
)

// added is an item on its way into the table.
type added struct {
	item *inbox.Item
	head []byte
	done chan struct{} // closed when err is known
	err  error
}

// adds groups what is added at once: one writer at a time, and all that came
// while it wrote is the next group.
type adds struct {
	write func(ctx context.Context, items []*added) error

	mu      sync.Mutex
	queue   []*added
	writing bool
}

// add returns when the item is written or ctx is done. In the latter case it may
// be written still.
func (a *adds) add(ctx context.Context, one *added) error {
	one.done = make(chan struct{})
	a.mu.Lock()
	a.queue = append(a.queue, one)
	leads := !a.writing
	a.writing = true
	a.mu.Unlock()
	if leads {
		go a.run(context.WithoutCancel(ctx)) // a group is not its first one's alone
	}
	select {
	case <-one.done:
		return one.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// run writes groups until nothing is queued.
func (a *adds) run(ctx context.Context) {
	for {
		group := a.next()
		if group == nil {
			return
		}
		a.writeAll(ctx, group)
		for _, one := range group {
			close(one.done)
		}
	}
}

// writeAll writes a group or, if it is refused as a whole, each item by itself,
// so that one that the database does not take spoils no other's chance.
func (a *adds) writeAll(ctx context.Context, group []*added) {
	ctx, cancel := context.WithTimeout(ctx, addTimeout)
	defer cancel()
	err := a.try(ctx, group)
	for i, one := range group {
		one.err = err
		if err != nil && len(group) > 1 && ctx.Err() == nil {
			one.err = a.try(ctx, group[i:i+1])
		}
	}
}

// try makes an error of a driver's panic, which nobody above would catch.
func (a *adds) try(ctx context.Context, group []*added) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the driver panicked: %v", v)
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
		if bytes += len(a.queue[n].item.Body); n > 0 && bytes > maxAddsBytes {
			break
		}
		n++
	}
	if n == 0 {
		a.writing, a.queue = false, nil
		return nil
	}
	group := a.queue[:n:n]
	a.queue = a.queue[n:]
	return group
}
