package inbox

import (
	"bytes"
	"context"
	"slices"
	"time"
)

// Bury implements [Store].
func (m *Memory) Bury(_ context.Context, claim Claim, burial Burial) error {
	now := time.Since(m.start)
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.holding(claim)
	if e == nil {
		return ErrLeaseLost
	}
	m.unhold(e)
	m.alive.remove(e)
	if burial.Count {
		e.attempts++
	}
	e.burial, e.buried = burial, now
	at, _ := m.grave(e.item.ID)
	m.dead = slices.Insert(m.dead, at, e)
	return nil
}

// Dead implements [Store].
func (m *Memory) Dead(_ context.Context, after ID, limit int) ([]Letter, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	from, found := m.grave(after)
	if found {
		from++
	}
	these := m.dead[from : from+min(limit, len(m.dead)-from)]
	letters := make([]Letter, 0, len(these))
	for _, e := range these {
		letters = append(letters, Letter{
			Item: e.item, Reason: e.burial.Reason, EventType: e.burial.EventType, EventID: e.burial.EventID, Attempts: e.attempts,
			Added: m.start.Add(e.added), Buried: m.start.Add(e.buried),
		})
	}
	return letters, nil
}

// Replay implements [Store].
func (m *Memory) Replay(_ context.Context, ids []ID) (n int, _ error) {
	now := time.Since(m.start)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ripen(now)
	for _, id := range ids {
		if e := m.exhume(id); e != nil {
			e.attempts, e.lost, e.queued, e.due, e.burial = 0, 0, now, now, Burial{}
			m.alive.push(e)
			m.ready.push(e)
			n++
		}
	}
	return n, nil
}

// Discard implements [Store].
func (m *Memory) Discard(_ context.Context, ids []ID) (n int, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range ids {
		if e := m.exhume(id); e != nil {
			m.forget(e)
			n++
		}
	}
	return n, nil
}

// grave is where a dead letter is, or would be.
func (m *Memory) grave(id ID) (int, bool) {
	return slices.BinarySearchFunc(m.dead, id, func(e *memoryItem, id ID) int { return bytes.Compare(e.item.ID[:], id[:]) })
}

// exhume takes a dead letter out of its list. It is nil if there is none.
func (m *Memory) exhume(id ID) *memoryItem {
	at, found := m.grave(id)
	if !found {
		return nil
	}
	e := m.dead[at]
	m.dead = slices.Delete(m.dead, at, at+1)
	return e
}
