package sender

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAsync_RunsThePayloadFunctionInTheWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // fails if a goroutine is left
		type key struct{}
		s := &scripted{takes: time.Second}
		async := NewAsync(Targeted(s), 1, 10)
		made := time.Time{}
		send := Hook(async, func(ctx context.Context, w wedding) (wedding, error) {
			require.Equal(t, "value", ctx.Value(key{}))
			made = time.Now()
			return w, ctx.Err()
		}, URL(where))
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
		first, err := send(ctx, greenfelds)
		require.NoError(t, err)
		second, err := send(ctx, greenfelds)
		require.NoError(t, err)
		cancel() // the request is over, and the sends go on
		require.Equal(t, Queued, first.State)
		require.False(t, first.OK())
		require.Equal(t, where, first.URL)

		start := time.Now()
		final, err := second.Wait(t.Context())
		require.NoError(t, err)
		require.True(t, final.OK())
		require.Equal(t, second.ID, final.ID)
		require.Equal(t, second.ID, final.Message.ID)
		require.Equal(t, time.Second, made.Sub(start), "when it was its turn")
		require.Equal(t, 2*time.Second, time.Since(start))
		left, err := async.Shutdown(t.Context())
		require.NoError(t, err)
		require.Zero(t, left)
	})
}

func TestAsync_RefusesWhatItHasNoRoomFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{takes: time.Second}
		async := NewAsync(s, 2, 1)
		send := Hook(async, same, URL(where))
		for range 3 {
			_, err := send(t.Context(), greenfelds)
			require.NoError(t, err)
		}
		result, err := send(t.Context(), greenfelds)
		require.ErrorIs(t, err, ErrQueueFull)
		require.Equal(t, Failed, result.State)
		require.Equal(t, "the queue is full", result.Reason)

		left, err := async.Shutdown(t.Context()) // drains
		require.NoError(t, err)
		require.Zero(t, left)
		require.Len(t, s.sent(), 3)
		_, err = send(t.Context(), greenfelds)
		require.ErrorIs(t, err, ErrShutdown)
	})
}

func TestAsync_ShutdownSaysWhatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		async := NewAsync(&scripted{takes: time.Minute}, 2, 10)
		send := Hook(async, same, URL(where))
		results := make([]*Result, 0, 5)
		for range 5 {
			result, err := send(t.Context(), greenfelds)
			require.NoError(t, err)
			results = append(results, result)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		left, err := async.Shutdown(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 5, left)
		for i, result := range results {
			final, err := result.Wait(t.Context())
			require.ErrorIs(t, err, ErrShutdown)
			require.Equal(t, Failed, final.State)
			require.Len(t, final.Attempts, min(1, max(0, 2-i)))
		}
		left, err = async.Shutdown(t.Context())
		require.NoError(t, err)
		require.Zero(t, left)
	})
}

func TestAsync_LosesNoWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int32
		async := NewAsync(&scripted{}, 1, 10)
		send := Hook(async, func(_ context.Context, w wedding) (wedding, error) {
			switch n.Add(1) {
			case 1:
				runtime.Goexit()
			case 2:
				panic("no")
			}
			return w, nil
		}, URL(where))
		results := make([]*Result, 0, 3)
		for range 3 {
			result, err := send(t.Context(), greenfelds)
			require.NoError(t, err)
			results = append(results, result)
		}
		for i, want := range []State{Failed, Failed, Sent} {
			final, err := results[i].Wait(t.Context())
			require.Equal(t, want, final.State)
			require.Equal(t, want == Sent, err == nil)
		}
	})
}

func TestAsync_CatchesASendersPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		send := Hook(NewAsync(senderFunc(func(context.Context, *Call) (*Result, error) { panic("no") }), 1, 0), same)
		result, err := send(t.Context(), greenfelds)
		require.NoError(t, err)
		final, err := result.Wait(t.Context())
		var p *PanicError
		require.ErrorAs(t, err, &p)
		require.Equal(t, Failed, final.State)
	})
}

func TestNewAsync_PanicsAtSetUp(t *testing.T) {
	require.Contains(t, mustPanic(t, func() { NewAsync(nil, 1, 1) }), "the sender is nil")
	require.Contains(t, mustPanic(t, func() { NewAsync(&scripted{}, 0, 1) }), "1 worker or more")
	require.Contains(t, mustPanic(t, func() { NewAsync(&scripted{}, 1, -1) }), "must not be negative")
}

func TestResult_Wait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := &Result{State: Sent}
		got, err := sent.Wait(t.Context())
		require.NoError(t, err)
		require.Same(t, sent, got)

		loaded := &Result{State: Failed, Reason: "gone"}
		got, err = loaded.Wait(t.Context())
		require.EqualError(t, err, "gone")
		require.Same(t, loaded, got)
		_, err = (&Result{State: Failed}).Wait(t.Context())
		require.EqualError(t, err, "the webhook was not sent")

		for name, queued := range map[string]*Result{
			"nobody tells":  QueuedResult("evt_1", where, nil),
			"told nothing":  QueuedResult("evt_1", where, func(context.Context) (*Result, error) { return nil, nil }), //nolint:nilnil // a wrong sender
			"out of a JSON": {State: Queued},
		} {
			got, err = queued.Wait(t.Context())
			require.ErrorIs(t, err, ErrCannotWait, name)
			require.Same(t, queued, got)
		}

		// A context that ends ends the waiting and not the send.
		wrong := errors.New("no time")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, wrong)
		defer cancel()
		durable := NewAsync(senderFunc(func(_ context.Context, call *Call) (*Result, error) {
			time.Sleep(time.Minute)
			return QueuedResult(call.ID(), "", func(context.Context) (*Result, error) {
				return &Result{State: Failed, Reason: "given up"}, nil
			}), nil
		}), 1, 0)
		result, err := Hook(durable, same)(t.Context(), greenfelds)
		require.NoError(t, err)
		got, err = result.Wait(ctx)
		require.ErrorIs(t, err, wrong)
		require.Same(t, result, got)
		got, err = result.Wait(t.Context())
		require.EqualError(t, err, "given up", "what the next sender queued is waited for, too")
		require.Equal(t, Failed, got.State)
	})
}

func TestAsync_WhatIsOverWinsOverTheContext(t *testing.T) {
	async := NewAsync(&scripted{}, 1, 0)
	result, err := Hook(async, same, URL(where))(t.Context(), greenfelds)
	require.NoError(t, err)
	_, err = result.Wait(t.Context())
	require.NoError(t, err)
	_, err = async.Shutdown(t.Context())
	require.NoError(t, err)

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for range 50 {
		_, err = result.Wait(ended)
		require.NoError(t, err)
		_, err = async.Shutdown(ended)
		require.NoError(t, err)
	}
}

func TestAsync_ShutdownIsTheErrorWhateverThePayloadSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		async := NewAsync(&scripted{}, 1, 0)
		wrong := errors.New("no rows")
		result, err := Hook(async, func(ctx context.Context, w wedding) (wedding, error) {
			<-ctx.Done()
			return w, wrong
		}, URL(where))(t.Context(), greenfelds)
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		left, err := async.Shutdown(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 1, left)
		final, err := result.Wait(t.Context())
		require.ErrorIs(t, err, ErrShutdown)
		require.ErrorIs(t, err, wrong)
		require.Equal(t, "the sender was shut down", final.Reason)
	})
}

func TestAsync_MayBeShutDownBySeveral(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		async := NewAsync(&scripted{takes: time.Minute}, 2, 10)
		send := Hook(async, same, URL(where))
		for range 5 {
			_, err := send(t.Context(), greenfelds)
			require.NoError(t, err)
		}
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				left, err := async.Shutdown(t.Context())
				require.NoError(t, err)
				require.Zero(t, left)
			})
		}
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			left, err := async.Shutdown(ctx)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Equal(t, 5, left)
		})
		wg.Wait()
	})
}
