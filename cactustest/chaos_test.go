package cactustest_test

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/source/github"
	"github.com/cactuscorp/cactus/source/stripe"
)

// recording returns a receiver that records an effect for each request that it
// accepts.
func recording(effects *cactustest.Effects) http.Handler {
	r := new(cactus.Registry)
	r.Handle("*", func(_ context.Context, e *cactus.RawEvent) error {
		effects.Record(e.ID)
		return nil
	})
	return cactus.NewHandler(r, cactustest.Source())
}

// scripted answers with one status after the other, and with the last for good.
type scripted struct {
	statuses []int
	after    time.Duration
	asked    atomic.Int64
}

func (s *scripted) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	i := int(s.asked.Add(1)) - 1
	status := s.statuses[min(i, len(s.statuses)-1)]
	if s.after > 0 && status != http.StatusOK {
		w.Header().Set("Retry-After", strconv.Itoa(int(s.after.Seconds())))
	}
	w.WriteHeader(status)
}

func TestChaos_DeliversUntilItIsAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		h := &scripted{statuses: []int{500, 302, 422, 202}}
		report := cactustest.Chaos{Scale: 1}.Deliver(t, h, cactustest.ChaosEvents(1, 1))
		report.RequireAccepted(t)
		require.Equal(t, map[int]int{500: 1, 302: 1, 422: 1, 202: 1}, report.Statuses)
		require.Equal(t, 4, report.Requests)
		require.Equal(t, 3, report.Retries)
		require.GreaterOrEqual(t, time.Since(start), 3500*time.Millisecond, "waits of 1, 2 and 4 seconds, or half of it")

		start = time.Now()
		h = &scripted{statuses: []int{503, 200}, after: time.Hour}
		cactustest.Chaos{Scale: 1}.Deliver(t, h, cactustest.ChaosEvents(1, 1)).RequireAccepted(t)
		require.Equal(t, time.Hour, time.Since(start), "Retry-After")
	})
}

func TestChaos_ScalesEveryWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		h := &scripted{statuses: []int{503, 200}, after: time.Hour}
		cactustest.Chaos{}.Deliver(t, h, cactustest.ChaosEvents(1, 1)).RequireAccepted(t)
		require.Equal(t, 3600*time.Millisecond, time.Since(start))
	})
}

func TestChaos_StopsWhenTheReceiverIsGone(t *testing.T) {
	h := &scripted{statuses: []int{500, 410, 200}}
	report := cactustest.Chaos{Faults: cactustest.ChaosFaults{Duplicate: 1}}.Deliver(t, h, cactustest.ChaosEvents(1, 1))
	require.Equal(t, []string{"evt_000000"}, report.Gone)
	require.EqualValues(t, 2, h.asked.Load())
	require.Empty(t, report.Unaccepted)
}

func TestChaos_SaysWhatIsNeverAccepted(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
		want    string
	}{
		{"a failure", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, "evt_000000 (502)"},
		{"a panic", func(http.ResponseWriter, *http.Request) { panic("ouch") }, "evt_000000 (the handler panicked: ouch)"},
		{"an end", func(http.ResponseWriter, *http.Request) { runtime.Goexit() }, "evt_000000 (the handler ended without an answer)"},
		{"no answer", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "evt_000000 (no answer within 20s)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				chaos := cactustest.Chaos{Tries: 3, Timeout: 20 * time.Second}
				report := chaos.Deliver(t, tt.handler, cactustest.ChaosEvents(1, 1))
				require.Equal(t, []string{tt.want}, report.Unaccepted)
				require.Equal(t, 3, report.Requests)
				require.Equal(t, 2, report.Retries)
			})
		})
	}
}

func TestChaos_EachFaultHappens(t *testing.T) {
	type faults = cactustest.ChaosFaults
	tests := []struct {
		name   string // as the report calls it
		faults faults
		want   string // the answers
		runs   int
	}{
		{"none", faults{}, "1 x 200", 1},
		{"1 duplicate", faults{Duplicate: 1}, "2 x 200", 2},
		{"1 concurrent", faults{Concurrent: 1}, "2 x 200", 2},
		{"1 duplicate, 1 concurrent", faults{Duplicate: 1, Concurrent: 1}, "3 x 200", 3},
		{"1 given up", faults{GiveUp: 1}, "1 x 200, 1 unseen", 2},
		{"1 answer lost", faults{LoseAnswer: 1}, "1 x 200, 1 unseen", 2},
		{"1 cut", faults{Cut: 1}, "1 x 200, 1 unseen", 1},
		{"1 truncated", faults{Truncate: 1}, "1 x 200, 1 x 401", 1},
		{"1 forged", faults{Forge: 1}, "1 x 200, 1 x 401", 1},
		{"1 reordered", faults{Reorder: 1}, "1 x 200", 1},
	}
	for _, tt := range tests {
		for seed := range uint64(6) { // so that each way to forge comes up
			t.Run(fmt.Sprintf("%s, seed %d", tt.name, seed), func(t *testing.T) {
				chaos, events := cactustest.Chaos{Seed: seed, Faults: tt.faults}, cactustest.ChaosEvents(1, 1)

				var inProcess cactustest.Effects
				report := chaos.Deliver(t, recording(&inProcess), events)
				report.RequireAccepted(t)
				require.Contains(t, report.String(), "\nanswers: "+tt.want+"\n")
				require.Equal(t, tt.runs, inProcess.Count(events[0].ID))
				require.Equal(t, tt.name, report.Faults.String())

				var overHTTP cactustest.Effects
				server := httptest.NewServer(recording(&overHTTP))
				report = chaos.Post(t, server.URL, events)
				// A server that is closed drops what it has not begun to read.
				require.Eventually(t, func() bool { return overHTTP.Count(events[0].ID) >= tt.runs }, time.Minute, time.Millisecond)
				server.Close()
				report.RequireAccepted(t)
				require.Contains(t, report.String(), "\nanswers: "+tt.want+"\n")
				require.Equal(t, tt.runs, overHTTP.Count(events[0].ID))
			})
		}
	}
}

func TestChaos_FindsAReceiverThatVerifiesNothing(t *testing.T) {
	chaos := cactustest.Chaos{Faults: cactustest.ChaosFaults{Forge: 1, Truncate: 1}, Senders: 1}
	report := chaos.Deliver(t, &scripted{statuses: []int{200}}, cactustest.ChaosEvents(2, 1))
	require.Equal(t, []string{
		"evt_000000 (forged: 200)", "evt_000000 (truncated: 200)", "evt_000001 (forged: 200)", "evt_000001 (truncated: 200)",
	}, report.Breaches)
	requireFails(t, "\nbreaches: 4: evt_000000 (forged: 200), ", func(tb *failingT) { report.RequireAccepted(tb) })
}

func TestChaos_SendsCopiesAtTheSameMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var times []time.Time
		var mu sync.Mutex
		h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			mu.Lock()
			times = append(times, time.Now())
			mu.Unlock()
			time.Sleep(time.Second)
		})
		chaos := cactustest.Chaos{Faults: cactustest.ChaosFaults{Concurrent: 1}, Senders: 1}
		chaos.Deliver(t, h, cactustest.ChaosEvents(1, 1)).RequireAccepted(t)
		require.Len(t, times, 2)
		require.Equal(t, times[0], times[1])
	})
}

// gauge counts what goes on at the same time.
type gauge struct {
	mu        sync.Mutex
	now, most int
}

func (g *gauge) add(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now += n
	g.most = max(g.most, g.now)
}

func TestChaos_SendsAgainWhileTheHandlerRuns(t *testing.T) {
	for _, faults := range []cactustest.ChaosFaults{{}, {GiveUp: 1}} {
		synctest.Test(t, func(t *testing.T) {
			var (
				running gauge
				asked   atomic.Int64
			)
			h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				running.add(1)
				defer running.add(-1)
				_, _ = io.Copy(io.Discard, r.Body)
				if asked.Add(1) == 1 {
					time.Sleep(time.Minute)
					assert.ErrorIs(t, r.Context().Err(), context.Canceled)
				}
			})
			chaos := cactustest.Chaos{Faults: faults, Timeout: 10 * time.Second}
			report := chaos.Deliver(t, h, cactustest.ChaosEvents(1, 1))
			report.RequireAccepted(t)
			require.Equal(t, 2, running.most)
			require.Zero(t, running.now, "Deliver waits for them")
			require.Equal(t, 1, report.Unseen)
		})
	}
}

func TestChaos_SendsNoMoreAtATimeThanAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running gauge
		h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			running.add(1)
			defer running.add(-1)
			time.Sleep(time.Second)
		})
		chaos := cactustest.Chaos{Senders: 7, Faults: cactustest.ChaosFaults{Duplicate: 0.5, LoseAnswer: 0.5}}
		chaos.Deliver(t, h, cactustest.ChaosEvents(100, 1)).RequireAccepted(t)
		require.Equal(t, 7, running.most)
	})
}

func TestChaos_SignsAsOtherSendersDo(t *testing.T) {
	forStripe := signature.Must(signature.NewStripe(signature.Key{Secret: "whsec_0123456789abcdef"}))
	forGitHub := signature.Must(signature.NewGitHub(signature.Key{Secret: "0123456789abcdef"}))
	event := func(id, body string) cactustest.ChaosEvent {
		return cactustest.ChaosEvent{ID: id, Body: []byte(body), Options: []cactustest.RequestOption{
			cactustest.WithHeader("X-GitHub-Event", "push"), cactustest.WithHeader("X-GitHub-Delivery", id),
		}}
	}
	tests := []struct {
		name   string
		source cactus.Source
		signer signature.Signer
		body   string
	}{
		{"Stripe", stripe.Thin(forStripe), forStripe, `{"id":%q,"object":"v2.core.event","type":"v1.x","created":"2025-06-01T00:00:00Z"}`},
		{"GitHub", github.New(forGitHub), forGitHub, `{"ref":"refs/heads/main","after":%q}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var (
				effects cactustest.Effects
				events  = make([]cactustest.ChaosEvent, 50)
			)
			r := new(cactus.Registry)
			r.Handle("*", func(_ context.Context, e *cactus.RawEvent) error {
				effects.Record(e.ID)
				return nil
			})
			for i := range events {
				id := fmt.Sprintf("id_%02d", i)
				events[i] = event(id, fmt.Sprintf(tt.body, id))
			}
			chaos := cactustest.Chaos{Seed: 3, Faults: cactustest.BadDay(), Options: []cactustest.RequestOption{cactustest.WithSigner(tt.signer)}}
			chaos.Deliver(t, cactus.NewHandler(r, tt.source), events).RequireAccepted(t)
			effects.RequireAtLeastOnce(t, cactustest.ChaosIDs(events))
		})
	}
}

func TestChaos_FailsTheTestIfItCannotDeliver(t *testing.T) {
	var (
		h      = receiver()
		events = cactustest.ChaosEvents(3, 1)
		canned = func(id string) []cactustest.ChaosEvent { return []cactustest.ChaosEvent{{ID: id}, {ID: id}} }
		rate   = func(v float64) cactustest.Chaos { return cactustest.Chaos{Faults: cactustest.ChaosFaults{Cut: v}} }
	)
	tests := []struct {
		name   string
		chaos  cactustest.Chaos
		events []cactustest.ChaosEvent
		want   string
	}{
		{"too high a rate", rate(1.5), events, "a rate of 1.5: it must be from 0 to 1"},
		{"too low a rate", rate(-1), events, "a rate of -1: it must be from 0 to 1"},
		{"no rate", rate(math.NaN()), events, "a rate of NaN: it must be from 0 to 1"},
		{"a negative number", cactustest.Chaos{Senders: -1}, events, "must not be negative"},
		{"no id", cactustest.Chaos{}, canned(""), "event 0 has no id"},
		{"one id twice", cactustest.Chaos{}, canned("evt_1"), "two events have the id evt_1"},
		{"an id that cannot be signed", cactustest.Chaos{Seed: 7}, []cactustest.ChaosEvent{{ID: "a.b"}}, "chaos with seed 7: sign event a.b: signature: cannot sign"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			requireFails(t, "cactustest: chaos with seed ", func(tb *failingT) { tt.chaos.Deliver(tb, h, tt.events) })
			requireFails(t, tt.want, func(tb *failingT) { tt.chaos.Post(tb, "http://127.0.0.1:0", tt.events) })
		})
	}
	require.Panics(t, func() { cactustest.ChaosEvents(1, 0) })
}

func TestChaos_EndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		chaos := cactustest.Chaos{Scale: 1, Senders: 2, Faults: cactustest.ChaosFaults{Duplicate: 1}}
		_, err := chaos.Send(ctx, &scripted{statuses: []int{500}}, cactustest.ChaosEvents(9, 1))
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestChaos_PostReportsAnEndpointThatIsNotThere(t *testing.T) {
	chaos := cactustest.Chaos{Tries: 2}
	report := chaos.Post(t, "gopher://x", cactustest.ChaosEvents(1, 1))
	require.Equal(t, []string{`evt_000000 (unsupported protocol scheme "gopher")`}, report.Unaccepted)
	report = chaos.Post(t, ":", cactustest.ChaosEvents(1, 1))
	require.Equal(t, []string{`evt_000000 (parse ":": missing protocol scheme)`}, report.Unaccepted)
}

// failedT is a test that has failed.
type failedT struct {
	testing.TB

	cleanup func()
	log     string
}

func (*failedT) Failed() bool                     { return true }
func (f *failedT) Cleanup(cleanup func())         { f.cleanup = cleanup }
func (f *failedT) Logf(format string, arg ...any) { f.log = fmt.Sprintf(format, arg...) }

func TestChaos_LogsItsSeedIfTheTestFails(t *testing.T) {
	tb := &failedT{TB: t}
	cactustest.Chaos{Seed: 42}.Deliver(tb, receiver(), cactustest.ChaosEvents(3, 1))
	require.Empty(t, tb.log)
	tb.cleanup()
	require.Equal(t, "cactustest: chaos with seed 42: 3 events, 3 requests, 0 of them retries\nanswers: 3 x 200\nfaults: none", tb.log)
}
