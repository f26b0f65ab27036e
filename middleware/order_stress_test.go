package middleware_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/types"
)

// replicas are two processes that share a store. A sender delivers every event,
// in any order, to either of them until it is told that all is well. One run in
// ten fails, some of them by a panic.
type replicas struct {
	*testing.T

	mu      sync.Mutex
	running map[string]bool // orders
	last    map[string]int  // the newest second that was handled, of each order
	handled map[string]bool // events
	runs    int
}

func (s *replicas) handle(skip bool) func(context.Context, *types.OrderShippedPushed) error {
	return func(_ context.Context, e *types.OrderShippedPushed) (err error) {
		order, second := e.RelatedObject.ID, e.Created.Second()
		s.mu.Lock()
		s.runs++
		random := rand.New(rand.NewPCG(uint64(s.runs), 7))
		if s.running[order] {
			s.Errorf("two handlers of %s at once", order)
		}
		if skip && second < s.last[order] {
			s.Errorf("%s runs after second %d was handled", e.ID, s.last[order])
		}
		s.running[order] = true
		s.mu.Unlock()
		time.Sleep(time.Duration(random.IntN(300)) * time.Millisecond)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.running[order] = false
		switch random.IntN(20) {
		case 0:
			return errFlaky
		case 1:
			panic("boom")
		}
		s.last[order], s.handled[e.ID] = max(second, s.last[order]), true
		return nil
	}
}

func TestOrder_TwoReplicasAgree(t *testing.T) {
	for maker, mw := range map[string]makeOrder{"Serial": middleware.Serial, "SkipStale": middleware.SkipStale} {
		for name, store := range orderStores() {
			t.Run(maker+", "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { agree(t, maker == "SkipStale", mw, store) })
			})
		}
	}
}

func agree(t *testing.T, skip bool, mw makeOrder, store middleware.OrderStore) {
	t.Helper()
	const keys, seconds = 10, 50
	s := &replicas{T: t, running: map[string]bool{}, last: map[string]int{}, handled: map[string]bool{}}
	var both [2]*cactus.Registry
	for i := range both {
		both[i] = orders(s.handle(skip), mw(store, middleware.WithLease(200*time.Millisecond)))
	}
	var senders sync.WaitGroup
	stale := make([][]bool, keys)
	random := rand.New(rand.NewPCG(1, 1))
	for key := range keys {
		stale[key] = make([]bool, seconds+1)
		for second := 1; second <= seconds; second++ {
			delay, to := time.Duration(random.IntN(10_000))*time.Millisecond, random.IntN(2)
			senders.Go(func() {
				time.Sleep(delay)
				for {
					err := both[to].Dispatch(t.Context(), of(strconv.Itoa(key), second))
					if cactus.OutcomeOf(err).Status() == 200 {
						stale[key][second] = err != nil
						return
					}
					to = 1 - to
					time.Sleep(max(cactus.WaitOf(err), 10*time.Millisecond))
				}
			})
		}
	}
	senders.Wait()
	skipped := 0
	for key := range keys {
		for second := 1; second <= seconds; second++ {
			id := fmt.Sprintf("evt_%d_%d", key, second)
			require.NotEqual(t, stale[key][second], s.handled[id], "%s is either handled or stale", id)
			if stale[key][second] {
				skipped++
			}
		}
		require.Equal(t, seconds, s.last[strconv.Itoa(key)], "the newest event has the last word")
	}
	require.Equal(t, skip, skipped > 0)
	require.Greater(t, s.runs, keys*seconds-skipped, "some runs failed")
}

// Real goroutines, without a bubble, for the race detector.
func TestOrder_ManyGoroutines(t *testing.T) {
	for name, store := range orderStores() {
		t.Run(name, func(t *testing.T) {
			var both [2]*cactus.Registry
			counts := make([]int, 7) // each under its key's turn alone
			for i := range both {
				both[i] = orders(func(_ context.Context, e *types.OrderShippedPushed) error {
					key, err := strconv.Atoi(e.RelatedObject.ID)
					counts[key]++
					return err
				}, middleware.Serial(store, middleware.WithOrderWait(time.Minute)))
			}
			var group sync.WaitGroup
			for worker := range 8 {
				group.Go(func() {
					for n := range 140 {
						if err := both[worker%2].Dispatch(t.Context(), of(strconv.Itoa(n%7), 1)); err != nil {
							t.Error(err)
						}
					}
				})
			}
			group.Wait()
			for _, count := range counts {
				require.Equal(t, 8*140/7, count)
			}
		})
	}
}
