package sender

import (
	"context"
	"fmt"
	"sync"
)

// Ring is a [Recorder] that keeps the last attempts in memory, for a page that
// shows them, and for tests. It is made with [NewRing] and safe for concurrent use.
type Ring struct {
	mu      sync.Mutex
	records []AttemptRecord
	next    int // where the next record goes
	size    int // how many there are at most
}

var _ Recorder = (*Ring)(nil)

// NewRing returns a ring of n attempts. Each keeps its message, up to 256 KiB by
// default, and the beginning of the answer, up to 32 KiB. It panics if n is not
// positive.
func NewRing(n int) *Ring {
	if n <= 0 {
		panic(fmt.Sprintf("sender: NewRing: the size must be positive, got %d", n))
	}
	return &Ring{size: n}
}

// Record implements [Recorder]. It replaces the oldest record when the ring is
// full, and never fails.
func (r *Ring) Record(_ context.Context, record AttemptRecord) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.records) < r.size {
		r.records = append(r.records, record)
	} else {
		r.records[r.next] = record
	}
	r.next = (r.next + 1) % r.size
	return nil
}

// List returns the records for which match is true, the newest first. Nil matches
// all.
func (r *Ring) List(match func(AttemptRecord) bool) []AttemptRecord {
	r.mu.Lock()
	all := make([]AttemptRecord, 0, len(r.records))
	for i := range r.records {
		all = append(all, r.records[(r.next-1-i+2*len(r.records))%len(r.records)])
	}
	r.mu.Unlock()
	if match == nil {
		return all
	}
	matched := all[:0]
	for _, record := range all { // unlocked: match is the caller's
		if match(record) {
			matched = append(matched, record)
		}
	}
	return matched
}

// ByID returns the attempts of one message, the newest first.
func (r *Ring) ByID(id string) []AttemptRecord {
	return r.List(func(record AttemptRecord) bool { return record.Message.ID == id })
}

// ByValue returns the attempts of calls for which option [Value] has set key to
// val, the newest first. Both must be comparable.
func (r *Ring) ByValue(key, val any) []AttemptRecord {
	return r.List(func(record AttemptRecord) bool { return record.Value(key) == val })
}
