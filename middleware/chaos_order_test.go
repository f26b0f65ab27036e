package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/types"
)

// pair is two processes behind a load balancer, which share their stores. Their
// handlers fail one time in ten before their effect, and take their time, some
// of them more than the sender has.
type pair struct {
	t        *testing.T
	replicas [2]http.Handler
	requests atomic.Int64
	effects  cactustest.Effects
	failures cactustest.Failures
	skip     bool

	mu       sync.Mutex
	running  map[string]string    // the event whose handler runs, by order
	last     map[string]string    // the event of the last effect, by order
	newest   map[string]time.Time // when that was created
	stale    map[string]bool      // events
	overlaps int
}

func newPair(t *testing.T, seed uint64, skip bool, order middleware.OrderStore, dedupe middleware.DedupeStore) *pair {
	t.Helper()
	p := &pair{
		t: t, effects: cactustest.Effects{Seed: seed}, failures: cactustest.Failures{Seed: seed, Rate: 0.1}, skip: skip,
		running: map[string]string{}, last: map[string]string{}, newest: map[string]time.Time{}, stale: map[string]bool{},
	}
	for i := range p.replicas {
		inOrder := middleware.Serial(order)
		if skip {
			inOrder = middleware.SkipStale(order)
		}
		r := new(cactus.Registry)
		r.Use(p.notes, inOrder, middleware.Dedupe(dedupe))
		cactus.On(r, p.handle)
		p.replicas[i] = cactus.NewHandler(r, cactustest.Source())
	}
	return p
}

// ServeHTTP gives requests to the two in turn.
func (p *pair) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	p.replicas[p.requests.Add(1)%2].ServeHTTP(w, req)
}

// notes is a middleware that notes which events are stale.
func (p *pair) notes(next cactus.HandlerFunc) cactus.HandlerFunc {
	return func(ctx context.Context, event cactus.Event) error {
		err := next(ctx, event)
		if errors.Is(err, middleware.ErrStale) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.stale[event.Metadata().ID] = true
		}
		return err
	}
}

func (p *pair) handle(_ context.Context, e *types.OrderShippedPushed) error {
	order := e.RelatedObject.ID
	p.mu.Lock()
	if other := p.running[order]; other != "" {
		p.overlaps++
		p.t.Errorf("%s runs beside %s", e.ID, other)
	}
	p.running[order] = e.ID
	p.mu.Unlock()
	err := p.failures.Next(e.ID)
	if strings.HasSuffix(e.ID, "7") {
		time.Sleep(12 * time.Second)
	}
	time.Sleep(200 * time.Millisecond)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running[order] = ""
	if err != nil {
		return err
	}
	if p.skip && e.Created.Before(p.newest[order]) {
		p.t.Errorf("%s has an effect after %s", e.ID, p.last[order])
	}
	p.last[order], p.newest[order] = e.ID, e.Created
	p.effects.Record(e.ID)
	return nil
}

// Two processes on one store, on a bad day, with a sender that loses patience
// with every tenth event while its handler runs.
func TestOrder_SurvivesABadDay(t *testing.T) {
	t.Parallel()
	stores := map[string]func() (middleware.OrderStore, middleware.DedupeStore){
		"memory": func() (middleware.OrderStore, middleware.DedupeStore) {
			return middleware.NewMemoryOrder(), middleware.NewMemoryDedupe()
		},
		"remote": func() (middleware.OrderStore, middleware.DedupeStore) {
			return remoteOrder(), &plainStore{middleware.NewMemoryDedupe()}
		},
	}
	for maker, skip := range map[string]bool{"Serial": false, "SkipStale": true} {
		for name, open := range stores {
			t.Run(maker+", "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					order, dedupe := open()
					badDay(t, newPair(t, 4, skip, order, dedupe))
				})
			})
		}
	}
}

func badDay(t *testing.T, p *pair) {
	t.Helper()
	const orders = 23
	chaos := cactustest.Chaos{
		Seed: 4, Faults: cactustest.BadDay(), Window: 50, Scale: 1, Senders: 100, Timeout: 10 * time.Second,
	}
	sent := cactustest.ChaosEvents(1000, orders)
	report := chaos.Deliver(t, p, sent)
	t.Log(report)
	report.RequireAccepted(t)
	require.Zero(t, p.overlaps)
	require.Positive(t, report.Statuses[http.StatusConflict], "some have waited in vain")

	ids := cactustest.ChaosIDs(sent)
	if !p.skip {
		require.Empty(t, p.stale)
		p.effects.RequireOnce(t, ids)
		return
	}
	var ran []string
	for i, id := range ids {
		switch p.effects.Count(id) {
		case 0:
			require.True(t, p.stale[id], "%s was neither handled nor stale", id)
		default:
			ran = append(ran, id)
		}
		if i >= len(ids)-orders {
			order := fmt.Sprintf("ord_%04d", i%orders)
			require.Equal(t, id, p.last[order], "the newest event of %s has the last word", order)
		}
	}
	p.effects.RequireOnce(t, ran)
	require.Less(t, len(ran), len(ids), "some were stale")
}
