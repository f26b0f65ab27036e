package inbox

import (
	"container/heap"
	"context"
	"fmt"
	"sync"
	"time"
)

// MemoryOption changes a [Memory].
type MemoryOption func(*Memory)

// WithMaxItems sets how many items are kept at most, dead letters among them. The
// default is 10,000. It panics if items is less than 1.
func WithMaxItems(items int) MemoryOption {
	if items < 1 {
		panic(fmt.Sprintf("inbox: WithMaxItems(%d): at least one is needed", items))
	}
	return func(m *Memory) { m.maxItems = items }
}

// WithMaxBytes sets how many bytes of memory the items take at most, by a fair
// guess: bodies, headers and some 600 bytes for each. The default is 64 MiB. An
// item that is larger is never taken. It panics if n is less than 1.
func WithMaxBytes(n int64) MemoryOption {
	if n < 1 {
		panic(fmt.Sprintf("inbox: WithMaxBytes(%d): at least one is needed", n))
	}
	return func(m *Memory) { m.maxBytes = n }
}

// Memory is a [Store] in memory: for one process, which forgets everything when it
// ends. It must be made with [NewMemory].
//
// When it is full, Add returns [ErrFull] until items are done or discarded; dead
// letters take room too. There is no goroutine. No method waits, and none looks
// at its context.
type Memory struct {
	maxItems int
	maxBytes int64
	start    time.Time

	mu    sync.Mutex
	bytes int64
	items map[ID]*memoryItem
	ready memoryList    // in the order in which they are claimed
	timed memoryHeap    // scheduled and held, by due
	held  int           // of timed, those with an owner
	alive memoryList    // all but the dead, the oldest first
	dead  []*memoryItem // by id
	spare []*memoryItem // to be used again
}

var _ Store = (*Memory)(nil)

// maxSpare bounds what is kept of the memory of items that are done.
const maxSpare = 256

// NewMemory makes an empty store.
func NewMemory(opts ...MemoryOption) *Memory {
	m := &Memory{
		maxItems: 10_000, maxBytes: 64 << 20, start: time.Now(), items: make(map[ID]*memoryItem),
		ready: memoryList{link: linkReady}, alive: memoryList{link: linkAlive},
	}
	for _, opt := range opts {
		opt(m)
	}
	return m
}

// Add implements [Store].
func (m *Memory) Add(_ context.Context, item *Item) error {
	now, size := time.Since(m.start), sizeOf(item)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.items[item.ID] != nil {
		return nil
	}
	m.ripen(now) // what became ready before comes before
	if len(m.items) >= m.maxItems || m.bytes+size > m.maxBytes {
		return ErrFull
	}
	e := m.take()
	e.item, e.size, e.added, e.queued, e.due, e.at = item, size, now, now, now, -1
	m.items[item.ID] = e
	m.bytes += size
	m.alive.push(e)
	m.ready.push(e)
	return nil
}

// Claim implements [Store].
func (m *Memory) Claim(_ context.Context, req ClaimRequest) ([]Claimed, error) {
	now := time.Since(m.start)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ripen(now)
	n := min(req.Max, m.ready.n)
	if n <= 0 {
		return nil, nil
	}
	claimed := make([]Claimed, 0, n)
	for range n {
		e := m.ready.first
		m.ready.remove(e)
		e.owner, e.isHeld, e.due = req.Owner, true, now+req.Lease
		m.held++
		heap.Push(&m.timed, e)
		claimed = append(claimed, Claimed{Item: e.item, Attempts: e.attempts, Lost: e.lost, Age: now - e.queued})
	}
	return claimed, nil
}

// Renew implements [Store]. A lease that ran out but was not taken over is
// renewed as long as nobody has asked for work since.
func (m *Memory) Renew(_ context.Context, lease time.Duration, claims []Claim) ([]ID, error) {
	now := time.Since(m.start)
	m.mu.Lock()
	defer m.mu.Unlock()
	renewed := make([]ID, 0, len(claims))
	for _, c := range claims {
		if e := m.holding(c); e != nil {
			e.due = now + lease
			heap.Fix(&m.timed, e.at)
			renewed = append(renewed, c.ID)
		}
	}
	return renewed, nil
}

// Complete implements [Store].
func (m *Memory) Complete(_ context.Context, claims []Claim) (n int, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range claims {
		if e := m.holding(c); e != nil {
			m.unhold(e)
			m.alive.remove(e)
			m.forget(e)
			n++
		}
	}
	return n, nil
}

// Release implements [Store].
func (m *Memory) Release(_ context.Context, claims []Claim) (n int, _ error) {
	now := time.Since(m.start)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ripen(now)
	for _, c := range claims {
		if e := m.holding(c); e != nil {
			m.unhold(e)
			e.lost, e.due = 0, now
			m.ready.push(e)
			n++
		}
	}
	return n, nil
}

// Retry implements [Store].
func (m *Memory) Retry(_ context.Context, claim Claim, retry Retry) error {
	now := time.Since(m.start)
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.holding(claim)
	if e == nil {
		return ErrLeaseLost
	}
	m.unhold(e)
	if retry.Count {
		e.attempts++
	}
	e.lost, e.due = 0, now+retry.Wait
	heap.Push(&m.timed, e)
	return nil
}

// Stats implements [Store].
func (m *Memory) Stats(context.Context) (Stats, error) {
	now := time.Since(m.start)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ripen(now)
	s := Stats{Ready: m.ready.n, Scheduled: len(m.timed) - m.held, Running: m.held, Dead: len(m.dead)}
	if oldest := m.alive.first; oldest != nil {
		s.Oldest = now - oldest.queued
	}
	return s, nil
}

// ripen makes ready what has been waited for long enough.
func (m *Memory) ripen(now time.Duration) {
	for len(m.timed) > 0 && m.timed[0].due <= now {
		e := m.timed[0]
		if e.isHeld {
			m.unhold(e)
			e.lost++
		} else {
			heap.Pop(&m.timed)
		}
		m.ready.push(e)
	}
}

// holding returns the item of a claim, or nil if its owner does not hold it.
func (m *Memory) holding(c Claim) *memoryItem {
	if e := m.items[c.ID]; e != nil && e.isHeld && e.owner == c.Owner {
		return e
	}
	return nil
}

func (m *Memory) unhold(e *memoryItem) {
	heap.Remove(&m.timed, e.at)
	e.isHeld = false
	m.held--
}

// forget drops an item that is in no list.
func (m *Memory) forget(e *memoryItem) {
	delete(m.items, e.item.ID)
	m.bytes -= e.size
	if len(m.spare) < maxSpare {
		*e = memoryItem{}
		m.spare = append(m.spare, e)
	}
}

// take returns an empty item.
func (m *Memory) take() *memoryItem {
	last := len(m.spare) - 1
	if last < 0 {
		return new(memoryItem)
	}
	e := m.spare[last]
	m.spare = m.spare[:last]
	return e
}
