package middleware

import (
	"crypto/rand"
	"encoding/binary"
)

// owners makes tokens: at random once, and counted from there. It is not safe
// for concurrent use.
type owners struct {
	prefix [8]byte
	count  uint64
}

func newOwners() (o owners) {
	_, _ = rand.Read(o.prefix[:]) // never fails
	return o
}

func (o *owners) next() (next Owner) {
	o.count++
	copy(next[:], o.prefix[:])
	binary.BigEndian.PutUint64(next[len(o.prefix):], o.count)
	return next
}
