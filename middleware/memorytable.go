package middleware

import (
	"crypto/rand"
	"crypto/sha256"
	"hash/maphash"
	"math"
	"strings"
	"sync"
	"time"
)

// memoryTable is what [MemoryDedupe] and [MemoryOrder] are made of: a bounded
// hash table of entries that are held or done. All but Len needs its lock.
type memoryTable struct {
	limit  int
	start  time.Time
	seed   maphash.Seed
	secret [32]byte // of digests

	mu      sync.Mutex
	n       int            // entries
	buckets []*memoryEntry // each a list by chain
	level   uint64         // the power of two that len(buckets) has passed
	held    memoryList     // claims whose leases end, in the order in which they were made
	done    []memoryDone   // what is not held
	chunk   []memoryEntry
	free    *memoryEntry // by next
	owners  owners
}

// memoryEntry is one key. Times are since the table's start. An entry is held, or
// done until a time that may be over, or both.
//
// What a store with many entries looks at in one that nobody has touched for long
// comes first, so that it is in one line of the processor's cache.
type memoryEntry struct {
	hash       uint64
	chain      *memoryEntry
	until      time.Duration // until when it is done
	prev, next *memoryEntry
	owner      Owner // of the claim, or of the one that was committed
	isHeld     bool
	isDone     bool
	list       uint8 // which of the done, of an entry that is done
	shortLen   uint8
	short      [memoryShort]byte
	key        Key           // with an ID if that is too long for short
	lease      time.Duration // until when it is held
	position   int64         // of a MemoryOrder
}

const (
	memoryLimit      = 1_000_000
	memoryShort      = 47  // bytes of an id that an entry has room for
	memoryID         = 256 // bytes of an id that is kept as it is
	memoryChunk      = 64  // entries allocated together
	memorySweep      = 4   // entries of each list looked at for each commit
	memoryRetentions = 8
	memoryBuckets    = 64 // of an empty store, a power of two

	endless time.Duration = math.MaxInt64 // a lease's end
)

func newMemoryTable() memoryTable {
	return memoryTable{
		limit: memoryLimit, start: time.Now(), seed: maphash.MakeSeed(), secret: newSecret(),
		buckets: make([]*memoryEntry, memoryBuckets), level: memoryBuckets, owners: newOwners(),
	}
}

func newSecret() (secret [32]byte) {
	_, _ = rand.Read(secret[:]) // never fails
	return secret
}

func (t *memoryTable) now() time.Duration { return time.Since(t.start) }

func (t *memoryTable) len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.n
}

// hold gives e to an owner for a lease from now on. It is held, or done, or just
// made. A lease that is endless needs no clock, and no list to find its end in.
func (t *memoryTable) hold(e *memoryEntry, owner Owner, now, lease time.Duration) {
	switch {
	case e.isHeld:
		t.unlist(e)
	case e.isDone:
		t.done[e.list].remove(e)
	}
	e.owner, e.isHeld, e.lease = owner, true, endless
	if lease < leaseForever {
		e.lease = now + lease
		t.held.push(e)
	}
}

// unlist takes an entry that is held out of its list.
func (t *memoryTable) unlist(e *memoryEntry) {
	if e.lease != endless {
		t.held.remove(e)
	}
}

func (t *memoryTable) renew(key Key, owner Owner, lease time.Duration) error {
	now, hash := t.now(), t.hash(&key)
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.find(&key, hash)
	if e == nil || !e.isHeld || e.owner != owner {
		return ErrLeaseLost
	}
	t.hold(e, owner, now, lease)
	return nil
}

func (t *memoryTable) release(key Key, owner Owner) {
	hash := t.hash(&key)
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.find(&key, hash); e != nil && e.isHeld && e.owner == owner {
		t.unhold(e)
	}
}

// finish makes an entry that is held done, in the list of the retention that it
// is done for, and frees some that have ended.
func (t *memoryTable) finish(e *memoryEntry, now, until time.Duration, list uint8) {
	t.unlist(e)
	e.isHeld, e.isDone, e.until, e.list = false, true, until, list
	t.done[list].push(e)
	t.sweep(now)
}

// unhold makes e what it was before it was claimed.
func (t *memoryTable) unhold(e *memoryEntry) {
	if !e.isHeld {
		return
	}
	t.unlist(e)
	if !e.isDone {
		t.forget(e)
		return
	}
	e.isHeld, e.owner = false, Owner{}
	t.done[e.list].push(e)
}

// sweep frees some of the entries that are done and have ended.
func (t *memoryTable) sweep(now time.Duration) {
	for i := range t.done {
		done := &t.done[i]
		for range memorySweep {
			e := done.first
			if e == nil || now < e.until {
				break
			}
			done.remove(e)
			t.forget(e)
		}
	}
}

// makeRoom frees some of the entries that have ended: those done, and if there
// is no room, those whose lease ran out. As long as there is room, their owners
// may still commit.
func (t *memoryTable) makeRoom(now time.Duration) {
	for n := t.held.n; n > 0 && t.n >= t.limit; n-- {
		e := t.held.first
		if now < e.lease {
			t.held.remove(e)
			t.held.push(e)
			continue
		}
		t.unhold(e) // and back among the done, if it was done before
	}
	t.sweep(now)
}

// add makes an entry, which is in no list, or returns nil if there is no room.
// The id is copied, because it may be a part of an event's whole text.
func (t *memoryTable) add(key *Key, hash uint64) *memoryEntry {
	if t.n >= t.limit {
		t.makeRoom(t.now())
	}
	if t.n >= t.limit {
		return nil
	}
	e := t.free
	switch {
	case e != nil:
		t.free, e.next = e.next, nil
	case len(t.chunk) == 0:
		t.chunk = make([]memoryEntry, memoryChunk)
		fallthrough
	default:
		e, t.chunk = &t.chunk[0], t.chunk[1:]
	}
	if t.n++; 2*t.n > len(t.buckets) {
		t.grow()
	}
	bucket := t.bucket(hash)
	e.setKey(key)
	e.hash, e.chain = hash, *bucket
	*bucket = e
	return e
}

func (e *memoryEntry) setKey(key *Key) {
	e.key, e.shortLen = *key, 0
	if len(key.ID) > memoryShort {
		e.key.ID = strings.Clone(key.ID)
		return
	}
	e.key.ID, e.shortLen = "", uint8(copy(e.short[:], key.ID)) //nolint:gosec // at most memoryShort
}

func (e *memoryEntry) hasKey(key *Key) bool {
	if len(key.ID) > memoryShort {
		return e.key == *key
	}
	return string(e.short[:e.shortLen]) == key.ID && e.key.ID == "" && e.key.Source == key.Source && e.key.Tenant == key.Tenant
}

// forget frees an entry that is in no list. Its owner is nobody's any more.
func (t *memoryTable) forget(e *memoryEntry) {
	at := t.bucket(e.hash)
	for *at != e {
		at = &(*at).chain
	}
	*at = e.chain
	t.n--
	e.key, e.shortLen, e.owner, e.chain, e.isHeld, e.isDone = Key{}, 0, Owner{}, nil, false, false
	e.next, t.free = t.free, e
}

// hash spreads the keys. Two may have the same. It comes before all else: an id
// that is too long to be kept gives way to its digest in key. A sender cannot
// make one up that is another's digest, because the secret is in it.
func (t *memoryTable) hash(key *Key) uint64 {
	if len(key.ID) > memoryID {
		digest := sha256.Sum256(append(t.secret[:len(t.secret):len(t.secret)], key.ID...))
		key.ID = string(digest[:])
	}
	hash := maphash.String(t.seed, key.ID)
	if key.Source != "" {
		hash = hash*31 + maphash.String(t.seed, key.Source)
	}
	if key.Tenant != "" {
		hash = hash*37 + maphash.String(t.seed, key.Tenant)
	}
	return hash
}

func (t *memoryTable) find(key *Key, hash uint64) *memoryEntry {
	e := *t.bucket(hash)
	for e != nil && (e.hash != hash || !e.hasKey(key)) {
		e = e.chain
	}
	return e
}

// bucket returns where the list of a hash begins. The table grows by linear
// hashing: those buckets that have been split already know a bit more.
func (t *memoryTable) bucket(hash uint64) **memoryEntry {
	i := hash & (2*t.level - 1)
	if i >= uint64(len(t.buckets)) {
		i &= t.level - 1
	}
	return &t.buckets[i]
}

// grow adds one bucket and splits another one into the two, so that no claim
// waits for the whole table to be made anew.
func (t *memoryTable) grow() {
	added := uint64(len(t.buckets))
	if added == 2*t.level {
		t.level = added
	}
	split := added - t.level
	e := t.buckets[split]
	t.buckets = append(t.buckets, nil)
	t.buckets[split] = nil
	for e != nil {
		next, bucket := e.chain, t.bucket(e.hash)
		e.chain, *bucket = *bucket, e
		e = next
	}
}
