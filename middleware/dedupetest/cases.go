package dedupetest

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/internal/storetest"
	"github.com/cactuscorp/cactus/middleware"
)

// cases are in the order in which an implementer would make them pass.
var cases = []testCase{
	{Name: "a key is claimed once", Run: claimedOnce},
	{Name: "a committed key is done", Run: committed},
	{Name: "a released key is free", Run: released},
	{Name: "a lease runs out", Run: leaseRunsOut},
	{Name: "a renewed lease holds", Run: renewed},
	{Name: "a renewal is for the owner alone", Run: renewalFenced},
	{Name: "a late commit is fenced", Run: commitFenced},
	{Name: "a late release is fenced", Run: releaseFenced},
	{Name: "a commit may be repeated", Run: commitRepeated},
	{Name: "a retention ends", Run: retentionEnds},
	{Name: "a forced claim takes what is done", Run: forced},
	{Name: "a forced claim that fails leaves the key done", Run: forcedFails},
	{Name: "a held key outlives its retention", Run: heldBeyondRetention},
	{Name: "fractions of a second count", Run: fractions},
	{Name: "keys are told apart", Run: keysApart},
	{Name: "one of many concurrent claims wins", Run: concurrentClaims},
	{Name: "one of many concurrent takeovers wins", Run: concurrentTakeovers},
	{Name: "one of many concurrent forced claims wins", Run: concurrentForces},
	{Name: "keys are claimed concurrently", Run: concurrentKeys},
}

func claimedOnce(s *suite) {
	s.claim(long, "a key that nobody has had")
	for range 3 {
		_, result := s.ask(key, long, false)
		require.Equal(s, middleware.InFlight, result.Status, "a key that is held")
		require.Positive(s, result.Left, "what is left of the other's lease")
		require.LessOrEqual(s, result.Left, long, "what is left of the other's lease")
		require.Greater(s, result.Left, long/2, "what is left of the other's lease, which has just begun")
	}
}

func committed(s *suite) {
	s.complete(long)
	for range 3 {
		s.requireStatus(middleware.Done, "a key that was committed")
	}
}

func released(s *suite) {
	for range 3 {
		s.release(s.claim(long, "a free key"))
	}
	s.complete(long)
	s.requireStatus(middleware.Done, "a key that was committed after a release")
}

func leaseRunsOut(s *suite) {
	s.claim(s.Short, "a free key")
	s.Pause()
	s.claim(long, "a key whose lease has run out")
	s.requireStatus(middleware.InFlight, "a key that was taken over")
}

func renewed(s *suite) {
	o := s.claim(s.Brief(), "a free key")
	require.NoError(s, s.renew(o), "Renew by the owner")
	s.Pause()
	s.requireStatus(middleware.InFlight, "a key whose lease was renewed")
	require.NoError(s, s.commit(o), "Commit after Renew")
	s.requireStatus(middleware.Done, "a key that was committed after a renewal")
}

func renewalFenced(s *suite) {
	s.requireLost(s.renew(s.owner()), "Renew of a key that nobody has had")
	o := s.claim(long, "a free key")
	s.requireLost(s.renew(s.owner()), "Renew by another owner")
	s.release(o)
	s.requireLost(s.renew(o), "Renew after Release")
	s.release(s.claim(long, "a key that was renewed after its release"))

	late := s.claim(s.Short, "a free key")
	s.Pause()
	s.claim(s.Short, "a key whose lease has run out")
	s.requireLost(s.renew(late), "Renew after a takeover")
	s.Pause()
	next := s.claim(long, "a key whose lease a late owner tried to renew")
	require.NoError(s, s.commit(next), "Commit")
	if err := s.renew(next); err != nil { // an implementation may say either
		s.requireLost(err, "Renew after Commit")
	}
	s.requireStatus(middleware.Done, "a key that was renewed after its commit")
}

func commitFenced(s *suite) {
	s.requireLost(s.commit(s.owner()), "Commit of a key that nobody has had")
	o := s.claim(long, "a key that was committed without a claim")
	s.requireLost(s.commit(s.owner()), "Commit by another owner")
	s.requireStatus(middleware.InFlight, "a key that another owner tried to commit")
	s.release(o)
	s.requireLost(s.commit(o), "Commit after Release")

	late := s.claim(s.Short, "a key that was committed after its release")
	s.Pause()
	next := s.claim(long, "a key whose lease has run out")
	s.requireLost(s.commit(late), "Commit after a takeover")
	s.requireStatus(middleware.InFlight, "a key that a late owner tried to commit")
	require.NoError(s, s.commit(next), "Commit by the owner who took over")
	s.requireLost(s.commit(late), "Commit after the next owner's")
	s.requireStatus(middleware.Done, "a key that its next owner committed")
}

func releaseFenced(s *suite) {
	s.release(s.owner()) // of nothing
	late := s.claim(s.Short, "a free key")
	s.Pause()
	next := s.claim(long, "a key whose lease has run out")
	s.release(late)
	s.requireStatus(middleware.InFlight, "a key that a late owner released")
	require.NoError(s, s.commit(next), "Commit")
	s.release(late)
	s.release(next)
	s.requireStatus(middleware.Done, "a key that was released after its commit")
}

func commitRepeated(s *suite) {
	o := s.complete(long)
	require.NoError(s, s.commit(o), "Commit again by the same owner")
	s.requireStatus(middleware.Done, "a key that was committed twice")
}

func retentionEnds(s *suite) {
	s.complete(s.Short)
	s.Pause()
	o := s.claim(long, "a key whose retention has ended")
	s.requireStatus(middleware.InFlight, "a key that was claimed after its retention")
	s.release(o)

	// The retention counts from the commit, and is not the lease.
	o = s.claim(s.Brief(), "a free key")
	require.NoError(s, s.commit(o), "Commit")
	s.Pause()
	s.requireStatus(middleware.Done, "a key whose retention is longer than its lease")
}

func forced(s *suite) {
	s.force(s.Short, "a free key, forced")
	s.Pause()
	first := s.complete(long)
	second := s.force(long, "a key that is done, forced")
	s.requireStatus(middleware.InFlight, "a key that is done and held")
	_, result := s.ask(key, long, true)
	require.Equal(s, middleware.InFlight, result.Status, "a key that is held, forced")
	s.requireLost(s.commit(first), "Commit again, after a forced claim")
	require.NoError(s, s.commit(second), "Commit of a forced claim")
	s.requireStatus(middleware.Done, "a key that was committed, forced")
}

func forcedFails(s *suite) {
	s.complete(long)
	o := s.force(long, "a key that is done, forced")
	s.release(o)
	s.requireStatus(middleware.Done, "a key that was done before a forced claim was released")
	s.requireLost(s.commit(o), "Commit after Release of a forced claim")

	s.force(s.Short, "a key that is done, forced again")
	s.Pause()
	s.requireStatus(middleware.Done, "a key that was done before a forced lease ran out")
}

// heldBeyondRetention is for stores that free what is done by the end of its
// retention alone.
func heldBeyondRetention(s *suite) {
	s.complete(s.Short)
	o := s.force(long, "a key that is or was done, forced")
	s.Pause()
	s.requireStatus(middleware.InFlight, "a key that is held, when its retention has ended")
	require.NoError(s, s.renew(o), "Renew by the owner, when the key's retention has ended")
	require.NoError(s, s.commit(o), "Commit by the owner, when the key's retention had ended")
	s.requireStatus(middleware.Done, "a key that was committed, when its earlier retention had ended")
}

// fractions has what is nothing in whole seconds.
func fractions(s *suite) {
	fraction := max(900*time.Millisecond, s.Short)
	o := s.claim(fraction, "a free key")
	s.requireStatus(middleware.InFlight, "a key with a lease of less than a second")
	require.NoError(s, s.Store.Commit(s.Ctx(), key, o, fraction), "Commit")
	s.requireStatus(middleware.Done, "a key with a retention of less than a second")
}

// keysApart has keys that are alike to a store that joins, folds, trims, cuts or
// takes them for text.
func keysApart(s *suite) {
	const id = "evt_9"
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
		{ID: "EVT_9"},
		{ID: id + " "},
		{ID: " " + id},
		{ID: "evt%9"},
		{ID: "it's \"9\""},
		{ID: "évt"},
		{ID: "e\u0301vt"},
		{ID: strings.Repeat("9", 255) + "a"},
		{ID: strings.Repeat("9", 255) + "b"},
		{ID: strings.Repeat("9", 2200) + "a"},
		{ID: strings.Repeat("9", 2200) + "b"},
		{ID: "evt\x008"},
		{ID: "evt\x009"},
		{ID: "evt\xff9"},
		{ID: "evt\xfe9"},
		{ID: "evt\ufffd9"},
	}
	owners := make([]middleware.Owner, len(keys))
	for i, k := range keys {
		o, result := s.ask(k, long, false)
		require.Equal(s, middleware.Claimed, result.Status, "%+q, which no one has had", k)
		owners[i] = o
	}
	for i, k := range keys {
		if i%2 == 0 {
			require.NoError(s, s.Store.Commit(s.Ctx(), k, owners[i], long), "Commit %+q", k)
			continue
		}
		require.NoError(s, s.Store.Release(s.Ctx(), k, owners[i]), "Release %+q", k)
	}
	for i, k := range keys {
		want := middleware.Claimed
		if i%2 == 0 {
			want = middleware.Done
		}
		_, result := s.ask(k, long, false)
		require.Equal(s, want, result.Status, "%+q", k)
	}
}

// race has rivals claim the key at once and returns the one that won.
func (s *suite) race(force bool) middleware.Owner {
	s.Helper()
	return storetest.Race(s, s.owner, func(o middleware.Owner) (bool, error) {
		result, err := s.Store.Claim(s.Ctx(), middleware.ClaimRequest{Key: key, Owner: o, Lease: long, Force: force})
		return result.Status == middleware.Claimed, err
	})
}

func concurrentClaims(s *suite) {
	for range storetest.Rounds {
		s.release(s.race(false))
	}
	require.NoError(s, s.commit(s.race(false)), "Commit")
	s.requireStatus(middleware.Done, "a key that was fought over")
}

func concurrentTakeovers(s *suite) {
	late := s.claim(s.Short, "a free key")
	s.Pause()
	won := s.race(false)
	s.requireLost(s.commit(late), "Commit after a takeover")
	require.NoError(s, s.commit(won), "Commit by the owner who took over")
}

func concurrentForces(s *suite) {
	s.complete(long)
	for range storetest.Rounds {
		s.release(s.race(true))
	}
	require.NoError(s, s.commit(s.race(true)), "Commit")
	s.requireStatus(middleware.Done, "a key that was fought over, forced")
}

func concurrentKeys(s *suite) {
	var group sync.WaitGroup
	var failed atomic.Pointer[error]
	for i := range storetest.Rivals {
		k := middleware.Key{Source: "shop", ID: "evt_" + strings.Repeat("x", i)}
		group.Go(func() {
			for range storetest.Rounds {
				if err := s.cycle(k); err != nil {
					failed.Store(&err)
				}
			}
		})
	}
	group.Wait()
	if err := failed.Load(); err != nil {
		require.NoError(s, *err)
	}
}

// cycle claims, renews and releases a key that nobody else wants.
func (s *suite) cycle(k middleware.Key) error {
	o := s.owner()
	result, err := s.Store.Claim(s.Ctx(), middleware.ClaimRequest{Key: k, Owner: o, Lease: long})
	if err != nil {
		return err
	}
	if result.Status != middleware.Claimed {
		return middleware.ErrInFlight
	}
	if err := s.Store.Renew(s.Ctx(), k, o, long); err != nil {
		return err
	}
	return s.Store.Release(s.Ctx(), k, o)
}
