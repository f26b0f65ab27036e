// Package disk is a disk in memory that can lose its power, for SQLite by the
// driver github.com/ncruces/go-sqlite3.
//
// Writes and truncations of a file are safe once the file is synced; that a file
// was made or removed, once the folder is, and a new file's first sync does that.
// When the power fails, an arbitrary subset of what is not safe is kept, by
// sectors of 512 bytes.
package disk

import (
	"errors"
	"maps"
	"math/rand/v2"
	"sync"
)

// errPower is what everything fails with once the power is gone.
var errPower = errors.New("disk: no power")

const sector = 512

// Disk is safe for concurrent use, but its files lock nothing: open each
// database by one connection.
type Disk struct {
	mu     sync.Mutex
	random *rand.Rand
	lies   bool
	off    bool
	fuse   int              // operations until the power fails; negative: never
	done   int              // operations
	names  map[string]*node // as the program sees them
	safe   map[string]*node // as they are on the disk
}

// node is a file's content.
type node struct {
	data  []byte // as the program sees it
	safe  []byte // as it is on the disk
	queue []op   // what the two differ by
}

// op is a write of data at off, or a truncation to off if data is nil.
type op struct {
	off  int64
	data []byte
}

// New makes an empty disk. The seed decides what is kept when the power fails.
func New(seed uint64) *Disk {
	return &Disk{random: rand.New(rand.NewPCG(seed, seed)), fuse: -1, names: map[string]*node{}, safe: map[string]*node{}} //nolint:gosec // it has to be repeatable
}

// Lie makes the disk say that it has synced without doing so.
func (d *Disk) Lie() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lies = true
}

// FailAfter lets the power fail instead of the operation that comes after the
// given number of them. Operations are writes, truncations, syncs and removals.
func (d *Disk) FailAfter(operations int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fuse = operations
}

// Operations returns how many there have been.
func (d *Disk) Operations() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.done
}

// Restart cuts the power, if it is not gone yet, and returns a disk that has
// what is left.
func (d *Disk) Restart() *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.off = true
	next := New(d.random.Uint64())
	keep := d.keeps()
	for name, n := range d.names {
		if d.safe[name] != n && keep() {
			d.safe[name] = n
		}
	}
	for name, n := range d.safe {
		if d.names[name] == nil && keep() {
			continue // removed
		}
		for _, o := range n.queue {
			n.safe = o.tear(n.safe, keep)
		}
		next.names[name] = &node{data: append([]byte(nil), n.safe...), safe: n.safe}
		next.safe[name] = next.names[name]
	}
	return next
}

// keeps decides what is kept of what is not safe: nothing, all, or some of it.
func (d *Disk) keeps() func() bool {
	percent := []int{0, 0, 50, 50, 90, 100}[d.random.IntN(6)]
	return func() bool { return d.random.IntN(100) < percent }
}

// tear does those sectors of o that are kept.
func (o op) tear(b []byte, keep func() bool) []byte {
	if o.data == nil {
		if keep() {
			b = o.apply(b)
		}
		return b
	}
	for at := 0; at < len(o.data); {
		end := min(len(o.data), at+sector-int((o.off+int64(at))%sector))
		if keep() {
			b = op{o.off + int64(at), o.data[at:end]}.apply(b)
		}
		at = end
	}
	return b
}

func (o op) apply(b []byte) []byte {
	if o.data == nil {
		return grow(b, o.off)[:o.off]
	}
	b = grow(b, o.off+int64(len(o.data)))
	copy(b[o.off:], o.data)
	return b
}

// grow fills with zeros.
func grow(b []byte, size int64) []byte {
	if missing := size - int64(len(b)); missing > 0 {
		b = append(b, make([]byte, missing)...)
	}
	return b
}

// operate counts an operation and reports whether there is power for it. The
// caller holds the lock.
func (d *Disk) operate() bool {
	if d.fuse == d.done {
		d.off = true
	}
	d.done++
	return !d.off
}

// change does an operation on a file's content.
func (d *Disk) change(n *node, o op) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.operate() {
		return errPower
	}
	n.data = o.apply(n.data)
	n.queue = append(n.queue, o)
	return nil
}

// sync makes a file safe, and the folder with it if the file is new there, as
// SQLite's own interface to Unix does for its journals.
func (d *Disk) sync(name string, n *node) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.operate() {
		return errPower
	}
	if d.lies {
		return nil
	}
	for _, o := range n.queue {
		n.safe = o.apply(n.safe)
	}
	n.queue = nil
	if d.names[name] == n && d.safe[name] != n {
		d.syncFolder()
	}
	return nil
}

func (d *Disk) syncFolder() { d.safe = maps.Clone(d.names) }

// remove removes a file and reports whether there was one.
func (d *Disk) remove(name string, sync bool) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.names[name] == nil {
		return false, nil
	}
	if !d.operate() {
		return true, errPower
	}
	delete(d.names, name)
	if sync && !d.lies {
		d.syncFolder()
	}
	return true, nil
}
