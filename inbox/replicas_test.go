package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/inbox"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/types"
)

// effects counts what was done for each event.
type effects struct {
	mu   sync.Mutex
	seen map[string]int
	rand *rand.Rand
}

// fails is true one time in ten.
func (e *effects) fails() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.rand.IntN(10) == 0
}

func (e *effects) do(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.seen[id]++
}

// TestReplicas_ShareTheWork has two replicas on one store, of which one is
// replaced each second. Handlers fail one time in ten before their effect, and
// each event is delivered twice.
func TestReplicas_ShareTheWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const events = 500
		store, claims := inbox.NewMemory(), middleware.NewMemoryDedupe()
		all := effects{seen: map[string]int{}, rand: rand.New(rand.NewPCG(1, 2))}
		handle := func(ctx context.Context, e *types.OrderLostPushed) error {
			select {
			case <-time.After(20 * time.Millisecond):
			case <-ctx.Done():
				return ctx.Err()
			}
			if all.fails() {
				return errors.New("not today")
			}
			all.do(e.ID)
			return nil
		}
		replica := func() *running {
			return start(t, store, inbox.Config{Workers: 4}, lostRegistry(handle, middleware.Dedupe(claims)))
		}
		steady, other := replica(), replica()
		for n := range events {
			steady.add(t, fmt.Sprintf("evt_%d", n))
			other.add(t, fmt.Sprintf("evt_%d", n))
			if n%50 == 49 {
				if n%100 == 49 {
					other.stop() // in the middle of its work
					<-other.done
				} else {
					ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
					_, _ = other.Shutdown(ctx)
					cancel()
				}
				other = replica()
			}
		}
		time.Sleep(10 * time.Minute)
		require.Zero(t, stats(t, store))
		require.Len(t, all.seen, events, "none is lost")
		for id, n := range all.seen {
			require.Equal(t, 1, n, "effects of %s", id)
		}
		steady.drain(t)
		other.drain(t)
	})
}

// TestReplicas_WithoutDedupe shows that two replicas claim nothing twice.
func TestReplicas_WithoutDedupe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, notes := inbox.NewMemory(), newJournal()
		registry := lostRegistry(func(_ context.Context, e *types.OrderLostPushed) error {
			notes.note(e.ID)
			return nil
		})
		one, two := start(t, store, inbox.Config{}, registry), start(t, store, inbox.Config{}, registry)
		for n := range 2000 {
			[]*running{one, two}[n%2].add(t, fmt.Sprintf("evt_%d", n))
		}
		_, err := one.Shutdown(t.Context()) // the other one may still be at work
		require.NoError(t, err)
		two.drain(t)
		require.Len(t, notes.all(), 2000)
	})
}
