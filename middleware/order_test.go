package middleware_test

import (
	"context"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/types"
)

type makeOrder = func(middleware.OrderStore, ...middleware.OrderOption) cactus.Middleware

func orderStores() map[string]middleware.OrderStore {
	return map[string]middleware.OrderStore{"memory": middleware.NewMemoryOrder(), "remote": remoteOrder()}
}

func TestSerial_RunsOneEventOfAnObjectAtATime(t *testing.T) {
	for name, store := range orderStores() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var began []string
				r := orders(func(_ context.Context, e *types.OrderShippedPushed) error {
					mu.Lock()
					began = append(began, e.ID)
					mu.Unlock()
					time.Sleep(time.Second)
					return nil
				}, middleware.Serial(store))
				start := time.Now()
				done := make(chan error)
				for _, env := range []*cactus.Envelope{of("a", 3), of("a", 1), of("a", 2), of("b", 1), of("", 1), of("", 2)} {
					go func() { done <- r.Dispatch(t.Context(), env) }()
					synctest.Wait() // they come in this order
				}
				for range 4 {
					require.NoError(t, <-done)
				}
				require.Equal(t, time.Second, time.Since(start), "others run meanwhile")
				require.NoError(t, <-done)
				require.NoError(t, <-done)
				require.Equal(t, 3*time.Second, time.Since(start))
				require.Equal(t, []string{"evt_a_3", "evt_b_1", "evt__1", "evt__2", "evt_a_1", "evt_a_2"}, began)
			})
		})
	}
}

func TestSkipStale_DoesNotRunWhatIsOlder(t *testing.T) {
	for name, store := range orderStores() {
		t.Run(name, func(t *testing.T) {
			runs, result := 0, error(nil)
			r := orders(func(context.Context, *types.OrderShippedPushed) error { runs++; return result }, middleware.SkipStale(store))
			require.NoError(t, r.Dispatch(t.Context(), of("a", 2)))
			require.NoError(t, r.Dispatch(t.Context(), of("a", 2)), "equal positions run")
			err := r.Dispatch(t.Context(), of("a", 1))
			require.ErrorIs(t, err, middleware.ErrStale)
			require.Equal(t, cactus.OutcomeIgnored, cactus.OutcomeOf(err))
			require.ErrorIs(t, r.Dispatch(middleware.Force(t.Context()), of("a", 1)), middleware.ErrStale)
			require.NoError(t, r.Dispatch(t.Context(), of("b", 1)), "another object")
			require.NoError(t, r.Dispatch(t.Context(), of("a", 0)), "no position is never stale")
			require.ErrorIs(t, r.Dispatch(t.Context(), of("a", 1)), middleware.ErrStale, "no position changes nothing")

			result = errFlaky
			require.Equal(t, errFlaky, r.Dispatch(t.Context(), of("a", 9)))
			result = cactus.ErrIgnored
			require.Equal(t, result, r.Dispatch(t.Context(), of("a", 3)), "a failure does not advance")
			result = nil
			require.ErrorIs(t, r.Dispatch(t.Context(), of("a", 2)), middleware.ErrStale, "ignored does")
			require.Equal(t, 6, runs)
		})
	}
}

func TestSerial_RunsWhatIsOlder(t *testing.T) {
	r := orders(func(context.Context, *types.OrderShippedPushed) error { return nil }, middleware.Serial(middleware.NewMemoryOrder()))
	require.NoError(t, r.Dispatch(t.Context(), of("a", 2)))
	require.NoError(t, r.Dispatch(t.Context(), of("a", 1)))
}

// An older event that comes while a newer one runs waits, and is stale then.
func TestSkipStale_JudgesWhenTheTurnComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		result := error(nil)
		r := orders(func(context.Context, *types.OrderShippedPushed) error {
			time.Sleep(time.Second)
			return result
		}, middleware.SkipStale(remoteOrder()))
		older, newer := make(chan error), make(chan error)
		go func() { newer <- r.Dispatch(t.Context(), of("a", 2)) }()
		synctest.Wait()
		go func() { older <- r.Dispatch(t.Context(), of("a", 1)) }()
		require.NoError(t, <-newer)
		require.ErrorIs(t, <-older, middleware.ErrStale)

		result = errFlaky
		go func() { newer <- r.Dispatch(t.Context(), of("b", 2)) }()
		synctest.Wait()
		go func() { older <- r.Dispatch(t.Context(), of("b", 1)) }()
		require.Equal(t, errFlaky, <-newer)
		require.Equal(t, errFlaky, <-older, "it ran")
	})
}

func TestSkipStale_RemembersForTheRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := orders(func(context.Context, *types.OrderShippedPushed) error { return nil }, middleware.SkipStale(middleware.NewMemoryOrder()))
		require.NoError(t, r.Dispatch(t.Context(), of("a", 2)))
		time.Sleep(7*24*time.Hour - 1)
		require.ErrorIs(t, r.Dispatch(t.Context(), of("a", 1)), middleware.ErrStale)
		time.Sleep(time.Nanosecond)
		require.NoError(t, r.Dispatch(t.Context(), of("a", 1)))
		require.NoError(t, r.Dispatch(t.Context(), of("a", 1)))
	})
}

// keys notes every key that is claimed.
type keys struct {
	*middleware.MemoryOrder

	claimed []middleware.Key
	places  []int64
}

func (k *keys) Claim(ctx context.Context, req middleware.OrderRequest) (middleware.ClaimResult, error) {
	k.claimed, k.places = append(k.claimed, req.Key), append(k.places, req.Position)
	return k.MemoryOrder.Claim(ctx, req)
}

func TestOrder_KeyAndPosition(t *testing.T) {
	store := &keys{MemoryOrder: middleware.NewMemoryOrder()}
	h := func(context.Context, *types.OrderShippedPushed) error { return nil }
	send := func(r *cactus.Registry, ref cactus.ObjectRef, created time.Time) {
		env := thin()
		env.RelatedObject, env.Created, env.Tenant = ref, created, "acme"
		require.NoError(t, r.Dispatch(t.Context(), env))
	}
	r := orders(h, middleware.SkipStale(store, middleware.WithSource("shop")))
	send(r, cactus.ObjectRef{ID: "b/c", Type: "a"}, time.Unix(1, 5))
	send(r, cactus.ObjectRef{ID: "c", Type: "a/b"}, time.Time{})
	send(r, cactus.ObjectRef{ID: "c"}, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC))
	send(r, cactus.ObjectRef{}, time.Unix(1, 0))
	send(r, cactus.ObjectRef{Type: "a"}, time.Unix(1, 0))
	r = orders(h, middleware.SkipStale(store,
		middleware.WithOrderKey(func(e cactus.Event) string { return e.Metadata().ID }),
		middleware.WithPosition(func(cactus.Event) int64 { return -7 })))
	send(r, cactus.ObjectRef{}, time.Time{})
	require.Equal(t, []middleware.Key{
		{Source: "shop", Tenant: "acme", ID: "1/a/b/c"},
		{Source: "shop", Tenant: "acme", ID: "3/a/b/c"},
		{Source: "shop", Tenant: "acme", ID: "0//c"},
		{Tenant: "acme", ID: "evt_441"},
	}, store.claimed)
	require.Equal(t, []int64{1e9 + 5, middleware.NoPosition, middleware.NoPosition, -7}, store.places)
}

func TestOrder_FreesTheKeyHoweverTheHandlerEnds(t *testing.T) {
	for name, maker := range map[string]makeOrder{"Serial": middleware.Serial, "SkipStale": middleware.SkipStale} {
		for _, store := range orderStores() {
			t.Run(name, func(t *testing.T) {
				ends := []func() error{
					func() error { return errFlaky },
					func() error { panic("boom") },
					func() error { runtime.Goexit(); return nil },
					func() error { return nil },
				}
				ctx, cancel := context.WithCancel(t.Context())
				runs := 0
				r := orders(func(context.Context, *types.OrderShippedPushed) error {
					cancel() // what ends the claim does not depend on it
					runs++
					return ends[runs-1]()
				}, maker(store, middleware.WithOrderWait(0)))
				for range ends {
					done := make(chan struct{})
					go func() {
						defer close(done)
						_ = r.Dispatch(ctx, of("a", 1))
					}()
					<-done
				}
				require.Equal(t, len(ends), runs)
			})
		}
	}
}

func TestOrder_StoreThatCannotClaimAsksForLater(t *testing.T) {
	runs := 0
	run := func(context.Context, *types.OrderShippedPushed) error { runs++; return nil }
	r := orders(run, middleware.SkipStale(middleware.NewMemoryOrder(middleware.WithMaxKeys(1))))
	require.NoError(t, r.Dispatch(t.Context(), of("a", 2)))
	err := r.Dispatch(t.Context(), of("b", 1))
	require.ErrorIs(t, err, middleware.ErrStoreFull)
	require.Equal(t, http.StatusServiceUnavailable, cactus.OutcomeOf(err).Status())
	require.Equal(t, 10*time.Second, cactus.WaitOf(err))
	require.ErrorIs(t, r.Dispatch(t.Context(), of("a", 1)), middleware.ErrStale, "nothing is forgotten early")

	down, released := remoteOrder(), false
	down.claim = func() error { return errFlaky }
	down.release = func() error { released = true; return nil }
	err = orders(run, middleware.Serial(down)).Dispatch(t.Context(), of("a", 1))
	require.ErrorIs(t, err, errFlaky)
	require.Equal(t, cactus.OutcomeRetry, cactus.OutcomeOf(err))
	require.True(t, released, "the claim may have been made")
	require.Equal(t, 1, runs)
}

func TestOrder_CommitThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := remoteOrder()
		store.commit = func() error { return errFlaky }
		h := func(context.Context, *types.OrderShippedPushed) error { return nil }
		err := orders(h, middleware.SkipStale(store)).Dispatch(t.Context(), of("a", 1))
		require.ErrorIs(t, err, middleware.ErrUncommitted)
		require.Equal(t, cactus.OutcomeRetry, cactus.OutcomeOf(err), "an older one must not have the last word")
		err = orders(h, middleware.SkipStale(store)).Dispatch(t.Context(), of("b", 0))
		require.Equal(t, cactus.OutcomeIgnored, cactus.OutcomeOf(err), "there is no position to lose")
		err = orders(h, middleware.Serial(store)).Dispatch(t.Context(), of("c", 1))
		require.ErrorIs(t, err, middleware.ErrUncommitted)
		require.Equal(t, cactus.OutcomeIgnored, cactus.OutcomeOf(err))
	})
}

func TestOrder_PanicsOnMisuse(t *testing.T) {
	tests := []struct {
		make func()
		want string
	}{
		{func() { middleware.Serial(nil) }, "middleware: Serial: the store is nil"},
		{func() { middleware.SkipStale(nil) }, "middleware: SkipStale: the store is nil"},
		{func() { middleware.WithOrderKey(nil) }, "middleware: WithOrderKey: the function is nil"},
		{func() { middleware.WithPosition(nil) }, "middleware: WithPosition: the function is nil"},
		{func() { middleware.WithOrderWait(-1) }, "middleware: WithOrderWait(-1ns): it must not be negative"},
		{func() { middleware.WithMaxKeys(0) }, "middleware: WithMaxKeys(0): at least one is needed"},
	}
	for _, tt := range tests {
		require.PanicsWithValue(t, tt.want, tt.make)
	}
}
