package middleware

import (
	"context"
	"slices"
	"sync"
	"time"
)

// turns lets one event of each key through at a time, in the order in which they
// came. Its zero value is ready for use.
type turns struct {
	mu    sync.Mutex
	lines map[Key]*line
}

// line is the events of one key. Its fields are under the lock of its turns.
type line struct {
	waiting []chan struct{} // behind the one whose turn it is
	held    bool            // by the one whose turn it is, who renews the lease
	lease   time.Duration
	ends    time.Time // when the lease ends of whoever holds the key, or zero
}

// enter waits for key's turn, but no longer than wait. It reports whether it has
// it: then leave must be called.
func (t *turns) enter(ctx context.Context, key Key, wait time.Duration) (*line, bool) {
	t.mu.Lock()
	l := t.lines[key]
	if l == nil {
		if t.lines == nil {
			t.lines = map[Key]*line{}
		}
		l = new(line)
		t.lines[key] = l
		t.mu.Unlock()
		return l, true
	}
	if wait <= 0 {
		t.mu.Unlock()
		return l, false
	}
	turn := make(chan struct{})
	l.waiting = append(l.waiting, turn)
	t.mu.Unlock()

	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-turn:
		return l, true
	case <-timer.C:
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.Index(l.waiting, turn)
	if i < 0 {
		return l, true // it has come in this moment
	}
	l.waiting = slices.Delete(l.waiting, i, i+1)
	return l, false
}

// leave gives the turn to the next.
func (t *turns) leave(key Key, l *line) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l.held, l.ends = false, time.Time{}
	if len(l.waiting) == 0 {
		delete(t.lines, key)
		return
	}
	close(l.waiting[0])
	l.waiting = l.waiting[1:]
}

// note takes down for how long the key is held, by the one whose turn it is or
// by somebody else, who may not renew.
func (t *turns) note(l *line, held bool, left, lease time.Duration) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	l.held, l.lease, l.ends = held, lease, now.Add(left)
}

// left returns what is left of the lease under which l's key is held. One that
// is renewed has two thirds left at least.
func (t *turns) left(l *line) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	left := max(time.Until(l.ends), 0)
	if l.held {
		left = max(left, l.lease/3*2)
	}
	return left
}
