package signature

import (
	"crypto/ed25519"
	"fmt"
	"strconv"
	"sync"
	"time"
)

// kind is the algorithm of a key. Kinds are bits, so that they make sets.
type kind uint8

const (
	kindHMAC kind = 1 << iota
	kindEd25519
)

// material is a parsed secret.
type material struct {
	kind    kind
	secret  []byte             // kindHMAC
	public  ed25519.PublicKey  // kindEd25519
	private ed25519.PrivateKey // kindEd25519; nil: the key only verifies
}

// canSign reports whether the material can sign.
func (m *material) canSign() bool {
	return m.kind == kindHMAC || m.private != nil
}

// ringKey is a key that was checked and parsed.
type ringKey struct {
	material

	name                string
	notBefore, notAfter time.Time
}

// validAt reports whether t is in the key's window, both ends included.
func (k *ringKey) validAt(t time.Time) bool {
	return (k.notBefore.IsZero() || !t.Before(k.notBefore)) &&
		(k.notAfter.IsZero() || !t.After(k.notAfter))
}

// ring is the keys of one scheme and the scratch memory to use them with. It
// does not change after newRing and is safe for concurrent use. Schemes hold
// it by pointer, so that printing a scheme prints no key.
type ring struct {
	keys  []ringKey
	kinds kind      // of all keys
	pool  sync.Pool // of *scratch
}

// newRing checks the keys and parses their secrets. Its errors name the scheme
// and the key.
func newRing(scheme string, keys []Key, parse func(secret string) (material, error)) (*ring, error) {
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s: no keys, want at least one", scheme)
	}
	r := &ring{keys: make([]ringKey, 0, len(keys))}
	for i, k := range keys {
		if k.Name == "" {
			k.Name = "key" + strconv.Itoa(i+1)
		}
		m, err := k.parse(keys[:i], r.keys, parse)
		if err != nil {
			return nil, fmt.Errorf("%s: %v (number %d): %w", scheme, k, i+1, err)
		}
		r.kinds |= m.kind
		r.keys = append(r.keys, ringKey{material: m, name: k.Name, notBefore: k.NotBefore, notAfter: k.NotAfter})
	}
	return r, nil
}

// validAt returns the kinds of the keys that are valid at t.
func (r *ring) validAt(t time.Time) kind {
	var kinds kind
	for i := range r.keys {
		if r.keys[i].validAt(t) {
			kinds |= r.keys[i].kind
		}
	}
	return kinds
}

// get returns scratch memory, with no text and no signatures.
func (r *ring) get() *scratch {
	sc, ok := r.pool.Get().(*scratch)
	if !ok {
		return newScratch(len(r.keys))
	}
	sc.reset()
	return sc
}

// put gives scratch memory back.
func (r *ring) put(sc *scratch) {
	sc.trim()
	r.pool.Put(sc)
}

// match tries every key that is valid at t, in order, on every signature that
// sc has collected, and returns the name of the first key that fits. All
// signatures are compared with a key's before the outcome is looked at.
func (r *ring) match(sc *scratch, body []byte, t time.Time) (string, error) {
	tried := false
	for i := range r.keys {
		k := &r.keys[i]
		if !sc.has(k.kind) || !k.validAt(t) {
			continue
		}
		tried = true
		if sc.matches(k, i, body) {
			return k.name, nil
		}
	}
	if !tried {
		return "", ErrNoKey
	}
	return "", ErrMismatch
}

// signers returns the indexes of the keys that sign at t, in order: all of
// them, or the first one only.
func (r *ring) signers(sc *scratch, t time.Time, all bool) ([]int, error) {
	for i := range r.keys {
		if k := &r.keys[i]; !k.canSign() || !k.validAt(t) {
			continue
		}
		if len(sc.signers) == maxSignatures {
			return nil, errManyKeys
		}
		sc.signers = append(sc.signers, i)
		if !all {
			break
		}
	}
	if len(sc.signers) == 0 {
		return nil, errNoSigningKey
	}
	return sc.signers, nil
}
