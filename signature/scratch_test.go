package signature

import (
	"hash"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// countingHash counts the HMACs that are finished.
type countingHash struct {
	hash.Hash

	sums *int
}

func (h countingHash) Sum(b []byte) []byte {
	*h.sums++
	return h.Hash.Sum(b)
}

// One HMAC is computed for each valid key, wherever a signature differs and
// however many there are: the work tells nothing about the right signature.
func TestRing_match_doesTheSameWorkForEveryForgery(t *testing.T) {
	at := time.Unix(1614265330, 0)
	body := []byte("body")
	s := Must(NewStripe(
		Key{Secret: "first-first-first"}, Key{Secret: "second-second-second"},
		Key{Secret: "expired-expired-", NotAfter: at.Add(-1)}, Key{Secret: "third-third-third"},
	))
	h := make(http.Header)
	require.NoError(t, s.Sign(h, "", body, at))
	good := strings.Split(h.Get("Stripe-Signature"), ",")
	count := func(signatures ...string) (int, error) {
		sums := 0
		sc := s.ring.get()
		for i := range s.ring.keys {
			sc.hmac(&s.ring.keys[i], i, nil)
			sc.macs[i] = countingHash{sc.macs[i], &sums}
		}
		sc.reset()
		for _, text := range signatures {
			sc.takeHMAC(Hex, strings.TrimPrefix(text, "v1="))
		}
		sc.text = append(sc.text, "1614265330."...)
		sc.cut = len(sc.text)
		_, err := s.ring.match(sc, body, at)
		return sums, err
	}
	sig := good[1]
	firstWrong, lastWrong := "v1="+flip(sig[3])+sig[4:], sig[:len(sig)-1]+flip(sig[len(sig)-1])
	for _, forged := range [][]string{{firstWrong}, {lastWrong}, {firstWrong, lastWrong}, {"v1=" + strings.Repeat("0", 64)}} {
		sums, err := count(forged...)
		require.ErrorIs(t, err, ErrMismatch)
		require.Equal(t, 3, sums)
	}
	for i, want := range []int{1, 2, 3} {
		sums, err := count(firstWrong, good[i+1])
		require.NoError(t, err)
		require.Equal(t, want, sums)
	}
}

// flip returns another hexadecimal digit.
func flip(digit byte) string {
	if digit == '0' {
		return "1"
	}
	return "0"
}

func TestScratch_trim_dropsLargeBuffers(t *testing.T) {
	sc := newScratch(1)
	sc.join(make([]byte, maxKept/2))
	sc.trim()
	require.NotNil(t, sc.message)
	sc.join(make([]byte, maxKept+1))
	sc.trim()
	require.Nil(t, sc.message)
}

func TestScratch_startsEmpty(t *testing.T) {
	r := Must(NewStripe(Key{Secret: "first-first-first"})).ring
	sc := r.get()
	sc.takeHMAC(Hex, strings.Repeat("0", 64))
	sc.text = append(sc.text, "text"...)
	sc.out = append(sc.out, "out"...)
	sc.cut = 2
	_, err := r.signers(sc, time.Now(), true)
	require.NoError(t, err)
	r.put(sc)
	sc.reset()
	require.Zero(t, len(sc.text)+len(sc.out)+len(sc.signers)+sc.cut+sc.seen+sc.hmacCount+sc.ed25519Count)
}
