package backoff_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/internal/backoff"
)

func TestExponential_DoublesWithinHalfAndCap(t *testing.T) {
	e := backoff.Exponential{Base: 100 * time.Millisecond, Max: time.Second}
	for failures, want := range map[int]time.Duration{
		1: 100 * time.Millisecond, 2: 200 * time.Millisecond, 4: 800 * time.Millisecond,
		5: time.Second, 1_000_000: time.Second,
	} {
		for range 50 {
			got := e.Wait(failures)
			require.GreaterOrEqual(t, got, want/2)
			require.LessOrEqual(t, got, want)
		}
	}
	require.Zero(t, backoff.Exponential{}.Wait(3))
}

func TestSleep_EndsWithTimeOrContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		require.NoError(t, backoff.Sleep(t.Context(), time.Hour))
		require.Equal(t, time.Hour, time.Since(start))

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.False(t, backoff.Fits(ctx, time.Second))
		require.True(t, backoff.Fits(ctx, time.Millisecond))
		require.ErrorIs(t, backoff.Sleep(ctx, time.Hour), context.DeadlineExceeded)
		require.ErrorIs(t, backoff.Sleep(ctx, 0), context.DeadlineExceeded)
	})
}

func TestRetryAfter_ReadsSecondsAndDates(t *testing.T) {
	now := time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		header string
		want   time.Duration
		ok     bool
	}{
		{"", 0, false},
		{"120", 2 * time.Minute, true},
		{"0", 0, true},
		{"-1", 0, false},
		{"soon", 0, false},
		{"18446744073709551615", (1 << 33) * time.Second, true},
		{"18446744073709551616", (1 << 33) * time.Second, true},
		{"99999999999999999999999999999999999999999999", (1 << 33) * time.Second, true},
		{"-99999999999999999999", 0, false},
		{"Sun, 01 Jun 2025 12:00:30 GMT", 30 * time.Second, true},
		{"Sun, 01 Jun 2025 11:00:00 GMT", 0, true},
	}
	for _, tt := range tests {
		got, ok := backoff.RetryAfter(http.Header{"Retry-After": {tt.header}}, now)
		require.Equal(t, tt.ok, ok, tt.header)
		require.Equal(t, tt.want, got, tt.header)
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"1", "Sun, 01 Jun 2025 12:00:30 GMT", "99999999999999999999", "x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		d, ok := backoff.RetryAfter(http.Header{"Retry-After": {header}}, time.Unix(0, 0))
		require.GreaterOrEqual(t, d, time.Duration(0))
		require.True(t, ok || d == 0)
	})
}
