package middleware

import (
	"crypto/rand"
	"encoding/binary"
)

// owners makes tokens: at random once, and counted from there. It is not safe
// for concurrent use.
type owners struct {
	upcoming Owner // made one call ahead: a processor waits to read what it has just written in parts
	count    uint64
}

func newOwners() (o owners) {
	_, _ = rand.Read(o.upcoming[:8]) // never fails
	o.next()
	return o
}

func (o *owners) next() Owner {
	next := o.upcoming
	o.count++
	binary.BigEndian.PutUint64(o.upcoming[8:], o.count)
	return next
}
