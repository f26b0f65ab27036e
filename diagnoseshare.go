package cactus

import (
	"errors"
	"maps"
	"slices"
	"strings"
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

// shareMemory is, in diagnoses, how long one counts as lately: about how many who
// are refused all the time get the same.
const shareMemory = 64

// shares is which refused requests are looked into: so many a second in all, of
// which whoever is refused all the time may not have the last. A share that had no
// diagnosis lately may have any; the others leave half of the burst to such. A
// stranger who can ask for many tenants has many shares.
type shares struct {
	burst  int
	memory time.Duration // how long a diagnosis counts as lately

	mu      sync.Mutex
	limiter *rate.Limiter
	running int
	skipped int
	last    map[share]time.Time // no more than came lately: shareMemory and a burst
}

// share is what is refused alike: of one tenant, and one of the refusals.
type share struct {
	tenant  string
	refusal int
}

// newShares returns shares of so many a second. A zero burst is the default's.
func newShares(perSecond rate.Limit, burst int) *shares {
	if burst == 0 {
		perSecond, burst = defaultDiagnosesRate, defaultDiagnosesBurst
	}
	memory := min(shareMemory/float64(perSecond), (24 * time.Hour).Seconds())
	return &shares{
		burst: burst, memory: time.Duration(memory * float64(time.Second)),
		limiter: rate.NewLimiter(perSecond, burst), last: make(map[share]time.Time),
	}
}

// begin reports whether a request of that tenant, which err refused, is looked
// into, and counts it as skipped otherwise. Who gets true calls end.
func (s *shares) begin(tenant string, err error) bool {
	its := share{tenant[:min(len(tenant), maxLogged)], refusalOf(err)}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	kept := 0 // for others
	if now.Sub(s.last[its]) < s.memory {
		kept = s.burst / 2
	}
	const rounding = 1e-6
	if s.running+kept >= s.burst || s.limiter.TokensAt(now)+rounding < float64(kept+1) || !s.limiter.AllowN(now, 1) {
		s.skipped++
		return false
	}
	s.running++
	maps.DeleteFunc(s.last, func(_ share, last time.Time) bool { return now.Sub(last) >= s.memory })
	its.tenant = strings.Clone(its.tenant) // which may be a part of something large
	s.last[its] = now
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

// refusals are told apart, and nothing else is: an error's text may be a stranger's.
var refusals = [...]error{
	signature.ErrMismatch, signature.ErrNoSignature, signature.ErrBadHeader, signature.ErrUnsupported,
	signature.ErrTooOld, signature.ErrTooNew, signature.ErrNoKey,
}

// refusalOf returns the place of err among the refusals, and -1 for any other.
func refusalOf(err error) int {
	return slices.IndexFunc(refusals[:], func(kind error) bool { return errors.Is(err, kind) })
}
