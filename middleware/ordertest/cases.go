package ordertest

import (
	"math"
	"strings"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/internal/storetest"
	"github.com/cactuscorp/cactus/middleware"
)

// cases are in the order in which an implementer would make them pass.
var cases = []testCase{
	{Name: "a key is held once", Run: heldOnce},
	{Name: "a released key is free", Run: released},
	{Name: "a committed key is free for what comes next", Run: committed},
	{Name: "an older position is stale", Run: stale},
	{Name: "an older position is stale while the key is held", Run: staleWhileHeld},
	{Name: "a position goes only up", Run: onlyUp},
	{Name: "no position is never stale and advances nothing", Run: noPosition},
	{Name: "a release leaves the position", Run: releaseLeaves},
	{Name: "every position fits", Run: extremes},
	{Name: "a lease runs out", Run: leaseRunsOut},
	{Name: "a renewed lease holds", Run: renewed},
	{Name: "a renewal is for the owner alone", Run: renewalFenced},
	{Name: "a late commit is fenced", Run: commitFenced},
	{Name: "a late release is fenced", Run: releaseFenced},
	{Name: "a commit may be repeated", Run: commitRepeated},
	{Name: "a retention ends", Run: retentionEnds},
	{Name: "a held key outlives its retention", Run: heldBeyondRetention},
	{Name: "fractions of a second count", Run: fractions},
	{Name: "keys are told apart", Run: keysApart},
	{Name: "one of many concurrent claims wins", Run: concurrentClaims},
	{Name: "one of many concurrent takeovers wins", Run: concurrentTakeovers},
	{Name: "concurrent commits of rising positions", Run: concurrentPositions},
}

func heldOnce(s *suite) {
	s.claim(long, 5, "a key that nobody has had")
	for _, position := range []int64{none, 4, 5, 6} {
		_, result := s.ask(key, long, position)
		require.Equal(s, middleware.InFlight, result.Status, "a key that is held")
		require.Positive(s, result.Left, "what is left of the other's lease")
		require.LessOrEqual(s, result.Left, long, "what is left of the other's lease")
		require.Greater(s, result.Left, long/2, "what is left of the other's lease, which has just begun")
	}
}

func released(s *suite) {
	for _, position := range []int64{5, 3, none, 4} {
		s.release(s.claim(long, position, "a key that was released"))
	}
}

func committed(s *suite) {
	for _, position := range []int64{3, 4, 4, 9} {
		s.complete(position, long)
	}
	s.claim(long, 9, "a key of an equal position")
}

func stale(s *suite) {
	s.complete(5, long)
	for range 3 {
		s.requireStatus(middleware.Stale, 4, "a position below the one committed")
	}
	s.requireFree(5, "an equal position")
	s.requireFree(6, "a later position")
}

func staleWhileHeld(s *suite) {
	s.complete(5, long)
	o := s.claim(long, 7, "a later position")
	s.requireStatus(middleware.Stale, 4, "a position below the one committed, of a key that is held")
	s.requireStatus(middleware.InFlight, 6, "a position between the one committed and the one in flight")
	require.NoError(s, s.commit(o, 7), "Commit")
	s.requireStatus(middleware.Stale, 6, "a position that was overtaken")
}

func onlyUp(s *suite) {
	s.complete(5, long)
	o := s.claim(long, 6, "a later position")
	require.NoError(s, s.commit(o, 2), "Commit of a lower position")
	s.requireStatus(middleware.Stale, 4, "a position that was stale before")
	s.requireFree(5, "the highest position that was committed")
}

func noPosition(s *suite) {
	s.complete(none, long)
	s.requireFree(math.MinInt64+1, "the lowest position, of a key without one")
	s.complete(5, long)
	s.complete(none, long)
	s.requireStatus(middleware.Stale, 4, "a position that was stale before a commit of none")
	o := s.claim(long, none, "no position")
	s.requireStatus(middleware.InFlight, none, "no position, of a key that is held")
	s.release(o)
}

func releaseLeaves(s *suite) {
	s.complete(5, long)
	s.release(s.claim(long, 9, "a later position"))
	s.requireStatus(middleware.Stale, 4, "a position that was stale before a release")
	s.requireFree(6, "a position below one that was released")
	s.claim(s.Short, 9, "a later position")
	s.Pause()
	s.requireStatus(middleware.Stale, 4, "a position that was stale before a lease ran out")
	s.requireFree(6, "a position below one whose lease ran out")
	s.requireStatus(middleware.Stale, 4, "a position that was stale before a takeover")
}

// extremes has what a narrower column would cut.
func extremes(s *suite) {
	for _, position := range []int64{math.MinInt64 + 1, -1, 0, 1, 1 << 53, 1<<53 + 1, math.MaxInt64 - 1, math.MaxInt64} {
		s.complete(position, long)
		if position > math.MinInt64+1 {
			s.requireStatus(middleware.Stale, position-1, "one position less")
		}
		s.requireFree(position, "the same position")
	}
}

func leaseRunsOut(s *suite) {
	s.claim(s.Short, 5, "a key that nobody has had")
	s.Pause()
	s.claim(long, 4, "a key whose lease has run out")
	s.requireStatus(middleware.InFlight, 6, "a key that was taken over")
}

func renewed(s *suite) {
	o := s.claim(s.Brief(), 5, "a key that nobody has had")
	require.NoError(s, s.renew(o), "Renew by the owner")
	s.Pause()
	s.requireStatus(middleware.InFlight, 6, "a key whose lease was renewed")
	require.NoError(s, s.commit(o, 5), "Commit after Renew")
	s.requireStatus(middleware.Stale, 4, "a position below one that was committed after a renewal")
}

func renewalFenced(s *suite) {
	s.requireLost(s.renew(s.owner()), "Renew of a key that nobody has had")
	o := s.claim(long, 5, "a key that nobody has had")
	s.requireLost(s.renew(s.owner()), "Renew by another owner")
	s.release(o)
	s.requireLost(s.renew(o), "Renew after Release")
	s.requireFree(5, "a key that was renewed after its release")

	late := s.claim(s.Short, 5, "a key that nobody holds")
	s.Pause()
	s.claim(s.Short, 5, "a key whose lease has run out")
	s.requireLost(s.renew(late), "Renew after a takeover")
	s.Pause()
	next := s.claim(long, 5, "a key whose lease a late owner tried to renew")
	require.NoError(s, s.commit(next, 5), "Commit")
	if err := s.renew(next); err != nil { // an implementation may say either
		s.requireLost(err, "Renew after Commit")
	}
	s.requireFree(5, "a key that was renewed after its commit")
}

func commitFenced(s *suite) {
	s.requireLost(s.commit(s.owner(), 9), "Commit of a key that nobody has had")
	o := s.claim(long, 5, "a key that was committed without a claim")
	s.requireLost(s.commit(s.owner(), 9), "Commit by another owner")
	s.requireStatus(middleware.InFlight, 5, "a key that another owner tried to commit")
	s.release(o)
	s.requireLost(s.commit(o, 9), "Commit after Release")

	late := s.claim(s.Short, 9, "a key that was committed after its release")
	s.Pause()
	next := s.claim(long, 5, "a key whose lease has run out")
	s.requireLost(s.commit(late, 9), "Commit after a takeover")
	s.requireStatus(middleware.InFlight, 5, "a key that a late owner tried to commit")
	require.NoError(s, s.commit(next, 5), "Commit by the owner who took over")
	s.requireLost(s.commit(late, 9), "Commit after the next owner's")
	s.requireFree(5, "a position below one whose commit was fenced")
}

func releaseFenced(s *suite) {
	s.release(s.owner()) // of nothing
	late := s.claim(s.Short, 5, "a key that nobody has had")
	s.Pause()
	next := s.claim(long, 5, "a key whose lease has run out")
	s.release(late)
	s.requireStatus(middleware.InFlight, 5, "a key that a late owner released")
	require.NoError(s, s.commit(next, 5), "Commit")
	s.release(late)
	s.release(next)
	s.requireStatus(middleware.Stale, 4, "a position below one that was released after its commit")
}

func commitRepeated(s *suite) {
	for _, position := range []int64{none, 5, none} {
		o := s.complete(position, long)
		require.NoError(s, s.commit(o, position), "Commit again by the same owner")
		next := s.claim(long, 5, "a key that was committed twice")
		s.requireLost(s.commit(o, position), "Commit again, when somebody else holds the key")
		s.release(next)
	}
	s.requireStatus(middleware.Stale, 4, "a position below one that was committed twice")
}

func retentionEnds(s *suite) {
	s.complete(5, s.Short)
	s.Pause()
	o := s.claim(s.Brief(), 3, "a position below one whose retention has ended")
	s.requireStatus(middleware.InFlight, 5, "a key that was claimed after its retention")
	require.NoError(s, s.commit(o, 3), "Commit of a position below one whose retention has ended")
	s.requireFree(4, "a position below one whose retention has ended")
	s.Pause()
	// The retention counts from the commit, and is not the lease.
	s.requireStatus(middleware.Stale, 2, "a position whose retention is longer than its lease")
	s.complete(none, s.Short)
	s.Pause()
	s.requireStatus(middleware.Stale, 2, "a position whose retention is longer than that of a later commit")
}

// heldBeyondRetention is for stores that free what they remember by the end of
// its retention alone.
func heldBeyondRetention(s *suite) {
	s.complete(5, s.Short)
	o := s.claim(long, 6, "a later position")
	s.Pause()
	s.requireStatus(middleware.InFlight, 7, "a key that is held, when its retention has ended")
	require.NoError(s, s.renew(o), "Renew by the owner, when the key's retention has ended")
	require.NoError(s, s.commit(o, 6), "Commit by the owner, when the key's retention had ended")
	s.requireStatus(middleware.Stale, 5, "a position below the one committed")
}

// fractions has what is nothing in whole seconds.
func fractions(s *suite) {
	fraction := max(900*time.Millisecond, s.Short)
	o := s.claim(fraction, 5, "a key that nobody has had")
	s.requireStatus(middleware.InFlight, 5, "a key with a lease of less than a second")
	require.NoError(s, s.Store.Commit(s.Ctx(), key, o, 5, fraction), "Commit")
	s.requireStatus(middleware.Stale, 4, "a key with a retention of less than a second")
}

// keysApart has keys that are alike to a store that joins, folds, trims, cuts or
// takes them for text.
func keysApart(s *suite) {
	const id = "5/order/ord_9"
	keys := []middleware.Key{
		{ID: id},
		{Tenant: id},
		{Source: id},
		{Tenant: "a", ID: id},
		{Source: "a", ID: id},
		{Source: "a", Tenant: "a", ID: id},
		{Source: "ab", Tenant: "c", ID: id},
		{Source: "a", Tenant: "bc", ID: id},
		{Source: "a", Tenant: "b", ID: "c" + id},
		{Source: "a:b", Tenant: "c", ID: id},
		{Source: "a", Tenant: "b:c", ID: id},
		{Source: "a/b", Tenant: "c", ID: id},
		{Source: "a", Tenant: "b/c", ID: id},
		{Tenant: "A", ID: id},
		{ID: "5/ORDER/ORD_9"},
		{ID: id + " "},
		{ID: " " + id},
		{ID: "5/order/ord%9"},
		{ID: "it's \"9\""},
		{ID: "5/ordér/9"},
		{ID: "5/orde\u0301r/9"},
		{ID: strings.Repeat("9", 255) + "a"},
		{ID: strings.Repeat("9", 255) + "b"},
		{ID: strings.Repeat("9", 2200) + "a"},
		{ID: strings.Repeat("9", 2200) + "b"},
		{ID: "ord\x008"},
		{ID: "ord\x009"},
		{ID: "ord\xff9"},
		{ID: "ord\xfe9"},
		{ID: "ord\ufffd9"},
	}
	owners := make([]middleware.Owner, len(keys))
	for i, k := range keys {
		o, result := s.ask(k, long, int64(i))
		require.Equal(s, middleware.Claimed, result.Status, "%+q, which no one has had", k)
		owners[i] = o
	}
	for i, k := range keys {
		require.NoError(s, s.Store.Commit(s.Ctx(), k, owners[i], int64(i), long), "Commit %+q", k)
	}
	for i, k := range keys {
		_, result := s.ask(k, long, int64(i)-1)
		require.Equal(s, middleware.Stale, result.Status, "one position less of %+q", k)
		_, result = s.ask(k, long, int64(i))
		require.Equal(s, middleware.Claimed, result.Status, "the position of %+q", k)
	}
}

// race has rivals claim the key at once and returns the one that won.
func (s *suite) race() middleware.Owner {
	s.Helper()
	return storetest.Race(s, s.owner, func(o middleware.Owner) (bool, error) {
		result, err := s.Store.Claim(s.Ctx(), middleware.OrderRequest{Key: key, Owner: o, Lease: long, Position: 5})
		return result.Status == middleware.Claimed, err
	})
}

func concurrentClaims(s *suite) {
	for range storetest.Rounds {
		s.release(s.race())
	}
	for range storetest.Rounds {
		require.NoError(s, s.commit(s.race(), 5), "Commit")
	}
	s.requireStatus(middleware.Stale, 4, "a key that was fought over")
}

func concurrentTakeovers(s *suite) {
	late := s.claim(s.Short, 5, "a key that nobody has had")
	s.Pause()
	won := s.race()
	s.requireLost(s.commit(late, 9), "Commit after a takeover")
	require.NoError(s, s.commit(won, 5), "Commit by the owner who took over")
}

// concurrentPositions has rivals that each try all positions in order. None may
// get one below what was committed before it asked.
func concurrentPositions(s *suite) {
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		high  int64
		bad   []string
	)
	complain := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		bad = append(bad, what)
	}
	one := func(position int64) {
		mu.Lock()
		before := high
		mu.Unlock()
		o := s.owner()
		result, err := s.Store.Claim(s.Ctx(), middleware.OrderRequest{Key: key, Owner: o, Lease: long, Position: position})
		switch {
		case err != nil:
			complain("Claim: " + err.Error())
			return
		case result.Status != middleware.Claimed:
			return
		case position < before:
			complain("claimed a position below one that was committed before")
		}
		if err := s.commit(o, position); err != nil {
			complain("Commit: " + err.Error())
		}
		mu.Lock()
		high = max(high, position)
		mu.Unlock()
	}
	for range storetest.Rivals {
		group.Go(func() {
			for position := range int64(storetest.Rounds) {
				one(position + 1)
			}
		})
	}
	group.Wait()
	require.Empty(s, bad, "mistakes of concurrent claims")
	require.Positive(s, high, "positions committed")
	s.requireStatus(middleware.Stale, high-1, "a position below the highest")
}
