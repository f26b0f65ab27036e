package drivertest_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/sqlstore"
	"github.com/cactuscorp/cactus/types"
)

// objects watches what the handlers of all replicas do to each object.
type objects struct {
	t        *testing.T
	failures cactustest.Failures
	effects  cactustest.Effects
	skips    bool

	mu      sync.Mutex
	running map[string]string    // the event whose handler runs, by object
	newest  map[string]time.Time // of the last effect
	last    map[string]string
}

func (o *objects) handle(_ context.Context, e *types.OrderShippedPushed) error {
	object := e.RelatedObject.ID
	o.mu.Lock()
	if other := o.running[object]; other != "" {
		o.t.Errorf("%s runs beside %s", e.ID, other)
	}
	o.running[object] = e.ID
	o.mu.Unlock()
	time.Sleep(time.Millisecond) // for others to come
	o.mu.Lock()
	defer o.mu.Unlock()
	o.running[object] = ""
	if err := o.failures.Next(e.ID); err != nil {
		return err
	}
	if o.skips && e.Created.Before(o.newest[object]) {
		o.t.Errorf("%s has an effect after %s", e.ID, o.last[object])
	}
	o.newest[object], o.last[object] = e.Created, e.ID
	o.effects.Record(e.ID)
	return nil
}

// Two replicas, each with connections of its own, on a bad day.
func TestOrder_AgreesBetweenTwoReplicas(t *testing.T) {
	n, orders := 140, 7
	if testing.Short() {
		n = 28
	}
	for _, d := range databases {
		if d.name == "ncruces" {
			continue // the statements are those of the other
		}
		for name, maker := range map[string]func(middleware.OrderStore, ...middleware.OrderOption) cactus.Middleware{
			"Serial": middleware.Serial, "SkipStale": middleware.SkipStale,
		} {
			t.Run(d.name+" "+name, func(t *testing.T) {
				a, b := d.pools(t)
				o := &objects{
					t: t, failures: cactustest.Failures{Seed: 5, Rate: 0.1}, skips: name == "SkipStale",
					running: map[string]string{}, newest: map[string]time.Time{}, last: map[string]string{},
				}
				var replicas [2]http.Handler
				r := [2]*cactus.Registry{{}, {}}
				for i, store := range []*sqlstore.Order{sqlstore.NewOrder(a, d.dialect), sqlstore.NewOrder(b, d.dialect)} {
					r[i].Use(maker(store))
					cactus.On(r[i], o.handle)
					replicas[i] = cactus.NewHandler(r[i], cactustest.Source())
				}
				var requests atomic.Int64
				either := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
					replicas[requests.Add(1)%2].ServeHTTP(w, req)
				})
				sent := cactustest.ChaosEvents(n, orders)
				report := cactustest.Chaos{Seed: 5, Faults: cactustest.BadDay()}.Deliver(t, either, sent)
				report.RequireAccepted(t)
				t.Log(report)
				ids := cactustest.ChaosIDs(sent)
				if !o.skips {
					o.effects.RequireAtLeastOnce(t, ids)
					return
				}
				for i, id := range ids[n-orders:] {
					require.Equal(t, id, o.last[fmt.Sprintf("ord_%04d", (n-orders+i)%orders)], "the newest event of an object has the last word")
				}
			})
		}
	}
}
