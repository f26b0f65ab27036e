package drivertest_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/drivertest/internal/pg"
	"github.com/cactuscorp/cactus/drivertest/internal/sqlite"
	"github.com/cactuscorp/cactus/sqlstore"
)

// sender delivers new events until it is stopped, some at a time, each until it
// is acknowledged, and one in five a second time at once.
type sender struct {
	deliver func(event string) (status int)

	group      sync.WaitGroup
	stopping   atomic.Bool
	events     atomic.Int64
	deliveries atomic.Int64
}

const senders = 6

func (s *sender) start() {
	for range senders {
		s.group.Go(func() {
			for !s.stopping.Load() {
				event := fmt.Sprintf("evt_%d", s.events.Add(1))
				if rand.IntN(5) == 0 {
					s.group.Go(func() { s.until(event) })
				}
				s.until(event)
			}
		})
	}
}

func (s *sender) until(event string) {
	for {
		s.deliveries.Add(1)
		if status := s.deliver(event); status/100 == 2 {
			return
		}
		time.Sleep(10 * time.Millisecond) // the processes share no clock that could be faked
	}
}

// stop waits until all events are acknowledged.
func (s *sender) stop() {
	s.stopping.Store(true)
	s.group.Wait()
}

// requireOnce requires that each event's effect has happened, and not again.
func (s *sender) requireOnce(t *testing.T, got map[string]int) {
	t.Helper()
	want := map[string]int{}
	for i := range s.events.Load() {
		want[fmt.Sprintf("evt_%d", i+1)] = 1
	}
	require.Equal(t, want, got)
	t.Logf("%d events in %d deliveries", s.events.Load(), s.deliveries.Load())
}

// The receiver is killed with SIGKILL at any moment.
func TestTx_IsOnceWhileTheProcessIsKilled(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			kills := 20
			if testing.Short() || d.driver == sqlite.Ncruces {
				kills = 3
			}
			dsn := d.dsn(t)
			migrated(t, d.open(t, dsn), d.dialect)
			var current atomic.Pointer[process]
			current.Store(spawn(t, d.driver, dsn))
			defer func() { current.Load().kill() }()
			s := sender{deliver: func(event string) int { return current.Load().deliver(event) }}
			s.start()
			for range kills {
				for before := s.events.Load(); s.events.Load() < before+5; { // until it is up
					time.Sleep(time.Millisecond)
				}
				time.Sleep(time.Duration(rand.IntN(200)) * time.Millisecond)
				current.Load().kill()
				current.Store(spawn(t, d.driver, dsn))
			}
			s.stop()
			s.requireOnce(t, effects(t, d.open(t, dsn)))
		})
	}
}

// The database is killed with SIGKILL, and the receiver goes on.
func TestTx_IsOnceWhilePostgreSQLIsKilled(t *testing.T) {
	kills := 3
	if testing.Short() {
		kills = 1
	}
	server := pg.Start(t)
	db := pg.OpenDSN(t, server.DSN(t))
	migrated(t, db, sqlstore.PostgreSQL)
	r := flaky(db, sqlstore.PostgreSQL)
	s := sender{deliver: func(event string) int {
		status, _ := deliver(context.Background(), r, event)
		return status
	}}
	s.start()
	for range kills {
		for before := s.events.Load(); s.events.Load() < before+5; {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Duration(rand.IntN(200)) * time.Millisecond)
		server.Kill(t)
	}
	s.stop()
	s.requireOnce(t, effects(t, db))
}

// Two replicas, each with connections of its own, get the same events at once.
func TestTx_IsOnceForTwoReplicas(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			dsn := d.dsn(t)
			db := d.open(t, dsn)
			migrated(t, db, d.dialect)
			var group sync.WaitGroup
			s := sender{}
			s.events.Store(40)
			for range 2 {
				r := flaky(d.open(t, dsn), d.dialect)
				replica := sender{deliver: func(event string) int {
					s.deliveries.Add(1)
					status, _ := deliver(context.Background(), r, event)
					return status
				}}
				for worker := range 4 {
					group.Go(func() {
						for i := worker % 2; i < 40; i += 2 {
							replica.until(fmt.Sprintf("evt_%d", i+1))
						}
					})
				}
			}
			group.Wait()
			s.requireOnce(t, effects(t, db))
		})
	}
}
