package middleware_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/types"
)

// twentyPercent are duplicates at 20 %, half of them at the same moment.
var twentyPercent = cactustest.ChaosFaults{Duplicate: 0.1, Concurrent: 0.1}

// watched is a receiver whose handler takes some time, fails one time in ten
// before its effect, and records the effect.
type watched struct {
	http.Handler

	effects cactustest.Effects
}

// watch makes a watched receiver. Work says how long the handler takes for an
// event before its effect, which happens whether or not anybody still waits.
func watch(seed uint64, work func(id string) time.Duration, mw ...cactus.Middleware) *watched {
	w := &watched{effects: cactustest.Effects{Seed: seed}}
	failures := &cactustest.Failures{Seed: seed, Rate: 0.1}
	r := new(cactus.Registry)
	r.Use(mw...)
	cactus.On(r, func(_ context.Context, e *types.OrderShippedPushed) error {
		err := failures.Next(e.ID)
		time.Sleep(work(e.ID))
		if err == nil {
			w.effects.Record(e.ID)
		}
		return err
	})
	w.Handler = cactus.NewHandler(r, cactustest.Source())
	return w
}

// always is the work that takes the same time for every event.
func always(d time.Duration) func(id string) time.Duration {
	return func(string) time.Duration { return d }
}

// Ten thousand events, one in five delivered twice, through a handler that fails
// now and then: in a bubble, where the handler takes its time, so that copies do
// meet.
func TestDedupe_SurvivesDuplicatesAndFailures(t *testing.T) {
	t.Parallel()
	const events = 10_000
	synctest.Test(t, func(t *testing.T) {
		w := watch(1, always(200*time.Millisecond), middleware.Dedupe(middleware.NewMemoryDedupe()))
		chaos := cactustest.Chaos{Seed: 1, Faults: twentyPercent, Scale: 1, Senders: 100}
		sent := cactustest.ChaosEvents(events, 100)
		report := chaos.Deliver(t, w, sent)
		t.Log(report)
		report.RequireAccepted(t)
		w.effects.RequireOnce(t, cactustest.ChaosIDs(sent))
		require.GreaterOrEqual(t, report.Statuses[http.StatusConflict], report.Faults.Concurrent, "copies met")
		require.Greater(t, report.Statuses[http.StatusInternalServerError], events/20, "runs failed")
	})
}

// The same on a day on which everything else goes wrong as well, with a sender
// that loses patience with every tenth event while its handler runs.
func TestDedupe_SurvivesABadDay(t *testing.T) {
	t.Parallel()
	for name, store := range map[string]func() middleware.DedupeStore{
		"memory": func() middleware.DedupeStore { return middleware.NewMemoryDedupe() },
		"remote": func() middleware.DedupeStore { return &plainStore{middleware.NewMemoryDedupe()} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				work := func(id string) time.Duration {
					if strings.HasSuffix(id, "7") {
						return 12 * time.Second
					}
					return 200 * time.Millisecond
				}
				w := watch(2, work, middleware.Dedupe(store()))
				chaos := cactustest.Chaos{
					Seed: 2, Faults: cactustest.BadDay(), Window: 50, Scale: 1, Senders: 100, Timeout: 10 * time.Second,
				}
				sent := cactustest.ChaosEvents(1000, 100)
				report := chaos.Deliver(t, w, sent)
				t.Log(report)
				report.RequireAccepted(t)
				w.effects.RequireOnce(t, cactustest.ChaosIDs(sent))
				require.Greater(t, report.Unseen, report.Faults.GiveUp+report.Faults.LoseAnswer+report.Faults.Cut, "the slow ones time out")
			})
		})
	}
}

// Over real connections, with everything that can go wrong.
func TestDedupe_SurvivesABadDayOverHTTP(t *testing.T) {
	t.Parallel()
	w := watch(3, always(0), middleware.Dedupe(middleware.NewMemoryDedupe()))
	server := httptest.NewServer(w)
	chaos := cactustest.Chaos{Seed: 3, Faults: cactustest.BadDay()}
	sent := cactustest.ChaosEvents(1000, 100)
	report := chaos.Post(t, server.URL, sent)
	server.Close() // waits for handlers that run
	t.Log(report)
	report.RequireAccepted(t)
	w.effects.RequireOnce(t, cactustest.ChaosIDs(sent))
}

// What the tests above find if there is no Dedupe.
func TestDedupe_IsWhatKeepsEffectsSingle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := watch(1, always(200*time.Millisecond))
		chaos := cactustest.Chaos{Seed: 1, Faults: twentyPercent, Scale: 1, Senders: 100}
		sent := cactustest.ChaosEvents(1000, 100)
		report := chaos.Deliver(t, w, sent)
		report.RequireAccepted(t)
		w.effects.RequireAtLeastOnce(t, cactustest.ChaosIDs(sent))

		quiet := &quietT{TB: t}
		w.effects.RequireOnce(quiet, cactustest.ChaosIDs(sent))
		require.Regexp(t, "^cactustest: effects of 1000 events, seed 1\n[0-9]+ had more than one: evt_", quiet.failure)
		several := 0
		for _, id := range cactustest.ChaosIDs(sent) {
			if w.effects.Count(id) > 1 {
				several++
			}
		}
		require.Greater(t, several, report.Faults.Duplicate)
	})
}

// quietT notes its failure in place of failing.
type quietT struct {
	testing.TB

	failure string
}

func (*quietT) Helper() {}

func (q *quietT) Fatalf(format string, args ...any) { q.failure = fmt.Sprintf(format, args...) }
