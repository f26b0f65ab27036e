package cactus

import (
	"errors"
	"hash/maphash"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/cactuscorp/cactus/signature"
)

// The defaults of WithDiagnosticsRate.
const (
	defaultDiagnosesRate  = rate.Limit(1)
	defaultDiagnosesBurst = 5
)

// shares is which refused requests are looked into: so many a second in all, of
// which whoever is refused all the time may not have the last. A share is that of
// one tenant and one kind of refusal. One that had no diagnosis lately may have
// any; the others leave half of the burst to such.
//
// Shares are remembered in places that they may have in common, so that strangers
// cannot make it grow. Two in one place are as one.
type shares struct {
	burst  int
	memory time.Duration // how long a diagnosis counts as lately

	mu      sync.Mutex
	limiter *rate.Limiter
	running int
	skipped int
	seed    maphash.Seed
	last    [sharePlaces]time.Time
}

const (
	sharePlaces = 256
	// shareMemory is, in diagnoses, how long one counts as lately: about how many
	// who are refused all the time get the same.
	shareMemory = 64
)

// newShares returns shares of so many a second. A zero burst is the default's.
func newShares(perSecond rate.Limit, burst int) *shares {
	if burst == 0 {
		perSecond, burst = defaultDiagnosesRate, defaultDiagnosesBurst
	}
	memory := min(shareMemory/float64(perSecond), (24 * time.Hour).Seconds())
	return &shares{
		burst: burst, memory: time.Duration(memory * float64(time.Second)),
		limiter: rate.NewLimiter(perSecond, burst), seed: maphash.MakeSeed(),
	}
}

// begin reports whether a request of that tenant, which err refused, is looked
// into, and counts it as skipped otherwise. Who gets true calls end.
func (s *shares) begin(tenant string, err error) bool {
	share := maphash.String(s.seed, refusalKind(err)+tenant)
	s.mu.Lock()
	defer s.mu.Unlock()
	now, last := time.Now(), &s.last[share%sharePlaces]
	kept := 0 // for others
	if !last.IsZero() && now.Sub(*last) < s.memory {
		kept = s.burst / 2
	}
	const rounding = 1e-6
	if s.running+kept >= s.burst || s.limiter.TokensAt(now)+rounding < float64(kept+1) || !s.limiter.AllowN(now, 1) {
		s.skipped++
		return false
	}
	s.running++
	*last = now
	return true
}

// end gives back what begin took.
func (s *shares) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running--
}

// takeSkipped returns how many were skipped since the last call.
func (s *shares) takeSkipped() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	skipped := s.skipped
	s.skipped = 0
	return skipped
}

// refusalKind returns a word for each of the kinds of refusal, of which there are few
// whatever a verifier returns.
func refusalKind(err error) string {
	for _, kind := range [...]struct {
		word string
		of   error
	}{
		{"m", signature.ErrMismatch},
		{"s", signature.ErrNoSignature},
		{"h", signature.ErrBadHeader},
		{"u", signature.ErrUnsupported},
		{"o", signature.ErrTooOld},
		{"n", signature.ErrTooNew},
		{"k", signature.ErrNoKey},
	} {
		if errors.Is(err, kind.of) {
			return kind.word
		}
	}
	return "-"
}
