package cactus_test

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/types"
)

// limited is an API without a network that notes when it was asked.
type limited struct {
	mu     sync.Mutex
	start  time.Time
	times  []time.Duration
	answer func(n int) (*http.Response, error) // nil: a good one
}

func (l *limited) client(tries int, opts ...cactus.ClientOption) *cactus.Client {
	l.start = time.Now()
	return clientOf(func(*http.Request) (*http.Response, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.times = append(l.times, time.Since(l.start).Round(time.Millisecond))
		if l.answer == nil {
			return answer(200, "{}")
		}
		return l.answer(len(l.times))
	}, append([]cactus.ClientOption{cactus.WithRetries(tries, time.Hour)}, opts...)...)
}

// ask sends n requests, all at once, and waits for their ends.
func ask(ctx context.Context, c *cactus.Client, n int) {
	var group sync.WaitGroup
	for range n {
		group.Go(func() { _, _ = c.Get(ctx, "/x") })
	}
	group.Wait()
}

func millis(times ...int) []time.Duration {
	all := make([]time.Duration, len(times))
	for i, t := range times {
		all[i] = time.Duration(t) * time.Millisecond
	}
	return all
}

func TestRateLimit_LetsABurstThroughAndThenTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &limited{}
		c := api.client(1, cactus.WithRateLimit(10, 3))
		ask(t.Context(), c, 6)
		require.Equal(t, millis(0, 0, 0, 100, 200, 300), api.times)
		time.Sleep(time.Hour)
		api.start, api.times = time.Now(), nil
		ask(t.Context(), c, 4)
		require.Equal(t, millis(0, 0, 0, 100), api.times, "no more than a burst is saved")
	})
}

func TestRateLimit_CountsEachTryOfAPullAndEachPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &limited{answer: func(n int) (*http.Response, error) {
			if n < 3 {
				return answer(503, "")
			}
			return answer(200, orderJSON)
		}}
		c := api.client(3, cactus.WithRateLimit(0.1, 1))
		_, err := c.FetchObject(t.Context(), &cactus.Meta{}, object(1))
		require.NoError(t, err)
		require.Equal(t, millis(0, 10_000, 20_000), api.times)
	})
	synctest.Test(t, func(t *testing.T) {
		api := &limited{answer: func(n int) (*http.Response, error) {
			if n > 2 {
				return answer(200, `{"data":[]}`)
			}
			return answer(200, fmt.Sprintf(`{"data":[],"next":"%d"}`, n))
		}}
		c := api.client(1, cactus.WithRateLimit(0.1, 1))
		for _, err := range c.Events(t.Context(), cactus.EventQuery{}) {
			require.NoError(t, err)
		}
		require.Equal(t, millis(0, 10_000, 20_000), api.times)
	})
}

func TestRateLimit_A429PausesAndHalvesAndAnswersRaise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &limited{}
		c := api.client(1, cactus.WithRateLimit(10, 5))
		ask(t.Context(), c, 5)
		api.answer = func(int) (*http.Response, error) { return answer(429, "", "Retry-After", "3") }
		ask(t.Context(), c, 1) // at 0.1 s
		api.answer = nil
		api.times = nil
		for range 3 {
			ask(t.Context(), c, 1)
		}
		require.Equal(t, millis(3100, 3296, 3488), api.times, "half of the rate, and a hundredth of the whole more after each answer")
		api.times = nil
		for range 60 {
			ask(t.Context(), c, 1)
		}
		last := api.times[len(api.times)-1] - api.times[len(api.times)-2]
		require.Equal(t, 100*time.Millisecond, last, "back at the limit, and not above")
	})
}

func TestRateLimit_WithoutRetryAfterThereIsNoPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &limited{answer: func(int) (*http.Response, error) { return answer(429, "") }}
		c := api.client(1, cactus.WithRateLimit(10, 1))
		for range 12 {
			ask(t.Context(), c, 1)
		}
		require.Equal(t, millis(0, 200, 600, 1400, 3000, 6200, 12600, 22600, 32600, 42600, 52600, 62600), api.times,
			"never below a hundredth")
	})
}

func TestRateLimit_APauseIsAMinuteAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &limited{answer: func(int) (*http.Response, error) { return answer(429, "", "Retry-After", "86400") }}
		c := api.client(1, cactus.WithRateLimit(10, 9))
		ask(t.Context(), c, 1)
		ask(t.Context(), c, 1)
		require.Equal(t, millis(0, 60_000), api.times)
	})
}

func TestRateLimit_ThoseWhoWaitHeedA429AndThoseUnderWayHalveOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &limited{answer: func(n int) (*http.Response, error) {
			if n <= 4 {
				time.Sleep(50 * time.Millisecond)
				return answer(429, "", "Retry-After", "10")
			}
			return answer(500, "") // raises nothing
		}}
		c := clientOf(func(*http.Request) (*http.Response, error) {
			api.mu.Lock()
			api.times = append(api.times, time.Since(api.start).Round(time.Millisecond))
			n := len(api.times)
			api.mu.Unlock()
			return api.answer(n)
		}, cactus.WithRetries(1, time.Hour), cactus.WithRateLimit(10, 4))
		api.start = time.Now()
		ask(t.Context(), c, 8)
		require.Equal(t, millis(0, 0, 0, 0, 10_050, 10_250, 10_450, 10_650), api.times)
	})
}

func TestRateLimit_AnAnswerInAPauseSavesNoBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var times []time.Duration
		start := time.Now()
		c := clientOf(func(req *http.Request) (*http.Response, error) {
			switch req.URL.Path {
			case "/base/first": // under way when the second is refused
				time.Sleep(2 * time.Second)
				return answer(429, "", "Retry-After", "10")
			case "/base/second":
				return answer(429, "")
			case "/base/third": // begins after that, and ends in the pause
				time.Sleep(3 * time.Second)
			default:
				times = append(times, time.Since(start).Round(time.Second/10))
			}
			return answer(200, "{}")
		}, cactus.WithRetries(1, time.Hour), cactus.WithRateLimit(2, 5))
		var group sync.WaitGroup
		for _, path := range []string{"/first", "/second", "/third"} {
			group.Go(func() { _, _ = c.Get(t.Context(), path) })
			synctest.Wait()
		}
		time.Sleep(5 * time.Second)
		for range 3 {
			ask(t.Context(), c, 1)
		}
		group.Wait()
		require.Equal(t, millis(12_000, 13_000, 13_900), times)
	})
}

func TestRateLimit_WhatHasNoTimeFailsAtOnceAndAsksTheSenderToWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &limited{}
		c := api.client(1, cactus.WithRateLimit(0.1, 1), cactus.WithRetries(1, 15*time.Second))
		ask(t.Context(), c, 1)
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second)
		defer cancel()
		_, err := c.Get(ctx, "/x")
		require.ErrorIs(t, err, cactus.ErrThrottled)
		require.Equal(t, cactus.OutcomeRetry, cactus.OutcomeOf(err))
		require.Equal(t, 10*time.Second, cactus.WaitOf(err))
		var group sync.WaitGroup
		group.Go(func() {
			_, err := c.Get(t.Context(), "/x")
			require.NoError(t, err, "the place of the first was given back")
		})
		synctest.Wait()
		_, err = c.Get(t.Context(), "/x")
		require.Equal(t, 20*time.Second, cactus.WaitOf(err), "longer than the client's total")
		require.Zero(t, time.Since(start))
		group.Wait()
		require.Equal(t, millis(0, 10_000), api.times)
	})
}

func TestRateLimit_ACancelledRequestGivesItsTurnBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &limited{}
		c := api.client(1, cactus.WithRateLimit(0.1, 1))
		ask(t.Context(), c, 1)
		ctx, cancel := context.WithCancelCause(t.Context())
		var group sync.WaitGroup
		group.Go(func() {
			_, err := c.Get(ctx, "/x")
			require.ErrorIs(t, err, context.Canceled)
			require.NotErrorIs(t, err, cactus.ErrThrottled)
		})
		time.Sleep(5 * time.Second)
		cancel(nil)
		group.Wait()
		ask(t.Context(), c, 2)
		require.Equal(t, millis(0, 10_000, 20_000), api.times)
	})
}

func TestRateLimit_AnEarlierAnswerSaysMoreThanThatWeWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &limited{answer: func(int) (*http.Response, error) { return answer(503, "") }}
		c := api.client(3, cactus.WithRateLimit(0.1, 1), cactus.WithRetries(3, 9*time.Second))
		_, err := c.Get(t.Context(), "/x")
		require.EqualError(t, err, "the API answered 503")
		require.Len(t, api.times, 1)
	})
}

func TestRateLimit_TheSenderIsAnsweredWith503AndRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := cactustest.NewAPI(cactustest.APIKey)
		r := &cactus.Registry{Fetcher: api.Client(cactus.WithRateLimit(0.05, 1))}
		cactus.On(r, func(ctx context.Context, e *types.OrderShippedPushed) error {
			_, err := e.FetchRelatedObject(ctx)
			return err
		})
		h := cactus.NewHandler(r, cactustest.Source())
		require.Equal(t, http.StatusOK, cactustest.Deliver(t, h, []byte(shippedThin)).Status)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, cactustest.NewRequest(t, []byte(shippedThin)))
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.Equal(t, "20", w.Header().Get("Retry-After"))
		require.Len(t, api.Requests(), 1)
	})
}

func TestRateLimit_ConcurrentUse(t *testing.T) {
	var n atomic.Int32
	c := clientOf(func(*http.Request) (*http.Response, error) {
		if n.Add(1)%10 == 0 {
			return answer(429, "")
		}
		return answer(200, "{}")
	}, cactus.WithRetries(1, time.Hour), cactus.WithRateLimit(1e6, 10))
	ask(t.Context(), c, 300)
	require.EqualValues(t, 300, n.Load())
}

func TestWithRateLimit_PanicsOnMisuse(t *testing.T) {
	for _, perSecond := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		require.Contains(t, panicText(t, func() { cactus.WithRateLimit(perSecond, 1) }), "cactus: WithRateLimit(")
	}
	require.Equal(t, "cactus: WithRateLimit(10, 0): needed is a positive rate and a burst of at least 1",
		panicText(t, func() { cactus.WithRateLimit(10, 0) }))
}

// A client whose next turn comes too late says so at once, and the sender of the
// event is asked to come back.
func ExampleWithRateLimit() {
	api := cactustest.NewAPI(cactustest.APIKey)
	client := api.Client(cactus.WithRateLimit(1.0/60, 2)) // two, and then one a minute

	for range 3 {
		_, err := client.Get(context.Background(), "/v1/orders/ord_452")
		fmt.Println(cactus.OutcomeOf(err), cactus.WaitOf(err).Round(time.Minute))
	}
	// Output:
	// handled 0s
	// handled 0s
	// retry 1m0s
}
