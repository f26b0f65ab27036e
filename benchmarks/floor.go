package benchmarks

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"net/http"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
)

var (
	errSum      = errors.New("the HMAC is another")
	errVerified = errors.New("verification ended as it should not")
)

// madeHMAC is the HMAC that is made for each message, which is what every peer
// does.
func madeHMAC() hash.Hash { return hmac.New(sha256.New, secretKey) }

// keptHMAC is an HMAC that is made once and reset for each message, than which
// nothing is cheaper.
func keptHMAC() func() hash.Hash {
	mac := madeHMAC()
	return func() hash.Hash {
		mac.Reset()
		return mac
	}
}

// hashing is the work of the bare HMAC over what is signed of a ring's requests.
func hashing(ring []*request, newMAC func() hash.Hash) Work {
	contents := signedContents(ring)
	next := 0
	var sum [sha256.Size]byte
	return func(n int) error {
		for range n {
			c := &contents[next%len(contents)]
			next++
			mac := newMAC()
			mac.Write(c.text)
			mac.Sum(sum[:0])
			if sum != c.sum {
				return errSum
			}
		}
		return nil
	}
}

// decoding is the work of the bare HMAC, and of encoding/json on the data of a
// ring of full events.
func decoding(ring []*request, newMAC func() hash.Hash) Work {
	hashed := hashing(ring, newMAC)
	next := 0
	data := make([]json.RawMessage, len(ring))
	for i, r := range ring {
		data[i] = signature.Must(cactus.ParseEnvelope(r.body.content)).Data
	}
	return func(n int) error {
		for range n {
			if err := hashed(1); err != nil {
				return err
			}
			order := new(Order)
			if err := json.Unmarshal(data[next%len(data)], order); err != nil {
				return err
			}
			next++
			if len(order.Items) != orderItems {
				return fmt.Errorf("decoded %d items, want %d", len(order.Items), orderItems)
			}
		}
		return nil
	}
}

// verifying is the work of a verifier alone, whose error must be want.
func verifying(ring []*request, v signature.Verifier, want error) Work {
	next := 0
	now := time.Now()
	return func(n int) error {
		for range n {
			r := ring[next%len(ring)]
			next++
			if _, err := v.Verify(r.Header, r.body.content, now); !errors.Is(err, want) {
				return errors.Join(errVerified, err)
			}
		}
		return nil
	}
}

// verifyingPeer is verifying for a peer's verifier.
func verifyingPeer(ring []*request, verify func(http.Header, []byte) error) Work {
	next := 0
	return func(n int) error {
		for range n {
			r := ring[next%len(ring)]
			next++
			if err := verify(r.Header, r.body.content); err != nil {
				return err
			}
		}
		return nil
	}
}
