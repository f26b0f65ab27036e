package inbox_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/inbox"
	"github.com/cactuscorp/cactus/types"
)

func TestShutdown_WorksOffWhatIsReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		notes := newJournal()
		in := start(t, inbox.NewMemory(), inbox.Config{Workers: 2, Poll: time.Hour}, lostRegistry(func(_ context.Context, e *types.OrderLostPushed) error {
			time.Sleep(time.Second)
			notes.note(e.ID)
			return nil
		}))
		in.add(t, "evt_1", "evt_2", "evt_3", "evt_4", "evt_5")
		synctest.Wait()
		in.drain(t)
		require.Len(t, notes.all(), 5)
		require.Equal(t, 3*time.Second, time.Since(notes.start))
		left, err := in.Shutdown(t.Context())
		require.NoError(t, err, "again")
		require.Zero(t, left)
	})
}

func TestShutdown_InterruptsWhenItsTimeIsUpAndSaysWhatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cause error
		store := inbox.NewMemory()
		in := start(t, store, inbox.Config{Workers: 1, Timeout: -1}, lostRegistry(func(ctx context.Context, _ *types.OrderLostPushed) error {
			<-ctx.Done()
			cause = context.Cause(ctx)
			return ctx.Err()
		}))
		in.add(t, "evt_1", "evt_2", "evt_3")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		left, err := in.Shutdown(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 3, left)
		require.ErrorIs(t, cause, inbox.ErrShutdown)
		require.ErrorIs(t, <-in.done, inbox.ErrShutdown)
		require.Equal(t, inbox.Stats{Ready: 3, Oldest: time.Minute}, stats(t, store), "nothing waits for a lease")
		claimed, err := store.Claim(t.Context(), inbox.ClaimRequest{Owner: inbox.Owner{1}, Max: 3, Lease: time.Hour})
		require.NoError(t, err)
		for _, c := range claimed {
			require.Zero(t, c.Attempts)
		}
	})
}

func TestShutdown_DoesNotWaitForEverForHandlersThatDoNotReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		in := start(t, inbox.NewMemory(), inbox.Config{}, lostRegistry(func(context.Context, *types.OrderLostPushed) error {
			<-gate
			return nil
		}))
		in.add(t, "evt_1")
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		began := time.Now()
		left, err := in.Shutdown(ctx)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, 1, left)
		require.Equal(t, 5*time.Second, time.Since(began))

		close(gate)
		<-in.done
		left, err = in.Shutdown(t.Context())
		require.ErrorIs(t, err, inbox.ErrShutdown)
		require.Zero(t, left, "it succeeded all the same")
	})
}

func TestShutdown_LeavesWhatIsScheduled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := start(t, inbox.NewMemory(), inbox.Config{}, lostRegistry(func(context.Context, *types.OrderLostPushed) error {
			return errors.New("no")
		}))
		in.add(t, "evt_1")
		synctest.Wait()
		left, err := in.Shutdown(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, left)
	})
}

func TestRun_EndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := inbox.NewMemory()
		in := start(t, store, inbox.Config{}, lostRegistry(func(ctx context.Context, _ *types.OrderLostPushed) error {
			<-ctx.Done()
			return ctx.Err()
		}))
		require.ErrorContains(t, in.Run(t.Context()), "before")
		in.add(t, "evt_1")
		synctest.Wait()
		in.stop()
		require.ErrorIs(t, <-in.done, context.Canceled)
		require.Equal(t, inbox.Stats{Ready: 1}, stats(t, store))
		left, err := in.Shutdown(t.Context())
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, 1, left)
	})
}

func TestRun_AfterShutdownWorksOffWhatIsReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		notes := newJournal()
		in := inbox.New(inbox.NewMemory(), inbox.Config{})
		in.Register("shop", lostRegistry(func(_ context.Context, e *types.OrderLostPushed) error {
			notes.note(e.ID)
			return nil
		}), source())
		require.NoError(t, in.Enqueue(t.Context(), "shop", verified("evt_1")))
		left, err := in.Shutdown(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, left)
		require.NoError(t, in.Run(t.Context()))
		require.Equal(t, []string{"evt_1"}, notes.all())
	})
}

func TestRun_PollsForWhatOthersAdd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, notes := inbox.NewMemory(), newJournal()
		registry := lostRegistry(func(_ context.Context, e *types.OrderLostPushed) error {
			notes.note(e.ID)
			return nil
		})
		in := start(t, store, inbox.Config{Poll: 10 * time.Second}, registry)
		front := inbox.New(store, inbox.Config{}) // does not run
		front.Register("shop", registry, source())
		require.NoError(t, front.Enqueue(t.Context(), "shop", verified("evt_1")))
		synctest.Wait()
		require.Empty(t, notes.all())
		time.Sleep(10 * time.Second)
		in.add(t, "evt_2")
		in.drain(t)
		require.ElementsMatch(t, []string{"evt_1", "evt_2"}, notes.all())
		require.Equal(t, []time.Duration{10 * time.Second, 10 * time.Second}, notes.times())
	})
}

func TestRun_OutlivesAStoreThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, notes := &faulty{Store: inbox.NewMemory()}, newJournal()
		in := start(t, store, inbox.Config{}, lostRegistry(func(_ context.Context, e *types.OrderLostPushed) error {
			notes.note(e.ID)
			if len(notes.all()) == 1 { // it runs again if it is claimed before it is completed
				store.fail(errors.New("disk")) // so that it cannot be completed
			}
			return nil
		}))
		in.add(t, "evt_1")
		time.Sleep(10 * time.Minute) // renewals fail too: the lease runs out
		require.Equal(t, []string{"evt_1"}, notes.all())
		store.fail(nil)
		time.Sleep(10 * time.Minute)
		require.Zero(t, stats(t, store))
		in.drain(t)
	})
}

func TestRun_BeginsNoMoreThanItsWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, notes, gate := inbox.NewMemory(), newJournal(), make(chan struct{})
		in := start(t, store, inbox.Config{Workers: 3}, lostRegistry(func(_ context.Context, e *types.OrderLostPushed) error {
			notes.note(e.ID)
			<-gate
			return nil
		}))
		in.add(t, "evt_1", "evt_2", "evt_3", "evt_4", "evt_5")
		synctest.Wait()
		require.Len(t, notes.all(), 3)
		require.Equal(t, 2, stats(t, store).Ready, "the rest is for other replicas")
		close(gate)
		in.drain(t)
		require.ElementsMatch(t, []string{"evt_1", "evt_2", "evt_3", "evt_4", "evt_5"}, notes.all())
	})
}
