package cactus_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strconv"
	"strings"
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

// versions is an API whose objects have a version that grows. A fetch reads it at
// its beginning and takes a while to tell.
type versions struct {
	mu     sync.Mutex
	now    map[string]int
	flying map[string]int
	most   int // fetches of one object at a time
	asked  []cactus.Meta
	took   func() time.Duration
}

func (v *versions) change(key string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.now[key]++
	return v.now[key]
}

func (v *versions) FetchEvent(context.Context, *cactus.Meta) (*cactus.Envelope, error) {
	return nil, errors.New("no events here")
}

func (v *versions) FetchObject(ctx context.Context, m *cactus.Meta, ref cactus.ObjectRef) ([]byte, error) {
	key := keyOf(m, ref)
	v.mu.Lock()
	version := v.now[key]
	v.flying[key]++
	v.most = max(v.most, v.flying[key])
	v.asked = append(v.asked, *m)
	took := v.took()
	v.mu.Unlock()
	defer func() {
		v.mu.Lock()
		v.flying[key]--
		v.mu.Unlock()
	}()
	select {
	case <-time.After(took):
		return []byte(strconv.Itoa(version)), nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func keyOf(m *cactus.Meta, ref cactus.ObjectRef) string {
	return strings.Join([]string{m.Tenant, m.Context, ref.Type, ref.ID, ref.URL}, "|")
}

func newVersions(took time.Duration) *versions {
	return &versions{now: map[string]int{}, flying: map[string]int{}, took: func() time.Duration { return took }}
}

func object(n int) cactus.ObjectRef {
	return cactus.ObjectRef{ID: fmt.Sprint("ord_", n), Type: "order"}
}

// now is a Meta of an event that arrives now.
func now() *cactus.Meta {
	return &cactus.Meta{ID: "evt_1", Type: "order.shipped", ReceivedAt: time.Now()}
}

func TestCoalesce_NobodySeesAnObjectOlderThanTheEvent(t *testing.T) {
	for seed := range uint64(12) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			api := newVersions(0)
			api.took = func() time.Duration { return time.Duration(rand.IntN(50)) * time.Millisecond } // often none, so that times are equal
			skew := time.Duration(seed%2) * 2 * time.Second
			c := cactus.Coalesce(api, cactus.WithKept(3, 1<<20), cactus.WithClockSkew(skew),
				cactus.WithMaxAge(time.Duration(1+random.IntN(5000))*time.Millisecond))
			var group sync.WaitGroup
			for range 1000 {
				ref := object(random.IntN(5))
				m := &cactus.Meta{Tenant: strconv.Itoa(random.IntN(2)), Context: strconv.Itoa(random.IntN(2))}
				version := api.change(keyOf(m, ref))
				switch m.ReceivedAt = time.Now(); random.IntN(3) {
				case 0: // by another machine, whose clock is not ours
					if skew > 0 {
						m.ReceivedAt = m.ReceivedAt.Add(time.Duration(random.IntN(4000)-1999) * time.Millisecond)
					}
				case 1:
					m.ReceivedAt = time.Time{}
				}
				queued := time.Duration(random.IntN(3)*random.IntN(2000)) * time.Millisecond
				impatient := random.IntN(4) == 0
				patience := time.Duration(1+random.IntN(20)) * time.Millisecond
				group.Go(func() {
					ctx := t.Context()
					if !m.ReceivedAt.IsZero() {
						time.Sleep(queued)
					}
					if impatient {
						var cancel context.CancelFunc
						ctx, cancel = context.WithTimeout(ctx, patience)
						defer cancel()
					}
					body, err := c.FetchObject(ctx, m, ref)
					if impatient && err != nil {
						require.ErrorIs(t, err, context.DeadlineExceeded)
						return
					}
					require.NoError(t, err)
					got, err := strconv.Atoi(string(body))
					require.NoError(t, err)
					require.GreaterOrEqual(t, got, version)
				})
				if random.IntN(2) == 0 {
					time.Sleep(time.Duration(random.IntN(10)) * time.Millisecond)
				}
			}
			group.Wait()
			synctest.Wait() // for the fetches that were abandoned
			stats := c.Stats()
			require.Zero(t, stats.InFlight)
			require.LessOrEqual(t, stats.Objects, 3)
			require.NotZero(t, stats.Joined)
			require.NotZero(t, stats.Kept)
			require.EqualValues(t, len(api.asked), stats.Requests)
			require.Less(t, stats.Requests, uint64(1000))
		})
	}
}

// exact has the times of a synctest bubble, which have no monotonic reading,
// compared as those that have one.
var exact = cactus.WithClockSkew(0)

func TestCoalesce_ThousandEventsAboutTenObjectsCostTwentyRequestsAtMost(t *testing.T) {
	for _, spread := range []time.Duration{0, time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			api := newVersions(2 * time.Second)
			c := cactus.Coalesce(api, exact)
			var group sync.WaitGroup
			for i := range 1000 {
				m := now()
				group.Go(func() {
					_, err := c.FetchObject(t.Context(), m, object(i%10))
					require.NoError(t, err)
				})
				time.Sleep(spread)
			}
			group.Wait()
			require.LessOrEqual(t, len(api.asked), 20)
			require.Equal(t, 1, api.most, "at a time")
		})
	}
	synctest.Test(t, func(t *testing.T) { // queued, and worked on one by one
		api := newVersions(time.Second)
		c := cactus.Coalesce(api)
		arrived := *now()
		stored := cactus.Meta{ReceivedAt: time.Now().Round(0)}
		time.Sleep(3 * time.Second)
		for i := range 1000 {
			for _, m := range []cactus.Meta{arrived, stored} {
				_, err := c.FetchObject(t.Context(), &m, object(i%10))
				require.NoError(t, err)
			}
		}
		require.Len(t, api.asked, 10)
		stats := c.Stats()
		require.Equal(t, cactus.CoalesceStats{Requests: 10, Kept: 1990, Objects: 10, Bytes: stats.Bytes}, stats)
	})
}

func TestCoalesce_ConcurrentRefreshesOnRealTime(t *testing.T) {
	api := newVersions(0)
	c := cactus.Coalesce(api)
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for range 500 {
				m, ref := &cactus.Meta{}, object(worker%2)
				version := api.change(keyOf(m, ref))
				if worker%3 > 0 {
					m.ReceivedAt = time.Now()
				}
				body, err := c.FetchObject(t.Context(), m, ref)
				require.NoError(t, err)
				got, err := strconv.Atoi(string(body))
				require.NoError(t, err)
				require.GreaterOrEqual(t, got, version)
			}
		})
	}
	group.Wait()
	require.Equal(t, 1, api.most)
}

func TestCoalesce_MonotonicTimesNeedNone(t *testing.T) {
	api := newVersions(0)
	c := cactus.Coalesce(api)
	m := now()
	for !time.Now().After(m.ReceivedAt) { // until a coarse clock ticks
		runtime.Gosched()
	}
	for range 3 {
		_, err := c.FetchObject(t.Context(), m, object(1))
		require.NoError(t, err)
	}
	require.Len(t, api.asked, 1)
	m.ReceivedAt = m.ReceivedAt.Round(0) // as if it was stored
	_, err := c.FetchObject(t.Context(), m, object(1))
	require.NoError(t, err)
	require.Len(t, api.asked, 2)
}

func TestCoalesce_StoredTimesNeedTheSkewOnTop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newVersions(0)
		c := cactus.Coalesce(api, cactus.WithClockSkew(5*time.Second))
		stored := &cactus.Meta{ReceivedAt: time.Now().Round(0)}
		for _, tt := range []struct {
			wait time.Duration
			want int
		}{{0, 1}, {5 * time.Second, 2}, {1, 3}, {0, 3}, {time.Second, 3}} {
			time.Sleep(tt.wait)
			_, err := c.FetchObject(t.Context(), stored, object(1))
			require.NoError(t, err)
			require.Len(t, api.asked, tt.want, "a fetch of its own serves an event, but only one that is late enough the others")
		}
	})
}

func TestCoalesce_TenantsContextsAndRefsAreApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newVersions(time.Second)
		c := cactus.Coalesce(api, exact)
		var group sync.WaitGroup
		arrived := time.Now()
		time.Sleep(time.Nanosecond)
		for range 3 {
			for _, tenant := range []string{"", "a", "b"} {
				for _, account := range []string{"", "a"} {
					for _, ref := range []cactus.ObjectRef{{ID: "a", Type: "b"}, {ID: "b", Type: "a"}, {ID: "a", Type: "b", URL: "/a/b"}} {
						group.Go(func() {
							m := &cactus.Meta{Tenant: tenant, Context: account, ReceivedAt: arrived}
							_, err := c.FetchObject(t.Context(), m, ref)
							require.NoError(t, err)
						})
					}
				}
			}
		}
		group.Wait()
		require.Len(t, api.asked, 3*2*3)
	})
}

func TestCoalesce_ALateEventWaitsForTheNextFetchAndSharesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newVersions(10 * time.Second)
		c := cactus.Coalesce(api, exact)
		start := time.Now()
		ended := make([]time.Duration, 5)
		var group sync.WaitGroup
		for i := range ended {
			m := now()
			group.Go(func() {
				_, err := c.FetchObject(t.Context(), m, object(1))
				require.NoError(t, err)
				ended[i] = time.Since(start)
			})
			time.Sleep(time.Second)
		}
		group.Wait()
		require.Equal(t, []time.Duration{10e9, 20e9, 20e9, 20e9, 20e9}, ended)
		require.Len(t, api.asked, 2)
		require.True(t, api.asked[1].ReceivedAt.Equal(start.Add(10*time.Second)), "when the fetch began")
	})
}

type ctxKey struct{}

func TestCoalesce_ACancelledLeaderFailsNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen any
		inner := newVersions(time.Second)
		c := cactus.Coalesce(fetcherFunc(func(ctx context.Context, m *cactus.Meta, ref cactus.ObjectRef) ([]byte, error) {
			seen = ctx.Value(ctxKey{})
			return inner.FetchObject(ctx, m, ref)
		}), exact)
		arrived := now()
		time.Sleep(time.Nanosecond)
		leader, cancel := context.WithCancelCause(context.WithValue(t.Context(), ctxKey{}, "leader"))
		var group sync.WaitGroup
		group.Go(func() {
			_, err := c.FetchObject(leader, arrived, object(1))
			require.ErrorIs(t, err, errFlaky)
		})
		synctest.Wait()
		group.Go(func() {
			_, err := c.FetchObject(t.Context(), arrived, object(1))
			require.NoError(t, err)
		})
		synctest.Wait()
		cancel(errFlaky)
		group.Wait()
		require.Len(t, inner.asked, 1)
		require.Equal(t, "leader", seen)
	})
}

var errFlaky = errors.New("the API is flaky")

type fetcherFunc func(ctx context.Context, m *cactus.Meta, ref cactus.ObjectRef) ([]byte, error)

func (f fetcherFunc) FetchEvent(_ context.Context, m *cactus.Meta) (*cactus.Envelope, error) {
	return &cactus.Envelope{Meta: *m}, nil
}

func (f fetcherFunc) FetchObject(ctx context.Context, m *cactus.Meta, ref cactus.ObjectRef) ([]byte, error) {
	return f(ctx, m, ref)
}

func TestCoalesce_TheLastWaiterCancelsTheFetchAndTheNextBeginsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fetches, cancelled atomic.Int32
		stuck := make(chan struct{})
		c := cactus.Coalesce(fetcherFunc(func(ctx context.Context, _ *cactus.Meta, _ cactus.ObjectRef) ([]byte, error) {
			if fetches.Add(1) > 1 {
				return []byte("2"), nil
			}
			<-ctx.Done()
			cancelled.Add(1)
			<-stuck // deaf to its context
			return []byte("1"), nil
		}), exact)
		arrived := now()
		time.Sleep(time.Nanosecond)
		var group sync.WaitGroup
		ctx, cancel := context.WithCancel(t.Context())
		for range 3 {
			group.Go(func() {
				_, err := c.FetchObject(ctx, arrived, object(1))
				require.ErrorIs(t, err, context.Canceled)
			})
		}
		synctest.Wait()
		late, give := context.WithTimeout(t.Context(), time.Second)
		defer give()
		_, err := c.FetchObject(late, now(), object(1))
		require.ErrorIs(t, err, context.DeadlineExceeded, "it waited for the next fetch, which then need not begin")
		require.EqualValues(t, 1, fetches.Load())
		group.Go(func() {
			body, err := c.FetchObject(t.Context(), now(), object(1))
			require.NoError(t, err)
			require.Equal(t, "2", string(body))
		})
		synctest.Wait()
		cancel()
		group.Wait()
		synctest.Wait()
		require.EqualValues(t, 1, cancelled.Load())
		close(stuck)
		synctest.Wait()
		body, err := c.FetchObject(t.Context(), arrived, object(1))
		require.NoError(t, err)
		require.Equal(t, "2", string(body), "what comes of an abandoned fetch is dropped")
		require.Zero(t, c.Stats().InFlight)
	})
}

func TestCoalesce_BoundsAFetchInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		c := cactus.Coalesce(fetcherFunc(func(context.Context, *cactus.Meta, cactus.ObjectRef) ([]byte, error) {
			<-release
			return nil, nil
		}), cactus.WithFetchTimeout(3*time.Second))
		start := time.Now()
		_, err := c.FetchObject(t.Context(), now(), object(1))
		require.EqualError(t, err, "no answer within 3s: context deadline exceeded")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 3*time.Second, time.Since(start))
		close(release)
	})
}

func TestCoalesce_AFailureIsSharedAndNotKept(t *testing.T) {
	tests := map[string]struct {
		fail func() ([]byte, error)
		want string
	}{
		"error":  {func() ([]byte, error) { return []byte("1"), errFlaky }, "the API is flaky"},
		"panic":  {func() ([]byte, error) { panic("boom") }, "panic: boom"},
		"abort":  {func() ([]byte, error) { panic(http.ErrAbortHandler) }, "panic: net/http: abort Handler"},
		"goexit": {func() ([]byte, error) { runtime.Goexit(); return nil, nil }, "the fetcher ended its goroutine"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fetches := 0
				c := cactus.Coalesce(fetcherFunc(func(context.Context, *cactus.Meta, cactus.ObjectRef) ([]byte, error) {
					fetches++
					time.Sleep(time.Second)
					if fetches > 1 {
						return []byte("2"), nil
					}
					return tt.fail()
				}), exact)
				arrived := now()
				time.Sleep(time.Nanosecond)
				var group sync.WaitGroup
				for range 3 {
					group.Go(func() {
						body, err := c.FetchObject(t.Context(), arrived, object(1))
						require.EqualError(t, err, tt.want)
						require.Nil(t, body)
					})
				}
				group.Wait()
				require.Equal(t, 1, fetches)
				body, err := c.FetchObject(t.Context(), arrived, object(1))
				require.NoError(t, err)
				require.Equal(t, "2", string(body))
			})
		})
	}
}

func TestCoalesce_KeepsWithinItsBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		inner := fetcherFunc(func(_ context.Context, _ *cactus.Meta, ref cactus.ObjectRef) ([]byte, error) {
			asked++
			if ref.ID == "ord_9" {
				return []byte("<html>"), nil
			}
			return []byte(`"` + strings.Repeat("x", 1000) + `"`), nil
		})
		arrived := now()
		time.Sleep(time.Hour)
		fetch := func(c *cactus.Coalescer, n int) int {
			before := asked
			_, err := c.FetchObject(t.Context(), arrived, object(n))
			require.NoError(t, err)
			return asked - before
		}
		fetchAll := func(c *cactus.Coalescer, objects ...int) (requests int) {
			for _, n := range objects {
				requests += fetch(c, n)
			}
			return requests
		}
		c := cactus.Coalesce(inner, cactus.WithKept(2, 1<<20))
		require.Equal(t, 2, fetchAll(c, 1, 2, 1))
		require.Equal(t, 2, fetchAll(c, 3, 1, 2, 1), "the least recently used goes first")
		c = cactus.Coalesce(inner, cactus.WithKept(100, 3000))
		require.Equal(t, 6, fetchAll(c, 1, 2, 3, 1, 2, 3))
		require.Equal(t, 2, c.Stats().Objects)
		require.LessOrEqual(t, c.Stats().Bytes, int64(3000))
		for _, none := range []cactus.CoalesceOption{cactus.WithKept(0, 1<<20), cactus.WithKept(9, 0), cactus.WithKept(9, 1000)} {
			c = cactus.Coalesce(inner, none)
			require.Equal(t, 2, fetchAll(c, 1, 1))
			require.Zero(t, c.Stats().Bytes)
		}
		c = cactus.Coalesce(inner)
		require.Equal(t, 2, fetchAll(c, 9, 9), "what is no JSON")
		require.Equal(t, 1, fetchAll(c, 1, 1))
		time.Sleep(time.Minute)
		require.Equal(t, 1, fetchAll(c, 2, 1))
		time.Sleep(time.Nanosecond)
		require.Equal(t, 1, fetch(c, 1), "too old")
		time.Sleep(time.Minute + 1)
		require.Equal(t, 1, fetch(c, 3))
		require.Equal(t, 1, c.Stats().Objects, "those that are too old make room")
	})
}

func TestCoalesce_RefetchGetsNothingOlderThroughARegistry(t *testing.T) {
	api := cactustest.NewAPI(cactustest.APIKey)
	r := &cactus.Registry{Fetcher: cactus.Coalesce(api.Client())}
	ref := cactus.ObjectRef{ID: "ord_452", Type: "order"}
	cactus.On(r, func(ctx context.Context, e *types.OrderShippedPushed) error {
		order, err := e.FetchRelatedObject(ctx)
		if err != nil {
			return err
		}
		require.Equal(t, 5, order.NumItems)
		api.AddObject(ref, types.Order{ID: "ord_452", NumItems: 7})
		order, err = e.FetchRelatedObject(ctx)
		require.NoError(t, err)
		require.Equal(t, 5, order.NumItems, "one snapshot a delivery")
		order, err = e.RefetchRelatedObject(ctx)
		require.NoError(t, err)
		require.Equal(t, 7, order.NumItems)
		api.AddObject(ref, types.Order{ID: "ord_452", NumItems: 5})
		return nil
	})
	env, err := cactus.ParseEnvelope([]byte(shippedThin))
	require.NoError(t, err)
	env.ReceivedAt = time.Now()
	for range 3 {
		require.NoError(t, r.Dispatch(t.Context(), env))
		api.AddObject(ref, types.Order{ID: "ord_452", NumItems: 5})
		env.ReceivedAt = time.Now()
	}
	require.Len(t, api.Requests(), 6)
}

func TestCoalesce_OneInsideAnotherStaysFresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newVersions(time.Second)
		c := cactus.Coalesce(cactus.Coalesce(api, exact), exact)
		for range 3 {
			m := now()
			version := api.change(keyOf(m, object(1)))
			body, err := c.FetchObject(t.Context(), m, object(1))
			require.NoError(t, err)
			require.Equal(t, strconv.Itoa(version), string(body))
		}
	})
}

func TestCoalesce_PassesEventsOnAndAsksNothingForTheCancelled(t *testing.T) {
	var asked atomic.Int32
	c := cactus.Coalesce(fetcherFunc(func(context.Context, *cactus.Meta, cactus.ObjectRef) ([]byte, error) {
		asked.Add(1)
		return nil, nil
	}))
	env, err := c.FetchEvent(t.Context(), now())
	require.NoError(t, err)
	require.Equal(t, "evt_1", env.ID)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errFlaky)
	_, err = c.FetchObject(ctx, now(), object(1))
	require.ErrorIs(t, err, errFlaky)
	require.Zero(t, asked.Load())
}

func TestCoalesce_PanicsOnMisuse(t *testing.T) {
	for want, f := range map[string]func(){
		"cactus: Coalesce needs a fetcher":                     func() { cactus.Coalesce(nil) },
		"cactus: WithKept: neither bound may be negative":      func() { cactus.WithKept(-1, 1) },
		"cactus: WithMaxAge: the age must be positive":         func() { cactus.WithMaxAge(0) },
		"cactus: WithClockSkew: the skew must not be negative": func() { cactus.WithClockSkew(-1) },
		"cactus: WithFetchTimeout: the time must be positive":  func() { cactus.WithFetchTimeout(0) },
	} {
		require.Equal(t, want, panicText(t, f))
	}
}

func BenchmarkCoalesce_Hit(b *testing.B) {
	c := cactus.Coalesce(newVersions(0))
	m := &cactus.Meta{ID: "evt_1", Tenant: "acme", Context: "acct_7", ReceivedAt: time.Now()}
	for i := range 1000 {
		_, _ = c.FetchObject(b.Context(), m, object(i))
	}
	ref, ctx := object(7), context.Background()
	b.ReportAllocs()
	for b.Loop() {
		m.ReceivedAt = m.ReceivedAt.Add(-1)
		if _, err := c.FetchObject(ctx, m, ref); err != nil {
			b.Fatal(err)
		}
	}
	if c.Stats().Requests != 1000 {
		b.Fatal(c.Stats())
	}
}
