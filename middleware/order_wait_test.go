package middleware_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/types"
)

// sleeper handles each event for as long as d says.
func sleeper(d time.Duration) func(context.Context, *types.OrderShippedPushed) error {
	return func(context.Context, *types.OrderShippedPushed) error {
		time.Sleep(d)
		return nil
	}
}

func TestWithOrderWait_WaitsNoLonger(t *testing.T) {
	tests := []struct {
		name     string
		opts     []middleware.OrderOption
		deadline time.Duration
		want     time.Duration
	}{
		{"default", nil, 0, 5 * time.Second},
		{"default, with a deadline", nil, 4 * time.Second, 2 * time.Second},
		{"set", []middleware.OrderOption{middleware.WithOrderWait(7 * time.Second)}, 0, 7 * time.Second},
		{"the context ends", []middleware.OrderOption{middleware.WithOrderWait(time.Minute)}, time.Second, time.Second},
		{"at once", []middleware.OrderOption{middleware.WithOrderWait(0)}, 0, 0},
	}
	for _, elsewhere := range []bool{false, true} {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					store := remoteOrder()
					opts := append([]middleware.OrderOption{middleware.WithLease(12 * time.Second)}, tt.opts...)
					here := orders(sleeper(time.Hour/60), middleware.Serial(store, opts...))
					there := here
					if elsewhere {
						there = orders(sleeper(time.Hour/60), middleware.Serial(store, opts...))
					}
					first := make(chan error)
					go func() { first <- there.Dispatch(t.Context(), of("a", 1)) }()
					synctest.Wait()
					ctx := t.Context()
					if tt.deadline > 0 {
						var cancel context.CancelFunc
						ctx, cancel = context.WithTimeout(ctx, tt.deadline)
						defer cancel()
					}
					start := time.Now()
					err := here.Dispatch(ctx, of("a", 2))
					require.Equal(t, tt.want, time.Since(start))
					require.ErrorIs(t, err, middleware.ErrInFlight)
					require.Equal(t, cactus.OutcomeBusy, cactus.OutcomeOf(err))
					requireBetween(t, 8*time.Second, 12*time.Second, cactus.WaitOf(err))
					require.NoError(t, <-first)
				})
			})
		}
	}
}

// Those that wait behind another event of their own process ask the store for
// nothing before their turn.
func TestSerial_LocalQueueDoesNotAskTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := remoteOrder()
		r := orders(sleeper(time.Second), middleware.Serial(store, middleware.WithOrderWait(time.Minute)))
		done := make(chan error)
		for second := range 20 {
			go func() { done <- r.Dispatch(t.Context(), of("a", second)) }()
		}
		for range 20 {
			require.NoError(t, <-done)
		}
		require.EqualValues(t, 20, store.claims.Load())
	})
}

// While another process has the key, one event asks for all that wait.
func TestSerial_OneAsksWhileAnotherProcessHasTheKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := remoteOrder()
		there := orders(sleeper(10*time.Second), middleware.Serial(store))
		here := orders(sleeper(0), middleware.Serial(store, middleware.WithOrderWait(time.Minute)))
		done := make(chan error)
		go func() { done <- there.Dispatch(t.Context(), of("a", 1)) }()
		synctest.Wait()
		start := time.Now()
		for second := range 20 {
			go func() { done <- here.Dispatch(t.Context(), of("a", second)) }()
		}
		for range 21 {
			require.NoError(t, <-done)
		}
		requireBetween(t, 10*time.Second, 11*time.Second, time.Since(start))
		require.Less(t, store.claims.Load(), int64(21+30), "one poller, with growing intervals")
	})
}

func TestSerial_OneThatGivesUpLeavesTheLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := orders(sleeper(3*time.Second), middleware.Serial(remoteOrder(), middleware.WithOrderWait(time.Minute)))
		first, quits, last := make(chan error), make(chan error), make(chan error)
		go func() { first <- r.Dispatch(t.Context(), of("a", 1)) }()
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		go func() { quits <- r.Dispatch(ctx, of("a", 2)) }()
		synctest.Wait()
		go func() { last <- r.Dispatch(t.Context(), of("a", 3)) }()
		time.Sleep(time.Second)
		cancel()
		err := <-quits
		require.ErrorIs(t, err, middleware.ErrInFlight)
		require.ErrorIs(t, err, context.Canceled)
		require.NoError(t, <-first)
		require.NoError(t, <-last)
		require.NoError(t, r.Dispatch(t.Context(), of("a", 4)))
	})
}

// A process that has died leaves its lease behind.
func TestSerial_TakesOverWhenALeaseRunsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := remoteOrder()
		_, err := store.Claim(t.Context(), middleware.OrderRequest{Key: middleware.Key{ID: "5/order/a"}, Owner: middleware.Owner{1}, Lease: 3 * time.Second})
		require.NoError(t, err)
		start := time.Now()
		require.NoError(t, orders(sleeper(0), middleware.Serial(store)).Dispatch(t.Context(), of("a", 1)))
		require.Equal(t, 3*time.Second, time.Since(start))
	})
}

func TestSerial_RenewsWhileTheHandlerRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := remoteOrder()
		r := orders(sleeper(25*time.Second), middleware.Serial(store, middleware.WithLease(9*time.Second)))
		require.NoError(t, r.Dispatch(t.Context(), of("a", 1)))
		require.EqualValues(t, 8, store.renewals.Load())
	})
}

func TestSkipStale_LateOwnerIsFenced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := remoteOrder()
		store.renew = func() error { return errFlaky } // it cannot be reached
		there := orders(sleeper(4*time.Second), middleware.SkipStale(store, middleware.WithLease(3*time.Second)))
		late := make(chan error)
		go func() { late <- there.Dispatch(t.Context(), of("a", 9)) }()
		time.Sleep(3500 * time.Millisecond)
		here := orders(sleeper(0), middleware.SkipStale(store))
		require.NoError(t, here.Dispatch(t.Context(), of("a", 5)))
		err := <-late
		require.ErrorIs(t, err, middleware.ErrLeaseLost)
		require.Equal(t, cactus.OutcomeBusy, cactus.OutcomeOf(err))
		require.NoError(t, here.Dispatch(t.Context(), of("a", 6)), "the late position is not taken down")
		require.NoError(t, there.Dispatch(t.Context(), of("a", 9)))
		require.ErrorIs(t, here.Dispatch(t.Context(), of("a", 6)), middleware.ErrStale)
	})
}

func TestSerial_LostLeaseEndsTheHandlersContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := remoteOrder()
		store.renew = func() error { return middleware.ErrLeaseLost }
		err := orders(func(ctx context.Context, _ *types.OrderShippedPushed) error {
			<-ctx.Done()
			return context.Cause(ctx)
		}, middleware.Serial(store)).Dispatch(t.Context(), of("a", 1))
		require.Equal(t, cactus.OutcomeBusy, cactus.OutcomeOf(err))
		require.ErrorIs(t, err, middleware.ErrLeaseLost)
	})
}

// A duplicate that comes meanwhile waits for its turn and is a duplicate then.
func TestSerial_OutsideDedupe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		r := orders(func(ctx context.Context, _ *types.OrderShippedPushed) error {
			runs++
			require.Equal(t, "evt_a_1", middleware.ClaimFrom(ctx).Key().ID)
			time.Sleep(time.Second)
			return nil
		}, middleware.Serial(remoteOrder()), middleware.Dedupe(remote()))
		first := make(chan error)
		go func() { first <- r.Dispatch(t.Context(), of("a", 1)) }()
		synctest.Wait()
		require.ErrorIs(t, r.Dispatch(t.Context(), of("a", 1)), middleware.ErrDuplicate)
		require.NoError(t, <-first)
		require.Equal(t, 1, runs)
	})
}

// The claim that a handler sees is Dedupe's, whichever is inside.
func TestSerial_InsideDedupe(t *testing.T) {
	r := orders(func(ctx context.Context, _ *types.OrderShippedPushed) error {
		require.Equal(t, "evt_a_1", middleware.ClaimFrom(ctx).Key().ID)
		return middleware.ErrLeaseLost // of the handler's transaction
	}, middleware.Dedupe(remote()), middleware.Serial(remoteOrder(), middleware.WithOrderWait(0)))
	for range 2 {
		require.Equal(t, cactus.OutcomeBusy, cactus.OutcomeOf(r.Dispatch(t.Context(), of("a", 1))))
	}
	require.Nil(t, middleware.ClaimFrom(t.Context()))
}
