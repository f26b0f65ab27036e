package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/types"
)

func TestTimeout_EndsTheContextAndNamesItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var cause error
		err := dispatch(t.Context(), func(ctx context.Context) error {
			<-ctx.Done()
			cause = context.Cause(ctx)
			return fmt.Errorf("ask the warehouse: %w", ctx.Err())
		}, middleware.Timeout(2*time.Second))

		require.Equal(t, 2*time.Second, time.Since(start))
		require.EqualError(t, cause, "timeout of 2s: context deadline exceeded")
		require.EqualError(t, err, "timeout of 2s: ask the warehouse: context deadline exceeded")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, cactus.OutcomeFailed, cactus.OutcomeOf(err))
	})
}

func TestTimeout_LeavesOtherResultsAlone(t *testing.T) {
	permanent := cactus.Permanent(errors.New("no such order"))
	tests := []struct {
		name  string
		works time.Duration
		end   func(context.Context) error
		want  string // "": success
	}{
		{"success in time", time.Second, succeed, ""},
		{"success too late", 3 * time.Second, succeed, ""},
		{"another error too late", 3 * time.Second, func(context.Context) error { return permanent }, permanent.Error()},
		{"somebody else's deadline", time.Second, func(context.Context) error { return context.DeadlineExceeded }, "context deadline exceeded"},
		{"the cause itself", 3 * time.Second, context.Cause, "timeout of 2s: context deadline exceeded"},
		{"a permanent timeout", 3 * time.Second, func(ctx context.Context) error { return cactus.Permanent(ctx.Err()) }, "timeout of 2s: permanent: context deadline exceeded"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var own error
				err := dispatch(t.Context(), func(ctx context.Context) error {
					time.Sleep(tt.works) // whatever ctx says
					own = tt.end(ctx)
					return own
				}, middleware.Timeout(2*time.Second))

				require.Equal(t, cactus.OutcomeOf(own), cactus.OutcomeOf(err))
				if tt.want == "" {
					require.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, own)
				require.EqualError(t, err, tt.want)
			})
		})
	}
}

func TestTimeout_WaitsForAHandlerThatIgnoresIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		require.NoError(t, dispatch(t.Context(), func(context.Context) error {
			time.Sleep(time.Minute)
			return nil
		}, middleware.Timeout(time.Second)))
		require.Equal(t, time.Minute, time.Since(start))
	})
}

func TestTimeout_LeavesAnEarlierDeadlineInForce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errFlaky)
		defer cancel()
		err := dispatch(ctx, func(ctx context.Context) error {
			<-ctx.Done()
			require.Equal(t, errFlaky, context.Cause(ctx))
			return ctx.Err()
		}, middleware.Timeout(time.Hour))
		require.Equal(t, context.DeadlineExceeded, err)
	})
}

func TestTimeout_CoversThePull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &cactus.Registry{Fetcher: hangingFetcher{}}
		r.Use(middleware.Timeout(3 * time.Second))
		cactus.On(r, func(context.Context, *types.OrderShipped) error { return nil })

		start := time.Now()
		err := r.Dispatch(t.Context(), thin())
		require.ErrorContains(t, err, "timeout of 3s")
		require.Equal(t, 3*time.Second, time.Since(start))
	})
}

func TestTimeout_PanicsUnlessPositive(t *testing.T) {
	require.PanicsWithValue(t, "middleware: Timeout of 0s: it must be positive", func() { middleware.Timeout(0) })
	require.PanicsWithValue(t, "middleware: Timeout of -1s: it must be positive", func() { middleware.Timeout(-time.Second) })
}

// hangingFetcher answers nothing before the context ends.
type hangingFetcher struct{}

func (hangingFetcher) FetchEvent(ctx context.Context, _ *cactus.Meta) (*cactus.Envelope, error) {
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

func (hangingFetcher) FetchObject(ctx context.Context, _ *cactus.Meta, _ cactus.ObjectRef) ([]byte, error) {
	<-ctx.Done()
	return nil, context.Cause(ctx)
}
