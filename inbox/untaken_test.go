package inbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/inbox"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/types"
)

func logTo(b *bytes.Buffer) *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }

func TestUntaken_IsToldOfAndCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		store := inbox.NewMemory()
		in := start(t, store, inbox.Config{Logger: logTo(&log)}, &cactus.Registry{}) // the handler is forgotten
		require.Equal(t, 202, post(t, in.Handler("shop"), "evt_1").Code)
		synctest.Wait()
		require.Contains(t, log.String(), "level=WARN")
		require.Contains(t, log.String(), `inbox item has an event that nothing takes`)
		require.Contains(t, log.String(), `order.lost`)
		require.Equal(t, inbox.Stats{}, stats(t, store))
		for n := range 100 {
			in.add(t, fmt.Sprint("evt_", n+2))
			time.Sleep(20 * time.Millisecond)
		}
		in.drain(t)
		require.LessOrEqual(t, strings.Count(log.String(), "\n"), 4, "a line a second")
		require.Equal(t, uint64(101), in.Unhandled())
	})
}

func TestUntaken_IsADeadLetterWhenStrict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, notes := inbox.NewMemory(), newJournal()
		var log bytes.Buffer
		in := start(t, store, inbox.Config{Strict: true, Logger: logTo(&log)}, &cactus.Registry{})
		in.add(t, "evt_1")
		in.drain(t)
		letters := in.letters(t)
		require.Len(t, letters, 1)
		require.Contains(t, letters[0].Reason, `no handler for event type "order.lost"`)
		require.Equal(t, "order.lost evt_1 1", fmt.Sprint(letters[0].EventType, " ", letters[0].EventID, " ", letters[0].Attempts))
		require.Contains(t, log.String(), "level=ERROR")
		require.Contains(t, log.String(), "outcome=unhandled")
		require.Equal(t, uint64(1), in.Unhandled())

		in = start(t, store, inbox.Config{Strict: true}, lostRegistry(func(_ context.Context, e *types.OrderLostPushed) error {
			notes.note(e.ID)
			return nil
		}))
		n, err := in.ReplayAll(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, n)
		in.drain(t)
		require.Equal(t, []string{"evt_1"}, notes.all())
		require.Equal(t, inbox.Stats{}, stats(t, store))
	})
}

// The lease is lost meanwhile: whoever has the item decides.
func TestUntaken_OfALostLeaseIsNoDeadLetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &faulty{Store: inbox.NewMemory(), lost: true}
		in := start(t, store, inbox.Config{Strict: true, Lease: time.Minute}, lostRegistry(func(ctx context.Context, _ *types.OrderLostPushed) error {
			<-ctx.Done()
			return cactus.ErrNoHandler
		}))
		in.add(t, "evt_1")
		time.Sleep(45 * time.Second)
		require.Empty(t, in.letters(t))
		in.stop()
		require.ErrorIs(t, <-in.done, context.Canceled)
	})
}

// several is a source whose bodies have event types, one a line.
type several struct{ cactus.Source }

func (several) Parse(dst []cactus.Envelope, req *cactus.Request) ([]cactus.Envelope, error) {
	for i, name := range strings.Fields(string(req.Body)) {
		dst = append(dst, cactus.Envelope{Meta: cactus.Meta{ID: fmt.Sprint("evt_", i), Type: name, ReceivedAt: req.ReceivedAt}})
	}
	return dst, nil
}

// Of a batch, one event that nothing takes counts beside others that are handled,
// and waits for others that failed.
func TestUntaken_CountsInABatch(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		fails      int // so often
		strict     bool
		runs, dead int
		unhandled  uint64
	}{
		{"beside one that is handled", "order.lost order.forgotten", 0, false, 1, 0, 1},
		{"strict", "order.lost order.forgotten", 0, true, 1, 1, 1},
		{"after one that fails", "order.forgotten order.lost", 1, false, 2, 0, 1},
		{"strict after one that fails", "order.forgotten order.lost", 1, true, 2, 1, 1},
		{"behind a thousand duplicates", strings.Repeat("order.lost ", 1000) + "order.forgotten", -1, true, 1000, 1, 1},
		{"all handled", "order.lost order.lost", 0, true, 2, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, runs := inbox.NewMemory(), 0
				var log bytes.Buffer
				in := start(t, store, inbox.Config{Strict: tt.strict, Logger: logTo(&log)}, nil)
				in.Register("shop", lostRegistry(func(context.Context, *types.OrderLostPushed) error {
					if runs++; tt.fails < 0 {
						return middleware.ErrDuplicate
					}
					if runs <= tt.fails {
						return errors.New("not now")
					}
					return nil
				}), several{cactustest.Source()})
				require.NoError(t, in.Enqueue(t.Context(), "shop", cactus.NewRequest(nil, []byte(tt.body), time.Now())))
				time.Sleep(time.Minute)
				letters := in.letters(t)
				in.drain(t)
				require.Equal(t, tt.runs, runs)
				require.Equal(t, inbox.Stats{Dead: tt.dead}, stats(t, store))
				require.Equal(t, tt.unhandled, in.Unhandled())
				require.Equal(t, tt.unhandled > 0, strings.Contains(log.String(), "order.forgotten"))
				for _, letter := range letters {
					require.Contains(t, letter.Reason, `"order.forgotten"`)
				}
			})
		})
	}
}

func TestHandler_RefusesAnOptionThatWouldDoNothing(t *testing.T) {
	in := inbox.New(inbox.NewMemory(), inbox.Config{})
	in.Register("shop", &cactus.Registry{}, cactustest.Source())
	require.PanicsWithValue(t, "cactus: NewReceiver: WithStrict does nothing where the answer comes before the handlers; for an inbox set its Config.Strict", func() {
		in.Handler("shop", cactus.WithStrict())
	})
}
