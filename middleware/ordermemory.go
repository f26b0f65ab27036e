package middleware

import (
	"context"
	"fmt"
	"time"
)

// MemoryOrderOption changes a [MemoryOrder].
type MemoryOrderOption func(*MemoryOrder)

// WithMaxKeys sets how many keys are held or remembered at most. The default is
// a million. What [SkipStale] needs is the number of objects that have an event
// within the retention; a key takes some 250 bytes, and no more than 500 however
// long its ID is. It panics if keys is less than 1.
func WithMaxKeys(keys int) MemoryOrderOption {
	if keys < 1 {
		panic(fmt.Sprintf("middleware: WithMaxKeys(%d): at least one is needed", keys))
	}
	return func(s *MemoryOrder) { s.table.limit = keys }
}

// MemoryOrder is an [OrderStore] in memory: for one process, which forgets
// everything when it ends. It must be made with [NewMemoryOrder].
//
// When it is full, Claim returns [ErrStoreFull] until the retentions of some
// keys end; no position is forgotten early. Each commit frees a few of those
// that have ended, and a claim that finds the store full does so too. There is
// no goroutine. No method waits, and none looks at its context.
type MemoryOrder struct{ table memoryTable }

var _ OrderStore = (*MemoryOrder)(nil)

// NewMemoryOrder makes an empty store.
func NewMemoryOrder(opts ...MemoryOrderOption) *MemoryOrder {
	s := &MemoryOrder{table: newMemoryTable()}
	for _, opt := range opts {
		opt(s)
	}
	return s
}

// Len returns how many keys are held or remembered, and those that have ended
// but are not freed yet.
func (s *MemoryOrder) Len() int { return s.table.len() }

// Claim implements [OrderStore].
func (s *MemoryOrder) Claim(_ context.Context, req OrderRequest) (ClaimResult, error) {
	t := &s.table
	now, hash := t.now(), t.hash(&req.Key)
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.find(&req.Key, hash)
	remembered := e != nil && e.isDone && now < e.until
	switch {
	case e == nil:
		if e = t.add(&req.Key, hash); e == nil {
			return ClaimResult{}, ErrStoreFull
		}
	case remembered && req.Position < e.position && req.Position != NoPosition:
		return ClaimResult{Status: Stale}, nil
	case e.isHeld && now < e.lease:
		return ClaimResult{Status: InFlight, Left: e.lease - now}, nil
	}
	t.hold(e, req.Owner, now, req.Lease)
	if !remembered {
		e.isDone, e.position, e.until = false, NoPosition, 0
	}
	return ClaimResult{Status: Claimed}, nil
}

// Renew implements [OrderStore]. A lease that ran out but was not taken over is
// renewed.
func (s *MemoryOrder) Renew(_ context.Context, key Key, owner Owner, lease time.Duration) error {
	return s.table.renew(key, owner, lease)
}

// Commit implements [OrderStore]. A lease that ran out but was not taken over is
// committed.
func (s *MemoryOrder) Commit(_ context.Context, key Key, owner Owner, position int64, retention time.Duration) error {
	t := &s.table
	now, hash := t.now(), t.hash(&key)
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.find(&key, hash)
	if e == nil || e.owner != owner {
		return ErrLeaseLost
	}
	if !e.isHeld { // but committed before
		return nil
	}
	if now >= e.until { // the retention has ended meanwhile
		e.isDone, e.position = false, NoPosition
	}
	e.position = max(e.position, position)
	until, list := e.until, e.list
	if end := now + min(retention, leaseForever); !e.isDone || end > until {
		until, list = end, t.doneList(retention)
	}
	t.finish(e, now, until, list)
	return nil
}

// Release implements [OrderStore].
func (s *MemoryOrder) Release(_ context.Context, key Key, owner Owner) error {
	s.table.release(key, owner)
	return nil
}
