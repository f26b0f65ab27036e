package inbox

import (
	"time"
)

// memoryItem is an item in a [Memory]. Times are since the store's start. It is in
// the ready list, in the heap or among the dead.
type memoryItem struct {
	item     *Item
	size     int64
	added    time.Duration
	queued   time.Duration // added or replayed
	due      time.Duration // until when it is scheduled or held
	owner    Owner
	isHeld   bool
	attempts int
	lost     int
	burial   Burial
	buried   time.Duration
	at       int // in the heap
	links    [2]memoryLink
}

// sizeOf guesses what an item takes of memory.
func sizeOf(item *Item) int64 {
	const fixed, perLine = 600, 64
	n := fixed + cap(item.Body) + len(item.Source) + len(item.Method) + len(item.Tenant) + len(item.Key)
	if u := item.URL; u != nil {
		n += len(u.Scheme) + len(u.Host) + len(u.Path) + len(u.RawPath) + len(u.RawQuery)
	}
	for name, values := range item.Header {
		n += perLine + len(name)
		for _, value := range values {
			n += len(value)
		}
	}
	for name, value := range item.Path {
		n += perLine + len(name) + len(value)
	}
	return int64(n)
}

// memoryHeap orders what is scheduled or held by when that ends.
type memoryHeap []*memoryItem

// Len implements heap.Interface.
func (h memoryHeap) Len() int { return len(h) }

// Less implements heap.Interface.
func (h memoryHeap) Less(i, j int) bool {
	if h[i].due != h[j].due {
		return h[i].due < h[j].due
	}
	return string(h[i].item.ID[:]) < string(h[j].item.ID[:])
}

// Swap implements heap.Interface.
func (h memoryHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}

// Push implements heap.Interface.
func (h *memoryHeap) Push(x any) {
	e, _ := x.(*memoryItem)
	e.at = len(*h)
	*h = append(*h, e)
}

// Pop implements heap.Interface.
func (h *memoryHeap) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	e.at = -1
	return e
}

// An item has a link for each list that it can be in.
const (
	linkReady = iota
	linkAlive
)

type memoryLink struct{ prev, next *memoryItem }

// memoryList is a list of items.
type memoryList struct {
	link        int
	first, last *memoryItem
	n           int
}

func (l *memoryList) push(e *memoryItem) {
	e.links[l.link] = memoryLink{prev: l.last}
	if l.last != nil {
		l.last.links[l.link].next = e
	} else {
		l.first = e
	}
	l.last = e
	l.n++
}

func (l *memoryList) remove(e *memoryItem) {
	at := e.links[l.link]
	if at.prev != nil {
		at.prev.links[l.link].next = at.next
	} else {
		l.first = at.next
	}
	if at.next != nil {
		at.next.links[l.link].prev = at.prev
	} else {
		l.last = at.prev
	}
	e.links[l.link] = memoryLink{}
	l.n--
}
