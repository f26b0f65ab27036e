package cactus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// flights are the fetches of one object: the one that has begun, and the one
// that will when that ends.
type flights struct{ current, next *flight }

// flight is one shared fetch. Its fields are under the Coalescer's lock; body
// and err may be read once done is closed.
type flight struct {
	key     objectKey
	meta    Meta
	values  context.Context //nolint:containedctx // of the first caller, for a fetch that begins later
	began   time.Time
	waiters int
	stop    func() bool
	cancel  context.CancelFunc
	ended   bool

	done chan struct{}
	body []byte
	err  error
}

func newFlight(ctx context.Context, m *Meta, key objectKey) *flight {
	return &flight{key: key, meta: *m, values: context.WithoutCancel(ctx), waiters: 1, done: make(chan struct{})}
}

// begin starts f's fetch. The caller holds the lock.
func (c *Coalescer) begin(f *flight) {
	ctx, cancel := context.WithTimeout(f.values, c.limit)
	c.stats.Requests++
	f.began, f.cancel = time.Now(), cancel
	f.meta.ReceivedAt = f.began
	f.stop = context.AfterFunc(ctx, func() {
		c.end(f, nil, false, fmt.Errorf("no answer within %v: %w", c.limit, context.DeadlineExceeded))
	})
	go c.fly(ctx, f)
}

// What a flight ends with when its Fetcher does not return, or nobody waits.
var (
	errGoexit    = errors.New("the fetcher ended its goroutine")
	errAbandoned = errors.New("nobody waits for this fetch")
)

func (c *Coalescer) fly(ctx context.Context, f *flight) {
	var body []byte
	var keep bool
	err := errGoexit
	defer func() { c.end(f, body, keep, err) }() // also after a runtime.Goexit
	err = recovered(func() (err error) {
		body, err = c.fetcher.FetchObject(ctx, &f.meta, f.key.ref)
		return err
	})
	keep = err == nil && json.Valid(body) // slow, so not under the lock
}

// end has the waiters see how f ended, and begins the object's next flight. Only
// its first call counts.
func (c *Coalescer) end(f *flight, body []byte, keep bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endLocked(f, body, keep, err)
}

func (c *Coalescer) endLocked(f *flight, body []byte, keep bool, err error) {
	if f.ended {
		return
	}
	f.ended = true
	f.stop()
	f.cancel()
	if f.err = err; err == nil {
		f.body = slices.Clip(body)
	}
	if keep {
		c.kept.add(f.key, f.body, f.began)
	}
	close(f.done)
	all := c.flying[f.key]
	if all.current, all.next = all.next, nil; all.current == nil {
		delete(c.flying, f.key)
		return
	}
	c.begin(all.current)
}

// leave takes one of f's waiters away. The last one ends it.
func (c *Coalescer) leave(f *flight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.waiters--; f.waiters > 0 || f.ended {
		return
	}
	if all := c.flying[f.key]; all.next == f {
		all.next = nil
		return
	}
	c.endLocked(f, nil, false, errAbandoned)
}
