package inboxtest

import (
	"sync"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/inbox"
)

// race has several claim at once, until nothing is ready, and returns how often
// each item was claimed.
func (s *suite) race() map[inbox.ID]int {
	s.Helper()
	var mu sync.Mutex
	var failed error
	times := make(map[inbox.ID]int)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				claimed, err := s.Store.Claim(s.Ctx(), inbox.ClaimRequest{Owner: s.owner(), Max: 7, Lease: long})
				mu.Lock()
				if err != nil {
					failed = err
				}
				for _, c := range claimed {
					times[c.Item.ID]++
				}
				mu.Unlock()
				if err != nil || len(claimed) == 0 {
					return
				}
			}
		})
	}
	all.Wait()
	require.NoError(s, failed, "Claim")
	rest, _ := s.claim(100, long) // a call may find less than there is
	for _, c := range rest {
		times[c.Item.ID]++
	}
	return times
}

func (s *suite) requireEachOnce(ids []inbox.ID, times map[inbox.ID]int, why string) {
	s.Helper()
	require.Len(s, times, len(ids), "%s: how many were claimed", why)
	for id, n := range times {
		require.Equal(s, 1, n, "%s: how often %s was claimed", why, id)
	}
}

func concurrentClaims(s *suite) {
	ids := s.add(60)
	s.requireEachOnce(ids, s.race(), "concurrent claims")
}

func concurrentTakeovers(s *suite) {
	ids := s.add(60)
	claimed, _ := s.claim(60, s.Short)
	require.Len(s, claimed, 60, "items that are ready")
	s.Pause()
	s.requireEachOnce(ids, s.race(), "concurrent takeovers")
}

// concurrentItems has several add, claim and complete at once.
func concurrentItems(s *suite) {
	const workers, each = 8, 10
	errs := make(chan error, workers)
	for range workers {
		items := make([]*inbox.Item, each)
		for i := range items {
			items[i] = s.item()
		}
		go func() { errs <- s.comeAndGo(items) }()
	}
	for range workers {
		require.NoError(s, <-errs, "concurrent calls")
	}
	rest, claims := s.claim(workers*each, long)
	s.complete(len(rest), "of the rest", claims...)
	s.requireStats(inbox.Stats{}, "after everything was completed")
}

func (s *suite) comeAndGo(items []*inbox.Item) error {
	for _, item := range items {
		if err := s.Store.Add(s.Ctx(), item); err != nil {
			return err
		}
		owner := s.owner()
		claimed, err := s.Store.Claim(s.Ctx(), inbox.ClaimRequest{Owner: owner, Max: 1, Lease: long})
		if err != nil {
			return err
		}
		for _, c := range claimed {
			claim := []inbox.Claim{{ID: c.Item.ID, Owner: owner}}
			if _, err := s.Store.Renew(s.Ctx(), long, claim); err != nil {
				return err
			}
			if _, err := s.Store.Complete(s.Ctx(), claim); err != nil {
				return err
			}
		}
	}
	return nil
}
