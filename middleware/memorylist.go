package middleware

import "time"

// memoryDone has the entries that are done for one retention, in the order in
// which they were committed. The last one has those of all other retentions as
// well, and frees them late.
type memoryDone struct {
	memoryList

	retention time.Duration
}

// doneList returns the number of the list for a retention.
func (t *memoryTable) doneList(retention time.Duration) uint8 {
	for i := range t.done {
		if t.done[i].retention == retention || i == memoryRetentions-1 {
			return uint8(i)
		}
	}
	t.done = append(t.done, memoryDone{retention: retention})
	return uint8(len(t.done) - 1) //nolint:gosec // few
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
