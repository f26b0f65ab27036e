package memo_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/internal/memo"
)

var errLoad = errors.New("load failed")

func newMemo[T any]() *memo.Memo[T] {
	m := new(memo.Memo[T])
	m.Init()
	return m
}

func TestGet_LoadsOnceForManyCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemo[int]()
		var loads atomic.Int32
		var group sync.WaitGroup
		for range 100 {
			group.Go(func() {
				v, err := m.Get(t.Context(), func(context.Context) (int, error) {
					time.Sleep(time.Second)
					loads.Add(1)
					return 7, nil
				})
				if err != nil || v != 7 {
					t.Errorf("got %d, %v", v, err)
				}
			})
		}
		group.Wait()
		require.EqualValues(t, 1, loads.Load())
	})
}

func TestGet_CancelledLeaderDoesNotFailAWaiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemo[string]()
		leaderCtx, cancel := context.WithCancel(t.Context())
		wait := func(ctx context.Context) (string, error) {
			select {
			case <-time.After(time.Minute):
				return "fresh", nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}
		var leaderErr, waiterErr error
		var got string
		var group sync.WaitGroup
		group.Go(func() { _, leaderErr = m.Get(leaderCtx, wait) })
		synctest.Wait()
		group.Go(func() { got, waiterErr = m.Get(t.Context(), wait) })
		synctest.Wait()
		cancel()
		group.Wait()

		require.ErrorIs(t, leaderErr, context.Canceled)
		require.NoError(t, waiterErr)
		require.Equal(t, "fresh", got)
	})
}

func TestGet_WaiterGivesUpWithItsOwnContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemo[int]()
		release := make(chan struct{})
		var group sync.WaitGroup
		group.Go(func() {
			_, _ = m.Get(t.Context(), func(context.Context) (int, error) { <-release; return 1, nil })
		})
		synctest.Wait()

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := m.Get(ctx, func(context.Context) (int, error) { return 2, nil })
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(start))
		close(release)
		group.Wait()
	})
}

func TestGet_FailureAndPanicAreNotRemembered(t *testing.T) {
	m := newMemo[int]()
	_, err := m.Get(t.Context(), func(context.Context) (int, error) { return 0, errLoad })
	require.ErrorIs(t, err, errLoad)
	require.Panics(t, func() {
		_, _ = m.Get(t.Context(), func(context.Context) (int, error) { panic("boom") })
	})
	v, err := m.Get(t.Context(), func(context.Context) (int, error) { return 3, nil })
	require.NoError(t, err)
	require.Equal(t, 3, v)
}

func TestGet_CancelledCallerDoesNotLoad(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errLoad)
	_, err := newMemo[int]().Get(ctx, func(context.Context) (int, error) {
		t.Error("loaded with a cancelled context")
		return 0, nil
	})
	require.ErrorIs(t, err, errLoad)
}

func TestRefresh_ReplacesOnlyOnSuccess(t *testing.T) {
	m := newMemo[int]()
	n := 0
	load := func(context.Context) (int, error) { n++; return n, nil }
	for _, want := range []int{1, 1} {
		v, err := m.Get(t.Context(), load)
		require.NoError(t, err)
		require.Equal(t, want, v)
	}
	v, err := m.Refresh(t.Context(), load)
	require.NoError(t, err)
	require.Equal(t, 2, v)

	_, err = m.Refresh(t.Context(), func(context.Context) (int, error) { return 0, errLoad })
	require.ErrorIs(t, err, errLoad)
	v, ok := m.Peek()
	require.True(t, ok)
	require.Equal(t, 2, v)
}

func TestForget_HasTheNextCallerLoadAgain(t *testing.T) {
	m := newMemo[int]()
	n := 0
	load := func(context.Context) (int, error) { n++; return n, nil }
	_, _ = m.Get(t.Context(), load)
	m.Forget(func(v int) bool { return v == 7 })
	_, ok := m.Peek()
	require.True(t, ok, "another value stays")
	m.Forget(func(v int) bool { return v == 1 })
	_, ok = m.Peek()
	require.False(t, ok)
	v, err := m.Get(t.Context(), load)
	require.NoError(t, err)
	require.Equal(t, 2, v)
}
