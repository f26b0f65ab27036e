package middleware_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/types"
)

func TestRetry_CoversThePull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flakyFetcher{failures: 2, err: errFlaky, data: `{"shipping_service":"usps"}`}
		r := &cactus.Registry{Fetcher: f}
		r.Use(middleware.Retry())
		runs := 0
		cactus.On(r, func(_ context.Context, e *types.OrderShipped) error {
			runs++
			require.Equal(t, "usps", e.Data.ShippingService)
			return nil
		})
		require.NoError(t, r.Dispatch(t.Context(), thin()))
		require.Equal(t, int64(3), f.asked.Load())
		require.Equal(t, 1, runs)
	})
}

func TestRetry_GivesEachAttemptAFreshEventAndPullsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flakyFetcher{data: `{"shipping_service":"usps"}`}
		r := &cactus.Registry{Fetcher: f}
		r.Use(middleware.Retry())
		var kept []*types.OrderShipped
		cactus.On(r, func(_ context.Context, e *types.OrderShipped) error {
			require.Equal(t, "usps", e.Data.ShippingService)
			e.Data.ShippingService = "changed"
			kept = append(kept, e)
			return errFlaky
		})
		require.Equal(t, errFlaky, r.Dispatch(t.Context(), thin()))
		require.Equal(t, int64(1), f.asked.Load())
		require.Len(t, kept, 3)
		require.NotSame(t, kept[0], kept[1])
		require.NotSame(t, kept[1], kept[2])
	})
}

func TestRetry_PanicIsAFailedAttemptOnlyWithRecoverInside(t *testing.T) {
	for name, tt := range map[string]struct {
		chain []cactus.Middleware
		runs  int
	}{
		"without Recover": {[]cactus.Middleware{middleware.Retry()}, 1},
		"Recover outside": {[]cactus.Middleware{middleware.Recover(), middleware.Retry()}, 1},
		"Recover inside":  {[]cactus.Middleware{middleware.Retry(), middleware.Recover()}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				runs := 0
				err := dispatch(t.Context(), func(context.Context) error {
					runs++
					panic("boom")
				}, tt.chain...)
				require.Equal(t, tt.runs, runs)
				var p *cactus.PanicError
				require.ErrorAs(t, err, &p)
			})
		})
	}
}

func TestRetry_GivesEachAttemptATimeoutOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		start := time.Now()
		require.NoError(t, dispatch(t.Context(), func(ctx context.Context) error {
			require.NoError(t, ctx.Err())
			if runs++; runs == 3 {
				return nil
			}
			<-ctx.Done()
			return ctx.Err()
		}, middleware.Retry(middleware.WithBackoff(0, 0)), middleware.Timeout(time.Second)))
		require.Equal(t, 2*time.Second, time.Since(start))
	})
}

func TestRetry_KeepsEventsApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &cactus.Registry{}
		r.Use(middleware.Retry(), middleware.Recover(), middleware.Timeout(time.Second))
		var mu sync.Mutex
		runs := map[string]int{}
		cactus.On(r, func(ctx context.Context, e *types.OrderShippedPushed) error {
			mu.Lock()
			runs[e.ID]++
			mu.Unlock()
			switch middleware.Attempt(ctx) {
			case 1:
				return errFlaky
			case 2:
				panic("boom")
			}
			return nil
		})
		var group sync.WaitGroup
		for i := range 50 {
			group.Go(func() {
				env := thin()
				env.ID = fmt.Sprintf("evt_%d", i)
				if err := r.Dispatch(t.Context(), env); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		require.Len(t, runs, 50)
		for id, n := range runs {
			require.Equal(t, 3, n, id)
		}
	})
}
