package sqlstore

import (
	"context"
	"sync"
	"time"
)

const (
	countShare = 8 // the part of the room that one count is good for
	countAge   = 10 * time.Second
	fullAge    = time.Second // until a full table is counted again
)

// rows says whether a table has room for one row more, mostly without counting
// them: see [WithMaxRows]. A nil one always has.
type rows struct {
	limit int
	count func(ctx context.Context, limit int) (int, error)
	turn  chan struct{} // of reserve: a lock that can be waited for with a context

	mu      sync.Mutex
	left    int // claims or items until the next count
	pending int // those under way, which may have a row already
	counted time.Time
	full    bool
}

func newRows(limit int, count func(ctx context.Context, limit int) (int, error)) *rows {
	return &rows{limit: limit, count: count, turn: make(chan struct{}, 1)}
}

// reserve reports whether there is room, for the caller until it settles.
func (r *rows) reserve(ctx context.Context) (bool, error) {
	if r == nil {
		return true, nil
	}
	select {
	case r.turn <- struct{}{}:
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
	defer func() { <-r.turn }()
	due, pending := r.due()
	if due {
		n, err := r.count(ctx, r.limit)
		if err != nil {
			return false, err
		}
		r.set(n, pending)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.left < 1 {
		return false, nil
	}
	r.left--
	r.pending++
	return true, nil
}

// due reports whether it is time to count, and how many rows are under way that
// the count may miss.
func (r *rows) due() (due bool, pending int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	age := time.Since(r.counted)
	if r.full {
		return age >= fullAge, r.pending
	}
	return r.left < 1 || age >= countAge, r.pending
}

func (r *rows) set(n, pending int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	room := r.limit - n - pending
	r.left = min(room, max(1, room/countShare))
	r.full, r.counted = n >= r.limit, time.Now()
}

// settle ends what reserve began. Room that was not needed is there for others.
func (r *rows) settle(reserved, used bool) {
	if r == nil || !reserved {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending--
	if !used {
		r.left++
	}
}
