package cactus

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/cactuscorp/cactus/internal/backoff"
)

// ErrThrottled means that a request was not sent, because [WithRateLimit] would
// not have let it through in time.
var ErrThrottled = errors.New("cactus: throttled")

// What a 429 does to the rate of [WithRateLimit].
const (
	rateFloor = 0.01 // of the limit; the rate does not fall below
	rateRaise = 0.01 // of the limit, for each answer
	maxPause  = time.Minute
)

// WithRateLimit lets the client send so many requests a second, on average, and
// up to burst at once after a pause. Every try counts, of a pull, of Get and of a
// page of [Client.Events]; a redirect does not. Each client has a limit of its
// own. The default is none.
//
// The limit adapts: a 429 halves the rate, down to a hundredth of perSecond, and
// no request begins until the answer's Retry-After is over, or a minute if that
// is less. Those that were under way at that time say nothing new and halve it no
// further. Each answer to a later request, unless it is a 429 or 5xx, raises the
// rate by a hundredth of perSecond until it is back.
//
// A request waits for its turn within its context and the total of
// [WithRetries]. One whose turn would come later than that fails at once with an
// [ErrThrottled]. Its outcome is OutcomeRetry and its wait the time until that
// turn, so that a sender is answered 503 with Retry-After.
//
// It panics if perSecond is not positive and finite or burst is less than 1.
func WithRateLimit(perSecond float64, burst int) ClientOption {
	if !(perSecond > 0) || math.IsInf(perSecond, 1) || burst < 1 {
		panic(fmt.Sprintf("cactus: WithRateLimit(%v, %d): needed is a positive rate and a burst of at least 1", perSecond, burst))
	}
	return func(c *Client) {
		c.throttle = &throttle{
			limit: perSecond, burst: burst,
			rate: perSecond, bucket: rate.NewLimiter(rate.Limit(perSecond), burst),
		}
	}
}

// throttle is a token bucket whose rate adapts: additive increase and
// multiplicative decrease. Nil lets everything through.
type throttle struct {
	limit float64
	burst int

	mu     sync.Mutex
	rate   float64
	bucket *rate.Limiter // another one after each 429
	paused time.Time     // no request begins before
	cut    time.Time     // when the rate was last halved
}

// wait returns when a request may be sent.
func (t *throttle) wait(ctx context.Context) error {
	if t == nil {
		return nil
	}
	for {
		turn, err := t.reserve(ctx)
		if err != nil || turn == nil {
			return err
		}
		if err := backoff.Sleep(ctx, time.Until(turn.at)); err != nil {
			t.giveBack(turn)
			return err
		}
		if t.holds(turn.bucket) {
			return nil
		}
	}
}

// turn is a place in the queue for a bucket's tokens.
type turn struct {
	at       time.Time
	bucket   *rate.Limiter
	reserved *rate.Reservation
}

// reserve takes the next turn, or none if there is no need to wait. Times before
// the end of a pause are never shown to the bucket, so that no tokens come in
// while it lasts.
func (t *throttle) reserve(ctx context.Context) (*turn, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	from := t.notBefore(now)
	r := t.bucket.ReserveN(from, 1)
	at := from.Add(r.DelayFrom(from))
	delay := at.Sub(now)
	if delay <= 0 {
		return nil, nil //nolint:nilnil // no turn is the usual thing
	}
	if !backoff.Fits(ctx, delay) {
		r.CancelAt(from)
		return nil, &Error{Outcome: OutcomeRetry, After: delay, Err: ErrThrottled}
	}
	return &turn{at, t.bucket, r}, nil
}

// giveBack leaves the queue, for the turns that are taken later.
func (t *throttle) giveBack(left *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	left.reserved.CancelAt(t.notBefore(time.Now()))
}

// holds reports whether a turn in this bucket is still worth something: after a
// 429 everybody who waits queues anew, at the new rate.
func (t *throttle) holds(bucket *rate.Limiter) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.bucket == bucket
}

// answered learns from the answer to a request that began at that time.
func (t *throttle) answered(resp *http.Response, began time.Time) {
	if t == nil {
		return
	}
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	later := began.After(t.cut)
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		after, _ := backoff.RetryAfter(resp.Header, now)
		t.slowDown(now, min(after, maxPause), later)
	case resp.StatusCode < http.StatusInternalServerError && later && t.rate < t.limit:
		t.rate = min(t.rate+rateRaise*t.limit, t.limit)
		t.bucket.SetLimitAt(t.notBefore(now), rate.Limit(t.rate))
	}
}

// slowDown starts with a bucket that is empty, but for one token where a pause
// keeps that from being spent at once.
func (t *throttle) slowDown(now time.Time, pause time.Duration, halve bool) {
	if halve {
		t.rate, t.cut = max(t.rate/2, rateFloor*t.limit), now
	}
	spent := t.burst
	if pause > 0 {
		spent--
	}
	if until := now.Add(pause); until.After(t.paused) {
		t.paused = until
	}
	t.bucket = rate.NewLimiter(rate.Limit(t.rate), t.burst)
	t.bucket.ReserveN(t.notBefore(now), spent)
}

func (t *throttle) notBefore(now time.Time) time.Time {
	if now.Before(t.paused) {
		return t.paused
	}
	return now
}
