package sender

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSend_TriesAsTheSeedDoes(t *testing.T) { // P8
	for name, c := range map[string]struct {
		sender func(Sender) Sender
		opts   []Option
		waits  []time.Duration
	}{
		"targeted": {Targeted, []Option{URL(where)}, []time.Duration{0, time.Second}},
		"simple":   {func(s Sender) Sender { return Simple(s, where) }, nil, []time.Duration{0, time.Second, 2 * time.Second}},
		"one try":  {Targeted, []Option{URL(where), Retry(Schedule{})}, []time.Duration{}},
	} {
		for _, status := range []int{302, 404, 500} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := &scripted{answers: []Attempt{rejected(status)}}
					result, err := Hook(c.sender(s), same)(t.Context(), greenfelds, c.opts...)
					require.Error(t, err)
					require.Equal(t, Failed, result.State)
					require.False(t, result.OK())
					require.Len(t, result.Attempts, len(c.waits)+1)
					require.Equal(t, c.waits, s.waits())
					require.Equal(t, status, result.Last().Status)
					require.Equal(t, len(c.waits)+1, result.Last().Number)
					require.NotNil(t, result.Message)
				})
			})
		}
	}
}

func TestSend_StopsAtOnce(t *testing.T) {
	cause := errors.New("dial tcp 10.0.0.1: refused")
	for name, c := range map[string]Attempt{
		"gone":    rejected(410),
		"refused": {Outcome: Refused, Reason: "the signer failed", Err: cause},
	} {
		t.Run(name, func(t *testing.T) {
			s := &scripted{answers: []Attempt{c}}
			result, err := Hook(s, same, URL(where))(t.Context(), greenfelds)
			require.Len(t, result.Attempts, 1)
			require.Equal(t, c.Err != nil, errors.Is(err, cause))
			require.Contains(t, result.Reason, c.Reason)
			require.NotContains(t, err.Error(), "10.0.0.1")
		})
	}
}

func TestSend_WaitsNoLongerThanTheContext(t *testing.T) {
	schedule := Retry(Schedule{Tries: 3, Countdown: Fixed{Delay: time.Minute}})
	t.Run("a deadline before the next attempt", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			start := time.Now()
			s := &scripted{answers: []Attempt{rejected(500)}}
			result, err := Hook(s, same, URL(where), schedule)(ctx, greenfelds)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Zero(t, time.Since(start))
			require.Len(t, result.Attempts, 1)
			require.Equal(t, "there was no time left", result.Reason)
		})
	})
	t.Run("cancelled between attempts", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			wrong := errors.New("shutting down")
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { cancel(wrong) })
			start := time.Now()
			s := &scripted{answers: []Attempt{rejected(500)}}
			_, err := Hook(s, same, URL(where), schedule)(ctx, greenfelds)
			require.ErrorIs(t, err, wrong)
			require.Equal(t, time.Second, time.Since(start))
		})
	})
	t.Run("cancelled during an attempt", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			wrong := errors.New("shutting down")
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { cancel(wrong) })
			var notes []Note
			s := &scripted{takes: time.Minute}
			result, err := Hook(s, same, URL(where), schedule, Notify(func(_ context.Context, n Note) { notes = append(notes, n) }))(ctx, greenfelds)
			require.ErrorIs(t, err, wrong)
			require.Equal(t, "the send was cancelled", result.Reason)
			require.Equal(t, Cancelled, result.Last().Outcome)
			require.Len(t, notes, 1)
			require.Equal(t, "Attempt 1: Interrupted while sending webhook "+result.ID, notes[0].Text)
		})
	})
}

func TestSend_NeedsAURL(t *testing.T) { // P11
	called := false
	payload := func(ctx context.Context, w wedding) (wedding, error) { called = true; return w, ctx.Err() }
	for name, s := range map[string]Sender{"targeted": Targeted(&scripted{}), "client": &scripted{}} {
		t.Run(name, func(t *testing.T) {
			result, err := Hook(s, payload)(t.Context(), greenfelds)
			require.ErrorIs(t, err, ErrNoURL)
			require.ErrorContains(t, err, "option URL")
			require.Equal(t, Failed, result.State)
			require.False(t, called)
		})
	}
	_, err := NewMessage(1)
	require.ErrorIs(t, err, ErrNoURL)
	require.Contains(t, mustPanic(t, func() { Targeted(nil) }), "Targeted: the sender is nil")
}

func TestSimple_HasItsOwnURL(t *testing.T) {
	s := &scripted{}
	send := Hook(Simple(s, where), same)
	result, err := send(t.Context(), greenfelds)
	require.NoError(t, err)
	require.Equal(t, where, result.URL)
	_, err = send(t.Context(), greenfelds, URL("https://example.com"))
	require.ErrorContains(t, err, "this sender has a URL of its own")
	require.Len(t, s.sent(), 1)
	durable := senderFunc(func(_ context.Context, call *Call) (*Result, error) { return nil, call.Accept() })
	_, err = Hook(Simple(durable, where), same)(t.Context(), greenfelds)
	require.NotErrorIs(t, err, ErrNotKept, "its schedule is no option of the user's")
	require.Contains(t, mustPanic(t, func() { Simple(s, "example.com") }), "Simple: url: scheme")
	require.Contains(t, mustPanic(t, func() { Simple(nil, where) }), "Simple: the sender is nil")
}

func BenchmarkHook(b *testing.B) {
	send := Hook(instant{}, same, URL(where), Secret(secret))
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := send(ctx, greenfelds); err != nil {
			b.Fatal(err)
		}
	}
}

// instant is a sender without a transport, so that what a hook costs is seen alone.
type instant struct{}

func (i instant) Send(ctx context.Context, call *Call) (*Result, error) {
	return attemptAll(ctx, i, call)
}

func (instant) Attempt(context.Context, *Message, int) Attempt { return Attempt{Outcome: Delivered} }

type broken struct{}

func (broken) Wait(int) time.Duration { panic("no") }

func TestSend_ACountdownsPanicIsAnError(t *testing.T) {
	ring := NewRing(1)
	s := &scripted{answers: []Attempt{rejected(500)}}
	result, err := Hook(s, same, URL(where), Record(ring), Retry(Schedule{Tries: 2, Countdown: broken{}}))(t.Context(), greenfelds)
	var p *PanicError
	require.ErrorAs(t, err, &p)
	require.Equal(t, Failed, result.State)
	require.Len(t, result.Attempts, 1)
	require.True(t, ring.List(nil)[0].Final)
	require.Equal(t, "the next attempt could not be planned", result.Reason)
}

func TestSend_EndsWithItsContextAtEachPoint(t *testing.T) {
	wrong := errors.New("shutting down")
	schedule := Retry(Schedule{Tries: 3, Countdown: Fixed{Delay: time.Second}})
	payload := func(ctx context.Context, w wedding) (wedding, error) {
		select {
		case <-time.After(time.Second):
			return w, nil
		case <-ctx.Done():
			return w, ctx.Err()
		}
	}
	for at, attempts := range map[time.Duration]int{
		0:                       0, // before the payload function
		500 * time.Millisecond:  0, // in it
		1500 * time.Millisecond: 1, // during the first attempt
		2500 * time.Millisecond: 1, // while it waits
		3500 * time.Millisecond: 2,
		4500 * time.Millisecond: 2,
		5500 * time.Millisecond: 3, // during the last
	} {
		t.Run(at.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &scripted{takes: time.Second, answers: []Attempt{rejected(500)}}
				ctx, cancel := context.WithCancelCause(t.Context())
				if at == 0 {
					cancel(wrong)
				}
				time.AfterFunc(at, func() { cancel(wrong) })
				start := time.Now()
				result, err := Hook(s, payload, URL(where), schedule)(ctx, greenfelds)
				require.ErrorIs(t, err, wrong)
				require.Equal(t, err, result.Err)
				require.Equal(t, Failed, result.State)
				require.Len(t, result.Attempts, attempts)
				require.Equal(t, at, time.Since(start))
			})
			synctest.Test(t, func(t *testing.T) {
				async := NewAsync(&scripted{takes: time.Second, answers: []Attempt{rejected(500)}}, 1, 0)
				result, err := Hook(async, payload, URL(where), schedule)(t.Context(), greenfelds)
				require.NoError(t, err)
				ctx, cancel := context.WithTimeout(t.Context(), at)
				defer cancel()
				left, err := async.Shutdown(ctx)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.Equal(t, 1, left)
				_, err = result.Wait(t.Context())
				require.ErrorIs(t, err, ErrShutdown)
			})
		})
	}
}
