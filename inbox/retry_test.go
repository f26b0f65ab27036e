package inbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/inbox"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/types"
)

func source() cactus.Source { return cactustest.Source() }

func TestRetry_BacksOffAndEndsWithADeadLetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		notes := newJournal()
		in := start(t, inbox.NewMemory(), inbox.Config{
			Poll: 100 * time.Millisecond, Retry: inbox.Schedule{Base: 10 * time.Second, Max: 40 * time.Second, Attempts: 5},
		}, lostRegistry(func(_ context.Context, e *types.OrderLostPushed) error {
			notes.note(e.ID)
			return errors.New("the printer is offline")
		}))
		received := time.Now()
		in.add(t, "evt_1")
		time.Sleep(5 * time.Minute)
		at := notes.times()
		require.Len(t, at, 5)
		for i, wait := range []time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second, 40 * time.Second} {
			require.GreaterOrEqual(t, at[i+1]-at[i], wait/2)
			require.LessOrEqual(t, at[i+1]-at[i], wait+200*time.Millisecond)
		}
		letters := in.letters(t)
		require.Len(t, letters, 1)
		got := letters[0]
		require.Equal(t, "the printer is offline", got.Reason)
		require.Equal(t, 5, got.Attempts)
		require.Equal(t, "order.lost", got.EventType)
		require.Equal(t, "evt_1", got.EventID)
		require.Equal(t, "shop", got.Item.Source)
		require.True(t, received.Equal(got.Added))
		require.Equal(t, at[4], got.Buried.Sub(received))
		in.drain(t)
	})
}

func TestSchedule_TakesAboutADay(t *testing.T) {
	s := inbox.Schedule{Base: time.Second, Max: time.Hour, Attempts: 45} // the defaults
	var longest time.Duration
	for failures := 1; failures < s.Attempts; failures++ {
		longest += s.Wait(failures)
	}
	require.Greater(t, longest, 20*time.Hour)
	require.Less(t, longest, 34*time.Hour)
}

// TestOutcome_DecidesWhatBecomesOfAnItem has an hour go by.
func TestOutcome_DecidesWhatBecomesOfAnItem(t *testing.T) {
	own := func(o cactus.Outcome) error { return &cactus.Error{Outcome: o, Err: errors.New("so it is")} }
	tests := map[string]struct {
		err  error
		want inbox.Stats
		runs int
	}{
		"handled":   {nil, inbox.Stats{}, 1},
		"ignored":   {cactus.ErrIgnored, inbox.Stats{}, 1},
		"unhandled": {cactus.ErrNoHandler, inbox.Stats{}, 1},
		"permanent": {cactus.Permanent(errors.New("no such order")), inbox.Stats{Dead: 1}, 1},
		"gone":      {cactus.ErrGone, inbox.Stats{Dead: 1}, 1},
		"malformed": {own(cactus.OutcomeMalformed), inbox.Stats{Dead: 1}, 1},
		"refused":   {own(cactus.OutcomeRefused), inbox.Stats{Dead: 1}, 1},
		"no tenant": {own(cactus.OutcomeNoTenant), inbox.Stats{Dead: 1}, 1},
		"busy":      {&cactus.Error{Outcome: cactus.OutcomeBusy, After: 25 * time.Minute}, inbox.Stats{Scheduled: 1}, 3},
		"retry":     {cactus.RetryAfter(40*time.Minute, nil), inbox.Stats{Scheduled: 1}, 2},
		// A body parsed in vain, or a signature refused, by the handler itself.
		"a failure, of another body":      {cactus.ErrMalformed, inbox.Stats{Scheduled: 1}, 2},
		"a failure, of another signature": {signature.ErrRefused, inbox.Stats{Scheduled: 1}, 2},
		"failed":                          {errors.New("no"), inbox.Stats{Scheduled: 1}, 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, notes := inbox.NewMemory(), newJournal()
				in := start(t, store, inbox.Config{Poll: 10 * time.Second, Retry: inbox.Schedule{Base: 50 * time.Minute, Max: 10 * time.Hour}}, lostRegistry(func(_ context.Context, e *types.OrderLostPushed) error {
					notes.note(e.ID)
					return tt.err
				}))
				in.add(t, "evt_1")
				time.Sleep(time.Hour - time.Second)
				got := stats(t, store)
				got.Oldest = 0
				require.Equal(t, tt.want, got)
				require.Len(t, notes.all(), tt.runs)
				_, err := in.Shutdown(t.Context())
				require.NoError(t, err)
			})
		})
	}
}

func TestOutcome_OfABodyThatIsNoEventIsADeadLetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		in := start(t, inbox.NewMemory(), inbox.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}, &cactus.Registry{})
		req := verified("evt_1")
		req.Body = []byte(`{"id":"private","type":7}`)
		require.NoError(t, in.Enqueue(t.Context(), "shop", req))
		in.drain(t)
		letters := in.letters(t)
		require.Len(t, letters, 1)
		require.Contains(t, letters[0].Reason, `"type"`)
		require.Empty(t, letters[0].EventID)
		require.Contains(t, log.String(), letters[0].Item.ID.String())
		require.NotContains(t, log.String(), "private")
	})
}

func TestBusy_CountsNoAttemptAndEndsWithAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		notes := newJournal()
		in := start(t, inbox.NewMemory(), inbox.Config{Poll: time.Minute, MaxAge: time.Hour, Retry: inbox.Schedule{Attempts: 2}}, lostRegistry(func(_ context.Context, e *types.OrderLostPushed) error {
			notes.note(e.ID)
			return &cactus.Error{Outcome: cactus.OutcomeBusy, After: 10 * time.Minute, Err: errors.New("locked")}
		}))
		in.add(t, "evt_1")
		time.Sleep(2 * time.Hour)
		require.Len(t, notes.all(), 7)
		letters := in.letters(t)
		require.Len(t, letters, 1)
		require.Equal(t, "given up after 1h0m0s: busy: locked", letters[0].Reason)
		require.Zero(t, letters[0].Attempts)
		in.drain(t)
	})
}

func TestRetryAfter_IsNotUsedUpByShortWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := inbox.NewMemory()
		in := start(t, store, inbox.Config{Poll: time.Minute}, lostRegistry(func(context.Context, *types.OrderLostPushed) error {
			return cactus.RetryAfter(time.Second, errors.New("too many at once"))
		}))
		in.add(t, "evt_1")
		time.Sleep(18 * time.Hour)
		require.Equal(t, 1, stats(t, store).Left(), "scheduled, or about to be claimed")
		_, err := in.Shutdown(t.Context())
		require.NoError(t, err)
	})
}

func TestUnregistered_StaysAndEndsWithAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, notes := inbox.NewMemory(), newJournal()
		before := inbox.New(store, inbox.Config{})
		before.Register("dropped", &cactus.Registry{}, source())
		before.Register("late", &cactus.Registry{}, source())
		require.NoError(t, before.Enqueue(t.Context(), "dropped", verified("evt_1")))
		require.NoError(t, before.Enqueue(t.Context(), "late", verified("evt_2")))

		in := start(t, store, inbox.Config{MaxAge: 10 * time.Minute}, nil)
		time.Sleep(5*time.Minute + 30*time.Second)
		require.Equal(t, inbox.Stats{Scheduled: 2, Oldest: 5*time.Minute + 30*time.Second}, stats(t, store))
		require.EqualValues(t, 12, in.Unregistered())
		in.Register("late", lostRegistry(func(_ context.Context, e *types.OrderLostPushed) error {
			notes.note(e.ID)
			return nil
		}), source())
		time.Sleep(time.Hour)
		require.Equal(t, []string{"evt_2"}, notes.all())
		letters := in.letters(t)
		require.Len(t, letters, 1)
		require.Contains(t, letters[0].Reason, "no source of this name is registered")
		require.Equal(t, "dropped", letters[0].Item.Source)
		in.drain(t)
	})
}

type unlookable struct{}

func (*unlookable) Error() string { panic("do not look") }

func TestWorker_SurvivesWhateverAHandlerDoes(t *testing.T) {
	for name, misdeed := range map[string]func(ctx context.Context) error{
		"panics":      func(context.Context) error { panic("boom") },
		"exits":       func(context.Context) error { runtime.Goexit(); return nil },
		"is slow":     func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		"returns nil": func(context.Context) error { var p *unlookable; return p },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				notes, goroutines := newJournal(), runtime.NumGoroutine()
				in := start(t, inbox.NewMemory(), inbox.Config{Workers: 1, Timeout: 3 * time.Second, Retry: inbox.Schedule{Attempts: 2}}, lostRegistry(func(ctx context.Context, e *types.OrderLostPushed) error {
					if e.ID == "evt_bad" {
						return misdeed(ctx)
					}
					notes.note(e.ID)
					return nil
				}))
				in.add(t, "evt_bad", "evt_1")
				time.Sleep(time.Minute)
				require.Equal(t, []string{"evt_1"}, notes.all())
				letters := in.letters(t)
				require.Len(t, letters, 1)
				require.Equal(t, 2, letters[0].Attempts)
				require.NotEmpty(t, letters[0].Reason)
				in.drain(t)
				in.stop()
				synctest.Wait()
				require.LessOrEqual(t, runtime.NumGoroutine(), goroutines+1, "goroutines leak")
			})
		})
	}
}

func TestWorker_BuriesWhatItsProcessDiesOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := inbox.NewMemory()
		in := inbox.New(store, inbox.Config{})
		in.Register("shop", &cactus.Registry{}, source())
		require.NoError(t, in.Enqueue(t.Context(), "shop", verified("evt_1")))
		for i := range 4 { // four processes die
			claimed, err := store.Claim(t.Context(), inbox.ClaimRequest{Owner: inbox.Owner{byte(i)}, Max: 1, Lease: time.Second})
			require.NoError(t, err)
			require.Len(t, claimed, 1)
			time.Sleep(time.Second)
		}
		next := start(t, store, inbox.Config{MaxLost: 4}, lostRegistry(func(context.Context, *types.OrderLostPushed) error {
			t.Error("the handler ran")
			return nil
		}))
		next.drain(t)
		letters := next.letters(t)
		require.Len(t, letters, 1)
		require.Contains(t, letters[0].Reason, "4 times")
		require.Zero(t, letters[0].Attempts)
	})
}

func TestReason_IsFitForAStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := start(t, inbox.NewMemory(), inbox.Config{}, lostRegistry(func(context.Context, *types.OrderLostPushed) error {
			return cactus.Permanent(fmt.Errorf("\x00\xff%s", strings.Repeat("é", 1000)))
		}))
		in.add(t, "evt_1")
		in.drain(t)
		reason := in.letters(t)[0].Reason
		require.LessOrEqual(t, len(reason), 1024)
		require.Greater(t, len(reason), 1000)
		require.Equal(t, reason, strings.ToValidUTF8(reason, "?"))
		require.NotContains(t, reason, "\x00")
	})
}

func TestReplay_BeginsAfresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		notes, mended := newJournal(), false
		in := start(t, inbox.NewMemory(), inbox.Config{}, lostRegistry(func(_ context.Context, e *types.OrderLostPushed) error {
			if !mended {
				return cactus.Permanent(errors.New("a bug"))
			}
			notes.note(e.ID)
			return nil
		}))
		for n := range 250 { // several pages
			in.add(t, fmt.Sprintf("evt_%d", n))
		}
		time.Sleep(time.Millisecond) // in a crowd, the last are gathered
		letters := in.letters(t)
		require.Len(t, letters, 250)
		require.Equal(t, 1, letters[0].Attempts)
		mended = true
		ctx := t.Context()
		n, err := in.Replay(ctx)
		require.NoError(t, err)
		require.Zero(t, n, "none were named")
		n, err = in.Replay(ctx, letters[7].Item.ID)
		require.NoError(t, err)
		require.Equal(t, 1, n)
		time.Sleep(time.Millisecond)
		require.Equal(t, []string{letters[7].EventID}, notes.all(), "at once")
		n, err = in.Discard(ctx, letters[0].Item.ID, letters[1].Item.ID, letters[7].Item.ID)
		require.NoError(t, err)
		require.Equal(t, 2, n)
		n, err = in.ReplayAll(ctx)
		require.NoError(t, err)
		require.Equal(t, 247, n)
		in.drain(t)
		require.Len(t, notes.all(), 248)
		require.Empty(t, in.letters(t))
	})
}
