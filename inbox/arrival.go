package inbox

import (
	"encoding/binary"
	"sync"
	"time"
)

// maxArrivals bounds, to 160 KiB, what is remembered. An item that waits behind
// more is compared by the wall clock, as another process has to.
const maxArrivals = 4096

// arrivals remembers when the latest items of this process came, with the
// monotonic reading that a store cannot keep. By the wall clock an item is only
// surely older than a fetch that began seconds later, because clocks differ; by
// its own reading it shares that fetch at once. See [cactus.Coalesce].
//
// It is a ring over the counter in the ids, so items need not be forgotten when
// they are done. A nil one remembers nothing.
type arrivals struct {
	mu   sync.Mutex
	ring []arrival
}

type arrival struct {
	id ID
	at time.Time
}

// newArrivals returns nil for a store that keeps the items themselves.
func newArrivals(store Store) *arrivals {
	if _, ok := store.(*Memory); ok {
		return nil
	}
	return new(arrivals)
}

// note remembers an item that is about to be added, if its time is of this
// process's own clock.
func (a *arrivals) note(item *Item) {
	at := item.ReceivedAt
	if a == nil || at == at.Round(0) { //nolint:staticcheck // Equal would not tell a time without a monotonic reading
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ring == nil {
		a.ring = make([]arrival, maxArrivals)
	}
	a.ring[slot(item.ID)] = arrival{item.ID, at}
}

// of returns when an item came: as this process noted it, or as it was stored.
func (a *arrivals) of(item *Item) time.Time {
	if a == nil {
		return item.ReceivedAt
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ring == nil || a.ring[slot(item.ID)].id != item.ID {
		return item.ReceivedAt
	}
	return a.ring[slot(item.ID)].at
}

// slot is an item's place by the counter in its id.
func slot(id ID) int { return int(binary.BigEndian.Uint32(id[6:]) % maxArrivals) }
