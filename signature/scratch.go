package signature

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"hash"
)

// maxSignatures is how many signatures of one request are tried, so that a
// header full of forgeries costs little more than one. Those of versions that
// no key can check do not count.
const maxSignatures = 10

// maxKept is the largest message buffer, in bytes, that is kept for the next
// call. Webhook bodies are seldom larger.
const maxKept = 1 << 20

// scratch is the memory that one call needs: the keyed hashes of a ring, the
// signatures that a header holds, and the text that is signed with the body.
type scratch struct {
	macs []hash.Hash // one for each key of the ring; nil until it is needed
	sum  [sha256.Size]byte

	// text is what is signed besides the body: text[:cut] before the body and
	// text[cut:] after it.
	text []byte
	cut  int

	seen         int // signatures that a key could check, malformed ones included
	hmacs        [maxSignatures][sha256.Size]byte
	hmacCount    int
	ed25519s     [maxSignatures][ed25519.SignatureSize]byte
	ed25519Count int

	message []byte // text and body in one piece, which ed25519 needs
	signers []int  // indexes of the keys that sign
	out     []byte // header values that Sign writes
}

func newScratch(keys int) *scratch {
	return &scratch{
		macs: make([]hash.Hash, keys),
		text: make([]byte, 0, maxID+maxDigits+64),
	}
}

func (sc *scratch) reset() {
	sc.text = sc.text[:0]
	sc.signers = sc.signers[:0]
	sc.out = sc.out[:0]
	sc.cut, sc.seen, sc.hmacCount, sc.ed25519Count = 0, 0, 0, 0
}

// trim lets go of a buffer that an unusually large body needed.
func (sc *scratch) trim() {
	if cap(sc.message) > maxKept {
		sc.message = nil
	}
}

// takeHMAC collects a signature of an HMAC scheme, up to the limit.
func (sc *scratch) takeHMAC(e Encoding, text string) {
	if sc.seen == maxSignatures {
		return
	}
	sc.seen++
	if e.decode(sc.hmacs[sc.hmacCount][:], text) {
		sc.hmacCount++
	}
}

// takeEd25519 collects an ed25519 signature, up to the limit.
func (sc *scratch) takeEd25519(text string) {
	if sc.seen == maxSignatures {
		return
	}
	sc.seen++
	if Base64.decode(sc.ed25519s[sc.ed25519Count][:], text) {
		sc.ed25519Count++
	}
}

// has reports whether a signature that a key of kind k can check was taken.
func (sc *scratch) has(k kind) bool {
	if k == kindEd25519 {
		return sc.ed25519Count > 0
	}
	return sc.hmacCount > 0
}

// empty reports whether no well-formed signature was taken.
func (sc *scratch) empty() bool { return sc.hmacCount+sc.ed25519Count == 0 }

// matches reports whether a signature that was taken is k's, i being the index
// of k in its ring. HMACs are compared in constant time, and all of them.
func (sc *scratch) matches(k *ringKey, i int, body []byte) bool {
	if k.kind == kindEd25519 {
		message := sc.join(body)
		for j := range sc.ed25519Count {
			if ed25519.Verify(k.public, message, sc.ed25519s[j][:]) {
				return true
			}
		}
		return false
	}
	sum := sc.hmac(k, i, body)
	equal := 0
	for j := range sc.hmacCount {
		equal |= subtle.ConstantTimeCompare(sum, sc.hmacs[j][:])
	}
	return equal == 1
}

// hmac returns the HMAC-SHA256 of the text and the body under k, i being the
// index of k in its ring. It is valid until the next call.
func (sc *scratch) hmac(k *ringKey, i int, body []byte) []byte {
	mac := sc.macs[i]
	if mac == nil {
		mac = hmac.New(sha256.New, k.secret)
		sc.macs[i] = mac
	}
	// After its first Reset a keyed hash starts from a saved state, which is
	// what makes keeping it worth while.
	mac.Reset()
	if sc.cut > 0 {
		mac.Write(sc.text[:sc.cut])
	}
	mac.Write(body)
	if sc.cut < len(sc.text) {
		mac.Write(sc.text[sc.cut:])
	}
	return mac.Sum(sc.sum[:0])
}

// join returns the text and the body in one piece, valid until the next call
// with another text or body.
func (sc *scratch) join(body []byte) []byte {
	sc.message = append(sc.message[:0], sc.text[:sc.cut]...)
	sc.message = append(sc.message, body...)
	sc.message = append(sc.message, sc.text[sc.cut:]...)
	return sc.message
}
