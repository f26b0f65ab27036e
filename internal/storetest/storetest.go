// Package storetest is what the conformance suites of stores have in common: a
// store for each case, leases that run out, and rivals.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	// Long never runs out in a test.
	Long = time.Hour
	// Rivals is how many fight at once.
	Rivals = 8
	// Rounds is how often they do.
	Rounds = 10

	short = 20 * time.Millisecond // runs out in a pause, unless ShortLease
	pause = 5                     // short leases: the store's clock may be coarse
	brief = 16                    // short leases: a database on a loaded machine takes its time
)

// Settings are what options change.
type Settings struct {
	// Short is a lease that runs out in a pause.
	Short time.Duration
}

// ShortLease is the WithShortLease of the suite in package pkg.
func ShortLease(pkg string, lease time.Duration) func(*Settings) {
	if lease < time.Millisecond {
		panic(fmt.Sprintf("%s: WithShortLease(%v): at least a millisecond is needed", pkg, lease))
	}
	return func(s *Settings) { s.Short = lease }
}

// Case is one case of a suite whose cases are given a T.
type Case[T any] struct {
	Name string
	Run  func(s T)
}

// Suite is one case under way, on a store of its own.
type Suite[S any] struct {
	testing.TB
	Settings

	Store   S
	number  atomic.Uint64
	briefly bool // what is brief has not run out yet
}

// Run runs the cases of the suite in package pkg, each on a new store. They are
// subtests if tb is a *testing.T, and otherwise run one after the other until one
// fails.
func Run[S, T any, O ~func(*Settings)](tb testing.TB, pkg string, newStore func(testing.TB) S, opts []O, newSuite func(*Suite[S]) T, cases []Case[T]) {
	tb.Helper()
	if newStore == nil {
		tb.Fatal(pkg + ": newStore is nil")
	}
	one := func(tb testing.TB, c Case[T]) {
		tb.Helper()
		s := &Suite[S]{TB: tb, Settings: Settings{Short: short}, Store: newStore(tb)}
		for _, opt := range opts {
			opt(&s.Settings)
		}
		c.Run(newSuite(s))
	}
	for _, c := range cases {
		if t, ok := tb.(*testing.T); ok {
			t.Run(c.Name, func(t *testing.T) { one(t, c) })
			continue
		}
		tb.Logf("%s: %s", pkg, c.Name)
		one(tb, c)
	}
}

// Ctx outlives no case.
func (s *Suite[S]) Ctx() context.Context { return s.Context() }

// Number returns one that nobody else has, from 1 on. It is safe for concurrent
// use.
func (s *Suite[S]) Number() uint64 { return s.number.Add(1) }

// Pause lets time pass until what is short or brief has run out. A store has a
// clock of its own, so there is nothing to do but to wait.
func (s *Suite[S]) Pause() {
	d := s.Paused()
	if s.briefly {
		s.briefly, d = false, (brief+1)*s.Short
	}
	time.Sleep(d)
}

// Paused is how long a pause takes, if nothing brief was asked for since the last.
func (s *Suite[S]) Paused() time.Duration { return pause * s.Short }

// Brief runs out in the next pause, and not before a few calls.
func (s *Suite[S]) Brief() time.Duration {
	s.briefly = true
	return brief * s.Short
}

// RequireLost requires that err is lost, the store's word for a lost lease.
func (s *Suite[S]) RequireLost(err, lost error, why string) {
	s.Helper()
	if !errors.Is(err, lost) {
		require.Fail(s, "not an ErrLeaseLost", "%s: got %v", why, err)
		s.FailNow()
	}
}

// Race has rivals claim at once, each as an owner of its own, and returns the one
// that won.
func Race[O any](tb testing.TB, owner func() O, claim func(o O) (won bool, err error)) O {
	tb.Helper()
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		won   []O
		errs  []error
	)
	gate := make(chan struct{})
	for range Rivals {
		o := owner()
		group.Go(func() {
			<-gate
			wins, err := claim(o)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, err)
			}
			if wins {
				won = append(won, o)
			}
		})
	}
	close(gate)
	group.Wait()
	require.Empty(tb, errs, "errors of concurrent claims")
	require.Len(tb, won, 1, "owners of one key")
	return won[0]
}
