package middleware_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/types"
)

// A sender delivers each event until it is told that all is well, one event in
// five several times, half of those at once. One run in ten fails before its
// effect, some of them by a panic. Every event's effect happens once.
func TestDedupe_EveryEffectHappensOnce(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3} {
		for name, makeStore := range map[string]func() middleware.DedupeStore{
			"memory": func() middleware.DedupeStore { return middleware.NewMemoryDedupe() },
			"remote": func() middleware.DedupeStore { return &plainStore{middleware.NewMemoryDedupe()} },
		} {
			t.Run(fmt.Sprintf("%s, seed %d", name, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { stress(t, seed, makeStore()) })
			})
		}
	}
}

// plainStore is a memory store that Dedupe does not know as one.
type plainStore struct{ middleware.DedupeStore }

func stress(t *testing.T, seed uint64, store middleware.DedupeStore) {
	t.Helper()
	const events = 2000
	var (
		effects [events]atomic.Int64
		fails   atomic.Int64
		senders sync.WaitGroup
	)
	r := &cactus.Registry{}
	r.Use(middleware.Limit(100, middleware.WithWait(time.Second)), middleware.Dedupe(store, middleware.WithLease(300*time.Millisecond)))
	cactus.On(r, func(_ context.Context, e *types.OrderShippedPushed) error {
		n := fails.Add(1)
		random := rand.New(rand.NewPCG(seed, uint64(n)))
		time.Sleep(time.Duration(random.IntN(1000)) * time.Millisecond)
		switch random.IntN(20) {
		case 0:
			return errFlaky
		case 1:
			panic("boom")
		}
		var i int
		if _, err := fmt.Sscanf(e.ID, "evt_%d", &i); err != nil {
			return err
		}
		effects[i].Add(1)
		return nil
	})
	deliver := func(id string) {
		for {
			err := r.Dispatch(t.Context(), &cactus.Envelope{Meta: cactus.Meta{ID: id, Type: "order.shipped"}})
			if cactus.OutcomeOf(err).Status() == 200 {
				return
			}
			time.Sleep(max(cactus.WaitOf(err), 10*time.Millisecond))
		}
	}
	random := rand.New(rand.NewPCG(seed, 0))
	for i := range events {
		id := fmt.Sprintf("evt_%d", i)
		copies, atOnce := 1, random.IntN(2) == 0
		if random.IntN(5) == 0 {
			copies = 2 + random.IntN(3)
		}
		for range copies {
			delay := time.Duration(random.IntN(5000)) * time.Millisecond
			if atOnce {
				delay = time.Duration(i) * time.Millisecond
			}
			senders.Go(func() {
				time.Sleep(delay)
				deliver(id)
			})
		}
	}
	senders.Wait()
	for i := range effects {
		require.EqualValues(t, 1, effects[i].Load(), "effects of event %d", i)
	}
	require.Greater(t, fails.Load(), int64(events), "some runs failed")
}
