package middleware

import (
	"context"
	"fmt"
	"hash/maphash"
	"sync"
	"time"
)

// MemoryDedupeOption changes a [MemoryDedupe].
type MemoryDedupeOption func(*MemoryDedupe)

// WithMaxEntries sets how many keys are held or remembered at most. The default
// is a million. What is needed is the rate of events times the retention; an
// entry takes some 250 bytes. It panics if entries is less than 1.
func WithMaxEntries(entries int) MemoryDedupeOption {
	if entries < 1 {
		panic(fmt.Sprintf("middleware: WithMaxEntries(%d): at least one is needed", entries))
	}
	return func(s *MemoryDedupe) { s.limit = entries }
}

// MemoryDedupe is a [DedupeStore] in memory: for one process, which forgets
// everything when it ends. It must be made with [NewMemoryDedupe].
//
// When it is full, Claim returns [ErrStoreFull] until entries end; nothing is
// forgotten early. Each claim frees at most a few entries that have ended, in
// the order in which they were committed, so give all that share a store the
// same retention. There is no goroutine. No method waits, and none looks at its
// context.
type MemoryDedupe struct {
	limit int
	start time.Time
	seed  maphash.Seed

	mu      sync.Mutex
	n       int            // entries
	buckets []*memoryEntry // a hash table, each bucket a list by chain
	level   uint64         // the power of two that len(buckets) has passed
	held    memoryList     // claims, in the order in which they were made
	done    memoryList     // the rest, in the order in which they were committed
	chunk   []memoryEntry
	free    *memoryEntry // by next
}

var _ DedupeStore = (*MemoryDedupe)(nil)

// memoryEntry is one key. Times are since the store's start; an entry is held
// while it is in the held list, and done until a time that may be over.
type memoryEntry struct {
	key        Key
	hash       uint64
	chain      *memoryEntry
	owner      Owner // of the claim, or of the one that was committed
	isHeld     bool
	isDone     bool
	lease      time.Duration // until when it is held
	until      time.Duration // until when it is done
	prev, next *memoryEntry
}

const (
	memoryChunk = 64 // entries allocated together
	memorySweep = 4  // entries looked at for each claim

	memoryBuckets = 64 // of an empty store, a power of two
)

// NewMemoryDedupe makes an empty store.
func NewMemoryDedupe(opts ...MemoryDedupeOption) *MemoryDedupe {
	s := &MemoryDedupe{limit: 1_000_000, start: time.Now(), seed: maphash.MakeSeed(), buckets: make([]*memoryEntry, memoryBuckets), level: memoryBuckets}
	for _, opt := range opts {
		opt(s)
	}
	return s
}

// Len returns how many keys are held or remembered, and those that have ended
// but are not freed yet.
func (s *MemoryDedupe) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}

// Claim implements [DedupeStore].
func (s *MemoryDedupe) Claim(_ context.Context, req ClaimRequest) (ClaimResult, error) {
	now, hash := time.Since(s.start), s.hash(&req.Key)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.find(&req.Key, hash)
	switch {
	case e == nil:
		s.sweep(now)
		if e = s.add(&req.Key, hash); e == nil {
			return ClaimResult{}, ErrStoreFull
		}
	case e.isHeld && now < e.lease:
		return ClaimResult{Status: InFlight, Left: e.lease - now}, nil
	case e.isDone && now < e.until && !req.Force:
		s.unhold(e) // a forced claim may have ended
		return ClaimResult{Status: Done}, nil
	case e.isHeld:
		s.held.remove(e)
	default:
		s.done.remove(e)
	}
	e.owner, e.isHeld, e.lease = req.Owner, true, now+req.Lease
	s.held.push(e)
	return ClaimResult{Status: Claimed}, nil
}

// Renew implements [DedupeStore]. A lease that ran out but was not taken over
// is renewed.
func (s *MemoryDedupe) Renew(_ context.Context, key Key, owner Owner, lease time.Duration) error {
	now, hash := time.Since(s.start), s.hash(&key)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.find(&key, hash)
	if e == nil || !e.isHeld || e.owner != owner {
		return ErrLeaseLost
	}
	e.lease = now + lease
	return nil
}

// Commit implements [DedupeStore]. A lease that ran out but was not taken over
// is committed.
func (s *MemoryDedupe) Commit(_ context.Context, key Key, owner Owner, retention time.Duration) error {
	now, hash := time.Since(s.start), s.hash(&key)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.find(&key, hash)
	if e == nil || e.owner != owner {
		return ErrLeaseLost
	}
	if !e.isHeld {
		return nil // committed before
	}
	s.held.remove(e)
	e.isHeld, e.isDone, e.until = false, true, now+min(retention, leaseForever)
	s.done.push(e)
	return nil
}

// Release implements [DedupeStore].
func (s *MemoryDedupe) Release(_ context.Context, key Key, owner Owner) error {
	hash := s.hash(&key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.find(&key, hash); e != nil && e.isHeld && e.owner == owner {
		s.unhold(e)
	}
	return nil
}

// hash spreads the keys. Two may have the same.
func (s *MemoryDedupe) hash(key *Key) uint64 {
	hash := maphash.String(s.seed, key.ID)
	if key.Source != "" {
		hash = hash*31 + maphash.String(s.seed, key.Source)
	}
	if key.Tenant != "" {
		hash = hash*37 + maphash.String(s.seed, key.Tenant)
	}
	return hash
}

func (s *MemoryDedupe) find(key *Key, hash uint64) *memoryEntry {
	e := *s.bucket(hash)
	for e != nil && e.key != *key {
		e = e.chain
	}
	return e
}

// bucket returns where the list of a hash begins. The table grows by linear
// hashing: those buckets that have been split already know a bit more.
func (s *MemoryDedupe) bucket(hash uint64) **memoryEntry {
	i := hash & (2*s.level - 1)
	if i >= uint64(len(s.buckets)) {
		i &= s.level - 1
	}
	return &s.buckets[i]
}

// grow adds one bucket and splits another one into the two, so that no claim
// waits for the whole table to be made anew.
func (s *MemoryDedupe) grow() {
	added := uint64(len(s.buckets))
	if added == 2*s.level {
		s.level = added
	}
	split := added - s.level
	e := s.buckets[split]
	s.buckets = append(s.buckets, nil)
	s.buckets[split] = nil
	for e != nil {
		next, bucket := e.chain, s.bucket(e.hash)
		e.chain, *bucket = *bucket, e
		e = next
	}
}

// unhold makes e what it was before it was claimed.
func (s *MemoryDedupe) unhold(e *memoryEntry) {
	if !e.isHeld {
		return
	}
	s.held.remove(e)
	if !e.isDone {
		s.forget(e)
		return
	}
	e.isHeld, e.owner = false, Owner{}
	s.done.push(e)
}

// sweep frees some of the entries that have ended: those done, and if the store
// is full those whose lease ran out. As long as there is room, their owners may
// still commit.
func (s *MemoryDedupe) sweep(now time.Duration) {
	for n := s.held.n; n > 0 && s.n >= s.limit; n-- {
		e := s.held.first
		if now < e.lease {
			s.held.remove(e)
			s.held.push(e)
			continue
		}
		s.unhold(e) // and back among the done, if it was a forced claim
	}
	for range memorySweep {
		e := s.done.first
		if e == nil || now < e.until {
			break
		}
		s.done.remove(e)
		s.forget(e)
	}
}

// add makes an entry, which is in no list, or returns nil if the store is full.
func (s *MemoryDedupe) add(key *Key, hash uint64) *memoryEntry {
	if s.n >= s.limit {
		return nil
	}
	e := s.free
	switch {
	case e != nil:
		s.free = e.next
	case len(s.chunk) == 0:
		s.chunk = make([]memoryEntry, memoryChunk)
		fallthrough
	default:
		e, s.chunk = &s.chunk[0], s.chunk[1:]
	}
	if s.n++; s.n > len(s.buckets) {
		s.grow()
	}
	bucket := s.bucket(hash)
	e.key, e.hash, e.chain, e.isDone = *key, hash, *bucket, false
	*bucket = e
	return e
}

// forget frees an entry that is in no list.
func (s *MemoryDedupe) forget(e *memoryEntry) {
	at := s.bucket(e.hash)
	for *at != e {
		at = &(*at).chain
	}
	*at = e.chain
	s.n--
	*e = memoryEntry{next: s.free}
	s.free = e
}

// memoryList is a list of entries, each in at most one.
type memoryList struct {
	first, last *memoryEntry
	n           int
}

func (l *memoryList) push(e *memoryEntry) {
	e.prev, e.next = l.last, nil
	if l.last != nil {
		l.last.next = e
	} else {
		l.first = e
	}
	l.last = e
	l.n++
}

func (l *memoryList) remove(e *memoryEntry) {
	if e.prev != nil {
		e.prev.next = e.next
	} else {
		l.first = e.next
	}
	if e.next != nil {
		e.next.prev = e.prev
	} else {
		l.last = e.prev
	}
	e.prev, e.next = nil, nil
	l.n--
}
