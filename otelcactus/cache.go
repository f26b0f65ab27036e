package otelcactus

import (
	"maps"
	"sync"
	"sync/atomic"
)

// cache keeps what is made once a key. Reading takes no lock and allocates
// nothing. It never forgets, so the keys must be bounded.
type cache[K comparable, V any] struct {
	mu   sync.Mutex
	read atomic.Pointer[map[K]V]
}

func (c *cache[K, V]) get(key K) (V, bool) {
	if m := c.read.Load(); m != nil {
		v, ok := (*m)[key]
		return v, ok
	}
	var zero V
	return zero, false
}

// len returns how many there are.
func (c *cache[K, V]) len() int {
	if m := c.read.Load(); m != nil {
		return len(*m)
	}
	return 0
}

// add keeps v, unless somebody was faster, and returns what is kept.
func (c *cache[K, V]) add(key K, v V) V {
	c.mu.Lock()
	defer c.mu.Unlock()
	if kept, ok := c.get(key); ok {
		return kept
	}
	next := make(map[K]V)
	if m := c.read.Load(); m != nil {
		maps.Copy(next, *m)
	}
	next[key] = v
	c.read.Store(&next)
	return v
}
