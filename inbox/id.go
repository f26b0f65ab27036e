package inbox

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"sync/atomic"
	"time"
)

// ID identifies an item. Ids ascend, byte by byte, in the order in which one
// process makes them, and about in the order of time between processes, so that
// an index over them grows at its end. The zero ID is before all others.
//
// The Inbox makes it, not the store: an Add whose answer was lost can be
// repeated, and a group of them is one statement.
type ID [16]byte

// ParseID reads what [ID.String] returns.
func ParseID(text string) (id ID, err error) {
	if len(text) != hex.EncodedLen(len(id)) {
		return ID{}, fmt.Errorf("inbox: an item's id must be %d hexadecimal digits, not %d characters", hex.EncodedLen(len(id)), len(text))
	}
	if _, err := hex.Decode(id[:], []byte(text)); err != nil {
		return ID{}, fmt.Errorf("inbox: an item's id must be %d hexadecimal digits", hex.EncodedLen(len(id)))
	}
	return id, nil
}

// String returns id in hexadecimal digits, which sort like the ids.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// MarshalText returns the text of [ID.String].
func (id ID) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, id[:]), nil }

// UnmarshalText reads what MarshalText returns.
func (id *ID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseID(string(text))
	return err
}

// Owner is the token of one claim, unlike that of any other claim of any
// process. It is what a late owner is told apart by.
type Owner [16]byte

// String returns o in hexadecimal digits.
func (o Owner) String() string { return hex.EncodeToString(o[:]) }

// tokens makes ids and owners: at random once, and counted from there.
type tokens struct {
	process [8]byte
	items   atomic.Uint32
	owners  atomic.Uint64
}

func newTokens() *tokens {
	t := new(tokens)
	_, _ = rand.Read(t.process[:]) // never fails
	return t
}

// id is the time in milliseconds, a counter and the process.
func (t *tokens) id(now time.Time) (id ID) {
	var stamp [8]byte
	binary.BigEndian.PutUint64(stamp[:], uint64(now.UnixMilli())<<16)
	copy(id[:6], stamp[:6])
	binary.BigEndian.PutUint32(id[6:], t.items.Add(1))
	copy(id[10:], t.process[:6])
	return id
}

func (t *tokens) owner() (o Owner) {
	copy(o[:], t.process[:])
	binary.BigEndian.PutUint64(o[8:], t.owners.Add(1))
	return o
}
