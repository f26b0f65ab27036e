package inbox_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/inbox"
	"github.com/cactuscorp/cactus/types"
)

func TestLease_IsRenewedWhileHandlersRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, notes := &faulty{Store: inbox.NewMemory()}, newJournal()
		registry := lostRegistry(func(_ context.Context, e *types.OrderLostPushed) error {
			notes.note(e.ID)
			time.Sleep(10 * time.Minute)
			return nil
		})
		config := inbox.Config{Lease: 30 * time.Second, Timeout: time.Hour}
		in, other := start(t, store, config, registry), start(t, store, config, registry)
		in.add(t, "evt_1")
		time.Sleep(9 * time.Minute)
		require.Greater(t, store.renewals(), 9*2)
		in.drain(t)
		other.drain(t)
		require.Equal(t, []string{"evt_1"}, notes.all())
	})
}

func TestLease_ThatIsLostEndsTheHandlersAndFencesThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, notes := &faulty{Store: inbox.NewMemory()}, newJournal()
		var cause error
		config := inbox.Config{Workers: 1, Lease: 30 * time.Second, Timeout: time.Hour}
		in := start(t, store, config, lostRegistry(func(ctx context.Context, _ *types.OrderLostPushed) error {
			<-ctx.Done()
			cause = context.Cause(ctx)
			time.Sleep(time.Minute) // late
			return nil
		}))
		in.add(t, "evt_1")
		synctest.Wait()
		store.mu.Lock()
		store.lost = true // as if the process had been silent
		store.mu.Unlock()
		time.Sleep(29 * time.Second)
		synctest.Wait()
		require.ErrorIs(t, cause, inbox.ErrLeaseLost)

		gate := make(chan struct{})
		next := start(t, store.Store, config, lostRegistry(func(_ context.Context, e *types.OrderLostPushed) error {
			notes.note(e.ID)
			<-gate
			return nil
		}))
		time.Sleep(2 * time.Minute)
		require.Equal(t, []string{"evt_1"}, notes.all())
		require.Equal(t, 1, stats(t, store).Running, "the late owner completed nothing")
		close(gate)
		next.drain(t)
		in.drain(t)
		require.Zero(t, stats(t, store))
	})
}

func TestLease_OfAProcessThatDiedRunsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, notes := inbox.NewMemory(), newJournal()
		registry := lostRegistry(func(_ context.Context, e *types.OrderLostPushed) error {
			notes.note(e.ID)
			return nil
		})
		dead := inbox.New(store, inbox.Config{})
		dead.Register("shop", registry, source())
		require.NoError(t, dead.Enqueue(t.Context(), "shop", verified("evt_1")))
		_, err := store.Claim(t.Context(), inbox.ClaimRequest{Owner: inbox.Owner{1}, Max: 1, Lease: time.Minute})
		require.NoError(t, err)

		in := start(t, store, inbox.Config{}, registry)
		time.Sleep(59 * time.Second)
		require.Empty(t, notes.all())
		time.Sleep(2 * time.Second)
		require.Equal(t, []string{"evt_1"}, notes.all())
		in.drain(t)
	})
}

func TestContext_IsTheHandlersOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var kept context.Context
		in := start(t, inbox.NewMemory(), inbox.Config{Timeout: time.Minute}, lostRegistry(func(ctx context.Context, e *types.OrderLostPushed) error {
			kept = ctx //nolint:fatcontext // on purpose, as a careless handler may
			deadline, ok := ctx.Deadline()
			require.True(t, ok)
			require.Equal(t, time.Minute, time.Until(deadline))
			if e.ID == "evt_slow" {
				time.Sleep(time.Minute)
				require.ErrorIs(t, ctx.Err(), context.DeadlineExceeded)
				require.ErrorIs(t, context.Cause(ctx), context.DeadlineExceeded)
				return nil
			}
			require.NoError(t, ctx.Err())
			child, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			<-child.Done()
			require.NoError(t, ctx.Err())
			return nil
		}))
		for _, id := range []string{"evt_1", "evt_slow"} {
			in.add(t, id)
			time.Sleep(2 * time.Minute)
			synctest.Wait()
			require.Error(t, kept.Err(), "it ends with the handler")
			<-kept.Done()
		}
		in.drain(t)
	})
}
