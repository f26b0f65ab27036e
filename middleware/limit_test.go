package middleware_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
)

func TestLimit_RefusesWhatIsTooMuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receiver(func(context.Context) error {
			time.Sleep(time.Second)
			return nil
		}, middleware.Limit(2, middleware.WithRetryAfter(3*time.Second)))
		first := make(chan error, 2)
		for range 2 {
			go func() { first <- r.Dispatch(t.Context(), thin()) }()
		}
		synctest.Wait()
		start := time.Now()
		err := r.Dispatch(t.Context(), thin())
		require.Zero(t, time.Since(start))
		require.ErrorIs(t, err, middleware.ErrLimited)
		require.Equal(t, http.StatusServiceUnavailable, cactus.OutcomeOf(err).Status())
		require.Equal(t, 3*time.Second, cactus.WaitOf(err))
		require.NoError(t, <-first)
		require.NoError(t, <-first)
		require.NoError(t, r.Dispatch(t.Context(), thin()))
	})
}

func TestLimit_CountsOverAllHandlers(t *testing.T) {
	mw := middleware.Limit(1)
	var inner error
	other := receiver(succeed, mw)
	require.NoError(t, receiver(func(ctx context.Context) error {
		inner = other.Dispatch(ctx, thin())
		return nil
	}, mw).Dispatch(t.Context(), thin()))
	require.ErrorIs(t, inner, middleware.ErrLimited)
	require.NoError(t, other.Dispatch(t.Context(), thin()))
}

func TestWithWait_WaitsNoLongerThanItsContext(t *testing.T) {
	tests := []struct {
		name     string
		busy     time.Duration
		deadline time.Duration
		want     time.Duration
		ok       bool
	}{
		{"a place comes free", time.Second, time.Hour, time.Second, true},
		{"none comes free", time.Minute, time.Hour, 2 * time.Second, false},
		{"the context ends", time.Minute, time.Second, time.Second, false},
		{"the context is over", time.Minute, 0, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var runs atomic.Int64
				r := receiver(func(context.Context) error {
					if runs.Add(1) == 1 {
						time.Sleep(tt.busy)
					}
					return nil
				}, middleware.Limit(1, middleware.WithWait(2*time.Second)))
				first := make(chan error, 1)
				go func() { first <- r.Dispatch(t.Context(), thin()) }()
				defer func() { require.NoError(t, <-first) }()
				synctest.Wait()
				ctx, cancel := context.WithTimeout(t.Context(), tt.deadline)
				defer cancel()
				start := time.Now()
				err := r.Dispatch(ctx, thin())
				require.Equal(t, tt.want, time.Since(start))
				if tt.ok {
					require.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, middleware.ErrLimited)
				require.Equal(t, cactus.OutcomeRetry, cactus.OutcomeOf(err))
			})
		})
	}
}

func TestLimit_PanicFreesThePlace(t *testing.T) {
	r := receiver(func(context.Context) error { panic("boom") }, middleware.Limit(1))
	for range 3 {
		var p *cactus.PanicError
		require.ErrorAs(t, r.Dispatch(t.Context(), thin()), &p)
	}
}

func TestLimit_PanicsOnMisuse(t *testing.T) {
	require.PanicsWithValue(t, "middleware: Limit of 0: at least one place is needed", func() { middleware.Limit(0) })
	require.PanicsWithValue(t, "middleware: WithWait(-1ns): it must not be negative", func() { middleware.WithWait(-1) })
	require.PanicsWithValue(t, "middleware: WithRetryAfter(-1ns): it must not be negative", func() { middleware.WithRetryAfter(-1) })
}
