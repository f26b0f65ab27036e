// Package backoff has the waits between tries: exponential with jitter, and
// the Retry-After header.
package backoff

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// Exponential doubles from Base up to Max.
type Exponential struct {
	Base, Max time.Duration
}

// Wait returns the wait after the given number of failures, 1 for the first:
// between half and all of the doubled Base, so that many clients that failed
// together do not return together.
func (e Exponential) Wait(failures int) time.Duration {
	d := e.Base
	for i := 1; i < failures && d < e.Max; i++ {
		d *= 2
	}
	d = min(d, e.Max)
	if d <= 1 {
		return d
	}
	half := d / 2
	return half + rand.N(d-half+1) //nolint:gosec // jitter needs no secrecy
}

// Fits reports whether waiting d leaves time before ctx's deadline.
func Fits(ctx context.Context, d time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) > d
}

// Sleep waits for d, or until ctx is done and returns its cause.
func Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return context.Cause(ctx)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// maxSeconds keeps a delta-seconds value inside a time.Duration.
const maxSeconds = 1 << 33

// RetryAfter reads the Retry-After header of RFC 9110, section 10.2.3: seconds
// or an HTTP date, which is compared with now. A date in the past is zero.
// It returns false if the header is absent or malformed. A wait of more than
// centuries is one of centuries.
func RetryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	text := h.Get("Retry-After")
	if text == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseUint(text, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) { // then it is the largest
		return time.Duration(min(seconds, maxSeconds)) * time.Second, true
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now), 0), true
	}
	return 0, false
}
