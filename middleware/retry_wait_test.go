package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
)

func TestRetry_TriesThreeTimesWithGrowingWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var at []time.Duration
		err := dispatch(t.Context(), func(context.Context) error {
			at = append(at, time.Since(start))
			return errFlaky
		}, middleware.Retry())

		require.Equal(t, errFlaky, err) // as it was
		require.Len(t, at, 3)
		require.Zero(t, at[0])
		requireBetween(t, 50*time.Millisecond, 100*time.Millisecond, at[1])
		requireBetween(t, 100*time.Millisecond, 200*time.Millisecond, at[2]-at[1])
		require.Equal(t, at[2], time.Since(start))
	})
}

func TestRetry_WaitsNoLongerThanTheLongest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		fail := func(context.Context) error { return errFlaky }
		err := dispatch(t.Context(), fail, middleware.Retry(
			middleware.WithTries(12), middleware.WithBackoff(time.Second, 4*time.Second)))
		require.Equal(t, errFlaky, err)
		// 1s, 2s and nine times 4s, each at least half of that.
		requireBetween(t, 39*time.Second/2, 39*time.Second, time.Since(start))
	})
}

func TestRetry_HonoursTheWaitAskedFor(t *testing.T) {
	wait := 1500 * time.Millisecond
	tests := []struct {
		name string
		err  error
	}{
		{"RetryAfter", cactus.RetryAfter(wait, errFlaky)},
		{"wrapped", fmt.Errorf("ship: %w", cactus.RetryAfter(wait, errFlaky))},
		{"the longest of several", errors.Join(cactus.RetryAfter(time.Second, nil), cactus.RetryAfter(wait, nil), errFlaky)},
		{"behind a permanent one", errors.Join(cactus.Permanent(errFlaky), cactus.RetryAfter(wait, nil))},
		{"the outermost", cactus.RetryAfter(wait, cactus.RetryAfter(time.Hour, nil))},
		{"rate limit", fmt.Errorf("pull: %w", &cactus.APIError{Status: http.StatusTooManyRequests, After: wait})},
		{"unavailable", fmt.Errorf("pull: %w", &cactus.APIError{Status: http.StatusServiceUnavailable, After: wait})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				require.NoError(t, dispatch(t.Context(), func(ctx context.Context) error {
					if middleware.Attempt(ctx) == 1 {
						return tt.err
					}
					return nil
				}, middleware.Retry()))
				require.Equal(t, wait, time.Since(start))
			})
		})
	}
}

func TestRetry_LeavesALongWaitToTheSender(t *testing.T) {
	tests := []struct {
		name     string
		deadline time.Duration
		wait     time.Duration
	}{
		{"more than the longest wait", time.Hour, 2*time.Second + 1},
		{"more than the longest wait by far", time.Hour, math.MaxInt64},
		{"more than there is time for", time.Second, 1500 * time.Millisecond},
		{"just what there is time for", time.Second, time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tt.deadline)
				defer cancel()
				start := time.Now()
				runs := 0
				err := dispatch(ctx, func(context.Context) error {
					runs++
					return cactus.RetryAfter(tt.wait, errFlaky)
				}, middleware.Retry())

				require.Zero(t, time.Since(start))
				require.Equal(t, 1, runs)
				var asked *cactus.Error
				require.ErrorAs(t, err, &asked)
				require.Equal(t, tt.wait, asked.After)
				require.Equal(t, cactus.OutcomeRetry, cactus.OutcomeOf(err))
			})
		})
	}
}

func TestRetry_StopsBeforeTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		start := time.Now()
		runs := 0
		err := dispatch(ctx, func(context.Context) error {
			runs++
			return errFlaky
		}, middleware.Retry(middleware.WithTries(9), middleware.WithBackoff(time.Second, time.Minute)))

		require.Equal(t, errFlaky, err)
		require.Equal(t, 2, runs) // the second wait is a second at least, and no more is left
		requireBetween(t, 500*time.Millisecond, time.Second, time.Since(start))
		require.NoError(t, ctx.Err())
	})
}

func TestRetry_GivesUpWhenTheContextIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		runs := 0
		fail := func(context.Context) error {
			runs++
			return errFlaky
		}
		slow := middleware.WithBackoff(time.Minute, time.Minute)
		require.Equal(t, errFlaky, dispatch(ctx, fail, middleware.Retry(slow)))
		require.Equal(t, time.Second, time.Since(start))
		require.Equal(t, 1, runs)

		atOnce := middleware.WithBackoff(0, 0)
		require.Equal(t, errFlaky, dispatch(ctx, fail, middleware.Retry(atOnce)))
		require.Equal(t, 2, runs)
	})
}
