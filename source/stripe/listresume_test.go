package stripe_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
)

func TestLists_ResumeBehindTheCursor(t *testing.T) {
	failure := errors.New("the database is down")
	for name, list := range lists {
		t.Run(name, func(t *testing.T) {
			events := bursts(700)
			f := startStripe(t, events...)
			var handled []string
			down := true
			var r cactus.Registry
			r.Use(middleware.Dedupe(middleware.NewMemoryDedupe()))
			r.Handle("*", func(_ context.Context, e *cactus.RawEvent) error {
				if down && len(handled) == 432 {
					return failure
				}
				handled = append(handled, e.ID)
				return nil
			})
			p, err := r.Backfill(t.Context(), list(f.client()), time.Time{})
			require.ErrorIs(t, err, failure)
			require.Equal(t, 432, p.Handled)
			require.Equal(t, events[431].id, p.Cursor)

			late := fakeEvent{"evt_late", "v1.a", events[431].at} // listed only now
			f.mu.Lock()
			f.events = slices.Insert(f.events, 0, late)
			f.mu.Unlock()
			down = false
			p, err = r.Backfill(t.Context(), list(f.client()), time.Time{}, cactus.WithCursor(p.Cursor))
			require.NoError(t, err)
			require.Equal(t, 700-432+1, p.Handled)
			require.Less(t, p.Ignored, 200, "those of the cursor's own time alone")
			require.ElementsMatch(t, append(idsOf(events), late.id), handled)
			require.Equal(t, events[699].id, p.Cursor)

			_, err = r.Backfill(t.Context(), list(f.client()), time.Time{}, cactus.WithCursor("evt_gone"))
			require.ErrorIs(t, err, cactus.ErrNotFound)
			_, err = r.Backfill(t.Context(), list(f.client()), time.Time{}, cactus.WithCursor("../evt_1"))
			require.ErrorContains(t, err, "the event to begin behind")
		})
	}
}

func TestLists_MissNothingThatComesWhileTheyAreRead(t *testing.T) {
	for name, list := range lists {
		t.Run(name, func(t *testing.T) {
			events := bursts(500)
			f := startStripe(t, events...)
			f.during = func(f *fakeStripe, asked string) {
				if n := len(f.events); !strings.Contains(asked, "evt_") && n < 520 {
					f.events = append(f.events, fakeEvent{fmt.Sprint("evt_", n), "v1.a", time.Now()})
				}
			}
			got, err := ids(t, list(f.client()), cactus.EventQuery{Limit: 20})
			require.NoError(t, err)
			require.Subset(t, got, idsOf(events))
		})
	}
}
