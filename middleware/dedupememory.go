package middleware

import (
	"context"
	"fmt"
	"time"
)

// MemoryDedupeOption changes a [MemoryDedupe].
type MemoryDedupeOption func(*MemoryDedupe)

// WithMaxEntries sets how many keys are held or remembered at most. The default
// is a million. What is needed is the rate of events times the retention; an
// entry takes some 250 bytes, and no more than 500 however long its id is. It
// panics if entries is less than 1.
func WithMaxEntries(entries int) MemoryDedupeOption {
	if entries < 1 {
		panic(fmt.Sprintf("middleware: WithMaxEntries(%d): at least one is needed", entries))
	}
	return func(s *MemoryDedupe) { s.table.limit = entries }
}

// MemoryDedupe is a [DedupeStore] in memory: for one process, which forgets
// everything when it ends. It must be made with [NewMemoryDedupe].
//
// When it is full, Claim returns [ErrStoreFull] until entries end; nothing is
// forgotten early. Each commit frees a few entries that have ended, and a claim
// that finds the store full does so too. Up to seven retentions are kept apart;
// entries of any others are freed in the order in which they were committed,
// which may be late. There is no goroutine. No method waits, and none looks at
// its context.
type MemoryDedupe struct{ table memoryTable }

var _ DedupeStore = (*MemoryDedupe)(nil)

// NewMemoryDedupe makes an empty store.
func NewMemoryDedupe(opts ...MemoryDedupeOption) *MemoryDedupe {
	s := &MemoryDedupe{table: newMemoryTable()}
	for _, opt := range opts {
		opt(s)
	}
	return s
}

// Len returns how many keys are held or remembered, and those that have ended
// but are not freed yet.
func (s *MemoryDedupe) Len() int { return s.table.len() }

// Claim implements [DedupeStore].
func (s *MemoryDedupe) Claim(_ context.Context, req ClaimRequest) (ClaimResult, error) {
	_, result, err := s.claim(&req, false)
	return result, err
}

// claim is Claim for those who commit what it returns. It makes an owner of its
// own if the request's is to be new.
func (s *MemoryDedupe) claim(req *ClaimRequest, newOwner bool) (*memoryEntry, ClaimResult, error) {
	t := &s.table
	hash := t.hash(&req.Key)
	t.mu.Lock()
	defer t.mu.Unlock()
	e, now := t.find(&req.Key, hash), time.Duration(0)
	if e != nil || req.Lease < leaseForever {
		now = t.now()
	}
	switch {
	case e == nil:
		if e = t.add(&req.Key, hash); e == nil {
			return nil, ClaimResult{}, ErrStoreFull
		}
	case e.isHeld && now < e.lease:
		return nil, ClaimResult{Status: InFlight, Left: e.lease - now}, nil
	case e.isDone && now < e.until && !req.Force:
		t.unhold(e) // a forced claim may have ended
		return nil, ClaimResult{Status: Done}, nil
	}
	if newOwner {
		req.Owner = t.owners.next()
	}
	t.hold(e, req.Owner, now, req.Lease)
	e.isDone = e.isDone && now < e.until // what has ended does not come back
	return e, ClaimResult{Status: Claimed}, nil
}

// Renew implements [DedupeStore]. A lease that ran out but was not taken over
// is renewed.
func (s *MemoryDedupe) Renew(_ context.Context, key Key, owner Owner, lease time.Duration) error {
	return s.table.renew(key, owner, lease)
}

// Commit implements [DedupeStore]. A lease that ran out but was not taken over
// is committed.
func (s *MemoryDedupe) Commit(_ context.Context, key Key, owner Owner, retention time.Duration) error {
	t := &s.table
	now, hash := t.now(), t.hash(&key)
	t.mu.Lock()
	defer t.mu.Unlock()
	return s.finish(t.find(&key, hash), owner, now, retention)
}

// commit is Commit of the entry that claim has returned. If it was freed since,
// and made another key's, it has another owner.
func (s *MemoryDedupe) commit(e *memoryEntry, owner Owner, retention time.Duration) error {
	t := &s.table
	now := t.now()
	t.mu.Lock()
	defer t.mu.Unlock()
	return s.finish(e, owner, now, retention)
}

func (s *MemoryDedupe) finish(e *memoryEntry, owner Owner, now, retention time.Duration) error {
	if e == nil || e.owner != owner {
		return ErrLeaseLost
	}
	if e.isHeld { // and not committed before
		s.table.finish(e, now, now+min(retention, leaseForever), s.table.doneList(retention))
	}
	return nil
}

// Release implements [DedupeStore].
func (s *MemoryDedupe) Release(_ context.Context, key Key, owner Owner) error {
	s.table.release(key, owner)
	return nil
}
