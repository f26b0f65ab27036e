package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/signature"
)

func TestRetry_OutcomeDecides(t *testing.T) {
	apiError := func(status int) error { return fmt.Errorf("pull: %w", &cactus.APIError{Status: status}) }
	tests := []struct {
		name string
		err  error
		runs int
	}{
		{"success", nil, 1},
		{"failed", errFlaky, 3},
		{"deadline of something inside", context.DeadlineExceeded, 3},
		{"stated failure", &cactus.Error{Outcome: cactus.OutcomeFailed}, 3},
		{"retry without a wait", cactus.RetryAfter(0, nil), 3},
		{"wrapped retry", fmt.Errorf("ship: %w", cactus.RetryAfter(time.Second, errFlaky)), 3},
		{"negative wait", cactus.RetryAfter(-time.Second, errFlaky), 3},
		{"recovered panic", cactus.NewPanicError("boom"), 3},
		{"permanent", cactus.Permanent(errFlaky), 1},
		{"ignored", cactus.ErrIgnored, 1},
		{"unhandled", cactus.ErrNoHandler, 1},
		{"gone", cactus.ErrGone, 1},
		{"malformed, of another body", cactus.ErrMalformed, 3},
		{"refused, of another request", signature.ErrRefused, 3},
		{"no tenant, of a pull", cactus.ErrNoTenant, 3},
		{"busy", &cactus.Error{Outcome: cactus.OutcomeBusy, After: time.Millisecond}, 1},
		{"API down", apiError(http.StatusBadGateway), 3},
		{"API limits", apiError(http.StatusTooManyRequests), 3},
		{"API no longer has it", apiError(http.StatusGone), 1},
		{"worst of several is permanent", errors.Join(cactus.ErrIgnored, cactus.Permanent(errFlaky)), 1},
		{"worst of several is a failure", errors.Join(cactus.Permanent(errFlaky), errFlaky), 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				runs := 0
				err := dispatch(t.Context(), func(context.Context) error {
					runs++
					return tt.err
				}, middleware.Retry())
				require.Equal(t, tt.runs, runs)
				require.ErrorIs(t, err, tt.err)
			})
		})
	}
}

func TestWithRetryable_NarrowsButDoesNotWiden(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []error
		run := func(err error, answer bool) (runs int) {
			_ = dispatch(t.Context(), func(context.Context) error {
				runs++
				return err
			}, middleware.Retry(middleware.WithRetryable(func(err error) bool {
				asked = append(asked, err)
				return answer
			})))
			return runs
		}
		require.Equal(t, 1, run(errFlaky, false))
		require.Equal(t, []error{errFlaky}, asked)
		require.Equal(t, 3, run(errFlaky, true))
		require.Len(t, asked, 3) // nobody asks after the last attempt
		require.Equal(t, 1, run(cactus.Permanent(errFlaky), true))
		require.Equal(t, 1, run(nil, true))
		require.Len(t, asked, 3)
	})
}

func TestAttempt_CountsFromOne(t *testing.T) {
	require.Equal(t, 1, middleware.Attempt(t.Context()))

	var attempts []int
	note := func(ctx context.Context) error {
		attempts = append(attempts, middleware.Attempt(ctx))
		return errFlaky
	}
	err := dispatch(t.Context(), note, middleware.Retry(middleware.WithTries(4), middleware.WithBackoff(0, 0)))
	require.Equal(t, errFlaky, err)
	require.Equal(t, []int{1, 2, 3, 4}, attempts)

	attempts = nil
	err = dispatch(t.Context(), note, middleware.Retry(middleware.WithTries(1)))
	require.Equal(t, errFlaky, err)
	require.Equal(t, []int{1}, attempts)
}

func TestRetryOptions_PanicOnMisuse(t *testing.T) {
	tests := []struct {
		make func()
		want string
	}{
		{func() { middleware.WithTries(0) }, "middleware: WithTries(0): at least one try is needed"},
		{func() { middleware.WithBackoff(-1, time.Second) }, "middleware: WithBackoff(-1ns, 1s): needed is 0 <= base <= longest"},
		{func() { middleware.WithBackoff(time.Second, 0) }, "middleware: WithBackoff(1s, 0s): needed is 0 <= base <= longest"},
		{func() { middleware.WithRetryable(nil) }, "middleware: WithRetryable: the function is nil"},
	}
	for _, tt := range tests {
		require.PanicsWithValue(t, tt.want, tt.make)
	}
}
