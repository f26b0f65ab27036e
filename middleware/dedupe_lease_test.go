package middleware_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
)

func TestDedupe_RenewsWhileTheHandlerRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := remote()
		r := receiver(func(context.Context) error {
			time.Sleep(25 * time.Second)
			return nil
		}, middleware.Dedupe(store, middleware.WithLease(9*time.Second)))
		first := make(chan error)
		go func() { first <- r.Dispatch(t.Context(), thin()) }()
		for range 24 {
			time.Sleep(time.Second)
			err := r.Dispatch(t.Context(), thin())
			require.Equal(t, cactus.OutcomeBusy, cactus.OutcomeOf(err))
			require.Positive(t, cactus.WaitOf(err))
		}
		require.NoError(t, <-first)
		require.Len(t, store.renewals, 8)
		require.Equal(t, 3*time.Second, store.renewals[0])
		require.Equal(t, 24*time.Second, store.renewals[7])

		time.Sleep(time.Hour)
		require.Len(t, store.renewals, 8, "nobody runs")
	})
}

func TestDedupe_LeaseCoversTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lease := func(ctx context.Context, opts ...middleware.DedupeOption) time.Duration {
			var r *cactus.Registry
			var left time.Duration
			r = receiver(func(ctx context.Context) error {
				left = cactus.WaitOf(r.Dispatch(ctx, thin()))
				return nil
			}, middleware.Dedupe(remote(), opts...))
			require.NoError(t, r.Dispatch(ctx, thin()))
			return left
		}
		ctx, cancel := context.WithTimeout(t.Context(), 14*time.Second)
		defer cancel()
		require.Equal(t, 19*time.Second, lease(ctx))
		require.Equal(t, time.Second, lease(ctx, middleware.WithLease(time.Second)))
		require.Equal(t, time.Minute, lease(t.Context()))
	})
}

func TestDedupe_LateOwnerIsFenced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := remote()
		store.renew = func() error { return errFlaky } // it cannot be reached
		gates := []chan struct{}{make(chan struct{}), make(chan struct{})}
		runs := make(chan int, 2)
		runs <- 0
		runs <- 1
		r := receiver(func(context.Context) error {
			<-gates[<-runs]
			return nil
		}, middleware.Dedupe(store, middleware.WithLease(3*time.Second)))
		late, next := make(chan error), make(chan error)
		go func() { late <- r.Dispatch(t.Context(), thin()) }()
		time.Sleep(4 * time.Second)
		go func() { next <- r.Dispatch(t.Context(), thin()) }()
		synctest.Wait()

		close(gates[0])
		err := <-late
		require.ErrorIs(t, err, middleware.ErrLeaseLost)
		require.Equal(t, cactus.OutcomeBusy, cactus.OutcomeOf(err))
		require.EqualError(t, err, "busy: commit claim: middleware: lease lost")

		close(gates[1])
		require.NoError(t, <-next)
		require.ErrorIs(t, r.Dispatch(t.Context(), thin()), middleware.ErrDuplicate)
	})
}

func TestDedupe_LostLeaseEndsTheHandlersContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := remote()
		store.renew = func() error { return middleware.ErrLeaseLost }
		start := time.Now()
		var kept context.Context
		err := receiver(func(ctx context.Context) error {
			kept = ctx //nolint:fatcontext // to look at it when it is over
			require.NoError(t, ctx.Err())
			child, cancel := context.WithCancel(ctx)
			defer cancel()
			<-child.Done()
			require.Equal(t, middleware.ErrLeaseLost, context.Cause(child))
			require.NotNil(t, middleware.ClaimFrom(child))
			return context.Cause(ctx)
		}, middleware.Dedupe(store, middleware.WithLease(3*time.Second))).Dispatch(t.Context(), thin())
		require.Equal(t, time.Second, time.Since(start))
		require.Equal(t, cactus.OutcomeBusy, cactus.OutcomeOf(err))
		require.ErrorIs(t, kept.Err(), context.Canceled)
	})
}

func TestDedupe_ContextIsItsParents(t *testing.T) {
	type key struct{}
	ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, "v"), time.Hour)
	var kept context.Context
	require.NoError(t, dispatch(ctx, func(inner context.Context) error {
		kept = inner //nolint:fatcontext // to look at it when it is over
		require.Equal(t, "v", inner.Value(key{}))
		want, _ := ctx.Deadline()
		got, ok := inner.Deadline()
		require.True(t, ok)
		require.Equal(t, want, got)
		require.NoError(t, inner.Err())
		done := inner.Done()
		require.Equal(t, "v", inner.Value(key{}))
		cancel()
		<-done
		require.Equal(t, context.Canceled, inner.Err())
		return nil
	}, middleware.Dedupe(middleware.NewMemoryDedupe())))
	<-kept.Done()

	require.NoError(t, dispatch(t.Context(), func(inner context.Context) error {
		kept = inner //nolint:fatcontext // to look at it when it is over
		return nil
	}, middleware.Dedupe(middleware.NewMemoryDedupe())))
	<-kept.Done()
	require.ErrorIs(t, kept.Err(), context.Canceled)
}

func TestDedupe_RenewalThatHangsIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &hangingRenewal{remoteStore: remote()}
		start := time.Now()
		require.NoError(t, receiver(func(context.Context) error {
			time.Sleep(1500 * time.Millisecond)
			return nil
		}, middleware.Dedupe(store, middleware.WithLease(3*time.Second))).Dispatch(t.Context(), thin()))
		require.Equal(t, 1500*time.Millisecond, time.Since(start))
		require.True(t, store.ended)
	})
}

// hangingRenewal answers no renewal before its context ends.
type hangingRenewal struct {
	*remoteStore

	ended bool
}

func (s *hangingRenewal) Renew(ctx context.Context, _ middleware.Key, _ middleware.Owner, _ time.Duration) error {
	<-ctx.Done()
	s.ended = true
	return ctx.Err()
}

// A handler that fails because its context has ended need not say why: the sender
// is told to ask again when the other lease may be over.
func TestDedupe_AFailureAfterALostLeaseIsBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := remote()
		store.renew = func() error { return middleware.ErrLeaseLost }
		err := receiver(func(ctx context.Context) error {
			<-ctx.Done()
			return fmt.Errorf("begin transaction: %w", ctx.Err())
		}, middleware.Dedupe(store, middleware.WithLease(3*time.Second))).Dispatch(t.Context(), thin())
		require.Equal(t, cactus.OutcomeBusy, cactus.OutcomeOf(err))
		require.Equal(t, 3*time.Second, cactus.WaitOf(err))
		require.ErrorIs(t, err, middleware.ErrLeaseLost)
		require.ErrorContains(t, err, "begin transaction")
	})
}
