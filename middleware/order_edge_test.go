package middleware_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/types"
)

// The lease that a handler says was lost may be another one than Dedupe's: the
// claim of the event ends all the same, on a store whose leases do not.
func TestDedupe_EndsItsClaimWhenAnotherLeaseWasLost(t *testing.T) {
	for name, dedupe := range map[string]func() middleware.DedupeStore{
		"memory": func() middleware.DedupeStore { return middleware.NewMemoryDedupe() },
		"remote": func() middleware.DedupeStore { return &plainStore{middleware.NewMemoryDedupe()} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				order, runs := remoteOrder(), 0
				order.renew = func() error { return middleware.ErrLeaseLost }
				r := orders(func(ctx context.Context, _ *types.OrderShippedPushed) error {
					if runs++; runs > 1 {
						return nil
					}
					<-ctx.Done()
					return context.Cause(ctx)
				}, middleware.SkipStale(order), middleware.Dedupe(dedupe()))
				err := r.Dispatch(t.Context(), of("a", 1))
				require.ErrorIs(t, err, middleware.ErrLeaseLost)
				require.Equal(t, cactus.OutcomeBusy, cactus.OutcomeOf(err))
				require.NoError(t, r.Dispatch(t.Context(), of("a", 1)))
				require.Equal(t, 2, runs)
			})
		})
	}
}

// Waiters give up at the very moment at which their turn comes, and no turn is
// lost with them.
func TestSerial_TurnsOfThoseThatGiveUpAreNotLost(t *testing.T) {
	for name, store := range orderStores() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				random := rand.New(rand.NewPCG(5, 6))
				running, ran, gaveUp := false, 0, 0
				r := orders(func(_ context.Context, e *types.OrderShippedPushed) error {
					require.False(t, running, "two handlers at once")
					running = true
					time.Sleep(time.Duration(e.Created.Second()%4) * time.Millisecond)
					running = false
					return nil
				}, middleware.Serial(store, middleware.WithOrderWait(8*time.Millisecond)))
				done := make(chan error, 10)
				for range 300 {
					for second := range 10 {
						patience := time.Duration(random.IntN(12)) * time.Millisecond
						go func() {
							ctx, cancel := context.WithTimeout(t.Context(), patience)
							defer cancel()
							done <- r.Dispatch(ctx, of("a", second))
						}()
					}
					for range 10 {
						if err := <-done; err != nil {
							require.Equal(t, cactus.OutcomeBusy, cactus.OutcomeOf(err))
							gaveUp++
							continue
						}
						ran++
					}
					start := time.Now()
					require.NoError(t, r.Dispatch(t.Context(), of("a", 1)))
					require.Equal(t, time.Millisecond, time.Since(start), "nobody has the turn")
				}
				require.Greater(t, ran, 500)
				require.Greater(t, gaveUp, 500)
			})
		})
	}
}

// Wherever a panic comes from, the next event of the key has its turn.
func TestOrder_APanicGivesTheTurnBack(t *testing.T) {
	for _, where := range []string{"key", "position", "claim", "renew", "commit", "release", "handler"} {
		t.Run(where, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				armed := true
				boom := func(at string) {
					if armed && at == where {
						panic("boom in " + at)
					}
				}
				s := remoteOrder()
				s.claim = func() error { boom("claim"); return nil }
				s.renew = func() error { boom("renew"); return nil }
				s.commit = func() error { boom("commit"); return nil }
				s.release = func() error { boom("release"); return nil }
				runs := 0
				r := orders(func(context.Context, *types.OrderShippedPushed) error {
					runs++
					if where == "renew" {
						time.Sleep(2 * time.Second)
					}
					if armed && where == "release" {
						return errFlaky
					}
					boom("handler")
					return nil
				}, middleware.SkipStale(s, middleware.WithLease(3*time.Second),
					middleware.WithOrderKey(func(cactus.Event) string { boom("key"); return "k" }),
					middleware.WithPosition(func(cactus.Event) int64 { boom("position"); return 1 })))
				err := r.Dispatch(t.Context(), of("a", 1))
				require.Equal(t, where == "renew", err == nil, "%v", err)
				armed = false
				start := time.Now()
				require.NoError(t, r.Dispatch(t.Context(), of("a", 1)))
				require.LessOrEqual(t, time.Since(start), 5*time.Second, "at the latest when the lease has run out")
				require.Positive(t, runs)
			})
		})
	}
}
