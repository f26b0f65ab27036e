package inboxtest

import (
	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/inbox"
	"github.com/cactuscorp/cactus/internal/storetest"
)

type testCase = storetest.Case[*suite]

// cases are in the order in which an implementer would make them pass.
var cases = []testCase{
	{Name: "an item is claimed once", Run: claimedOnce},
	{Name: "an item comes back as it was", Run: roundTrip},
	{Name: "an item may be added again", Run: addedAgain},
	{Name: "a claim takes so many and no more", Run: claimsUpToMax},
	{Name: "the first to be ready comes first", Run: firstComesFirst},
	{Name: "a completed item is gone", Run: completed},
	{Name: "a released item is ready", Run: released},
	{Name: "a lease runs out", Run: leaseRunsOut},
	{Name: "a renewed lease holds", Run: renewed},
	{Name: "a late owner is fenced", Run: lateOwner},
	{Name: "a former owner is fenced", Run: formerOwner},
	{Name: "a batch leaves out what is not held", Run: partly},
	{Name: "a retry waits", Run: retryWaits},
	{Name: "a retry counts if told to", Run: retryCounts},
	{Name: "a dead letter rests", Run: buried},
	{Name: "dead letters are listed page by page", Run: pages},
	{Name: "a replayed letter starts afresh", Run: replayed},
	{Name: "a discarded letter is gone", Run: discarded},
	{Name: "age counts from the queue", Run: age},
	{Name: "stats add up", Run: statsAddUp},
	{Name: "nothing to do is no error", Run: nothingToDo},
	{Name: "one of many concurrent claims wins", Run: concurrentClaims},
	{Name: "one of many concurrent takeovers wins", Run: concurrentTakeovers},
	{Name: "items come and go concurrently", Run: concurrentItems},
}

func claimedOnce(s *suite) {
	id := s.add(1)[0]
	claimed, _ := s.one(long, "an item that was added")
	require.Equal(s, id, claimed.Item.ID, "the claimed item's id")
	require.Zero(s, claimed.Attempts, "the attempts of a new item")
	require.Zero(s, claimed.Lost, "the lost claims of a new item")
	for range 3 {
		s.none("an item that is held")
	}
}

func addedAgain(s *suite) {
	item := s.item()
	require.NoError(s, s.Store.Add(s.Ctx(), item), "Add")
	require.NoError(s, s.Store.Add(s.Ctx(), item), "Add again")
	s.requireStats(inbox.Stats{Ready: 1}, "an item that was added twice")
	_, claim := s.one(long, "an item that was added twice")
	require.NoError(s, s.Store.Add(s.Ctx(), item), "Add of an item that is held")
	s.none("an item that was added while it is held")
	s.bury(claim, inbox.Burial{})
	require.NoError(s, s.Store.Add(s.Ctx(), item), "Add of a dead letter")
	s.none("an item that was added while it is a dead letter")
}

func claimsUpToMax(s *suite) {
	s.add(5)
	first, _ := s.claim(3, long)
	require.Len(s, first, 3, "of 5 ready items 3")
	second, _ := s.claim(3, long)
	require.Len(s, second, 2, "of 2 ready items 3")
}

func firstComesFirst(s *suite) {
	ids := s.add(5)
	claimed, claims := s.claim(3, long)
	for i, c := range claimed {
		require.Equal(s, ids[i], c.Item.ID, "the item at place %d", i)
	}
	s.retry(claims[0], inbox.Retry{Wait: s.Short})
	s.Pause()
	newer := s.add(1)[0]
	for i, want := range []inbox.ID{ids[3], ids[4], ids[0], newer} {
		claimed, _ := s.one(long, "an item that is ready")
		require.Equal(s, want, claimed.Item.ID, "the next item at place %d", i)
	}
}

func completed(s *suite) {
	s.add(3)
	_, claims := s.claim(3, s.Brief())
	s.complete(2, "of two", claims[:2]...)
	s.complete(0, "again", claims[:2]...)
	s.requireStats(inbox.Stats{Running: 1}, "after Complete")
	s.complete(1, "of the rest", claims[2])
	s.Pause()
	s.none("items that were completed")
	s.requireStats(inbox.Stats{}, "an empty store")
}

func released(s *suite) {
	s.add(2)
	for range 3 {
		claimed, claims := s.claim(2, long)
		require.Len(s, claimed, 2, "items that are ready")
		require.Zero(s, claimed[0].Attempts, "attempts of an item that was released")
		require.Zero(s, claimed[0].Lost, "lost claims of an item that was released")
		s.release(2, "of two", claims...)
	}
}

func leaseRunsOut(s *suite) {
	s.add(1)
	for lost := range 3 {
		claimed, _ := s.one(s.Short, "an item whose lease has run out")
		require.Equal(s, lost, claimed.Lost, "lost claims")
		require.Zero(s, claimed.Attempts, "attempts of an item whose lease ran out")
		s.Pause()
		s.requireStats(inbox.Stats{Ready: 1}, "an item whose lease has run out")
	}
	_, claim := s.one(long, "an item whose lease has run out")
	s.release(1, "of one", claim)
	claimed, _ := s.one(s.Short, "an item that was released")
	require.Zero(s, claimed.Lost, "lost claims after Release")
	s.Pause()
	claimed, claim = s.one(long, "an item whose lease has run out")
	require.Equal(s, 1, claimed.Lost, "lost claims")
	s.retry(claim, inbox.Retry{})
	claimed, _ = s.one(long, "an item that was retried")
	require.Zero(s, claimed.Lost, "lost claims after Retry")
}

func renewed(s *suite) {
	s.add(2)
	_, claims := s.claim(2, s.Brief())
	require.ElementsMatch(s, []inbox.ID{claims[0].ID, claims[1].ID}, s.renew(long, claims...), "renewed ids")
	s.Pause()
	s.none("items whose leases were renewed")
	s.renew(s.Short, claims[0])
	s.Pause()
	claimed, _ := s.claim(2, long)
	require.Len(s, claimed, 1, "items of which one was renewed for a short time")
	require.Equal(s, claims[0].ID, claimed[0].Item.ID, "the one whose lease was made short")
}

func lateOwner(s *suite) {
	s.add(1)
	_, held := s.one(long, "an item that was added")
	s.requireFenced(inbox.Claim{ID: held.ID, Owner: s.owner()}, "somebody else")
	s.complete(1, "by the owner", held)

	s.add(1)
	_, late := s.one(s.Short, "an item that was added")
	s.Pause()
	_, next := s.one(long, "an item whose lease has run out")
	s.requireFenced(late, "a late owner")
	s.none("an item that was taken over")
	require.Len(s, s.renew(long, next), 1, "Renew by the owner who took over")
	s.complete(1, "by the owner who took over", next)
}

func formerOwner(s *suite) {
	id := s.add(1)[0]
	s.requireFenced(inbox.Claim{ID: id}, "nobody")
	s.requireFenced(inbox.Claim{ID: inbox.ID{0xff}, Owner: s.owner()}, "an owner of an item that there is not")
	_, claim := s.one(long, "an item that was added")
	s.release(1, "of one", claim)
	s.requireFenced(claim, "an owner who released")
	_, claim = s.one(long, "an item that was released")
	s.retry(claim, inbox.Retry{Wait: long})
	s.requireFenced(claim, "an owner who retried")
	s.none("an item that is scheduled")

	s.add(1)
	_, claim = s.one(long, "an item that was added")
	s.bury(claim, inbox.Burial{Reason: "first"})
	s.requireFenced(claim, "an owner who buried")
	require.Equal(s, "first", s.letter().Reason, "the reason of a dead letter")
}

func partly(s *suite) {
	s.add(3)
	_, claims := s.claim(3, long)
	foreign := inbox.Claim{ID: claims[0].ID, Owner: s.owner()}
	require.Equal(s, []inbox.ID{claims[1].ID}, s.renew(long, foreign, claims[1]), "renewed ids")
	s.complete(1, "of two", foreign, claims[1])
	s.release(1, "of two", foreign, claims[2])
	s.requireStats(inbox.Stats{Ready: 1, Running: 1}, "one is held, one was completed and one released")

	// Owners belong to their ids: not every pair of the two lists counts.
	_, again := s.one(long, "an item that was released")
	s.complete(0, "with owners exchanged", inbox.Claim{ID: claims[0].ID, Owner: again.Owner}, inbox.Claim{ID: again.ID, Owner: claims[0].Owner})
	s.complete(2, "of two owners' items", claims[0], again)
}

func retryWaits(s *suite) {
	s.add(2)
	_, claims := s.claim(2, s.Brief())
	s.retry(claims[0], inbox.Retry{Wait: s.Brief(), Reason: "not yet"})
	s.retry(claims[1], inbox.Retry{Wait: long, Reason: "not yet"})
	s.none("items that are scheduled")
	s.requireStats(inbox.Stats{Scheduled: 2}, "items that are scheduled")
	s.Pause()
	s.requireStats(inbox.Stats{Ready: 1, Scheduled: 1}, "a wait that is over, and one that is not")
	claimed, _ := s.claim(2, long)
	require.Len(s, claimed, 1, "of two waits one that is over")
	require.Equal(s, claims[0].ID, claimed[0].Item.ID, "the item whose wait is over")
}

func retryCounts(s *suite) {
	s.add(1)
	for attempts, count := range []bool{true, true, false} {
		claimed, claim := s.one(long, "an item that is ready")
		require.Equal(s, attempts, claimed.Attempts, "attempts")
		s.retry(claim, inbox.Retry{Count: count})
	}
	claimed, claim := s.one(long, "an item that is ready")
	require.Equal(s, 2, claimed.Attempts, "attempts after one that did not count")
	s.bury(claim, inbox.Burial{Count: true})
	require.Equal(s, 3, s.letter().Attempts, "attempts of a dead letter")
}

func age(s *suite) {
	require.Zero(s, s.stats().Oldest, "the age of the oldest in an empty store")
	s.add(1)
	s.Pause()
	s.add(1)
	require.GreaterOrEqual(s, s.stats().Oldest, s.Paused()/2, "the age of the oldest")
	claimed, claims := s.claim(2, long)
	require.Len(s, claimed, 2, "items that are ready")
	require.GreaterOrEqual(s, claimed[0].Age, s.Paused()/2, "the age of an old item")
	require.Less(s, claimed[1].Age, claimed[0].Age, "the age of a new item")
	s.retry(claims[0], inbox.Retry{})
	again, claim := s.one(long, "an item that was retried")
	require.GreaterOrEqual(s, again.Age, claimed[0].Age, "the age of an item that was retried")
	s.bury(claim, inbox.Burial{})
	s.complete(1, "of the other", claims[1])
	require.Zero(s, s.stats().Oldest, "the age of the oldest where all are dead letters")
}

func statsAddUp(s *suite) {
	s.add(6)
	_, claims := s.claim(4, long)
	s.retry(claims[0], inbox.Retry{Wait: long})
	s.bury(claims[1], inbox.Burial{})
	want := inbox.Stats{Ready: 2, Scheduled: 1, Running: 2, Dead: 1}
	s.requireStats(want, "two added, one retried, two claimed, one buried")
	require.Equal(s, 5, want.Left(), "what is left")
}

func nothingToDo(s *suite) {
	s.none("an empty store")
	id := s.dead()
	require.Empty(s, s.renew(long), "Renew of nothing")
	s.complete(0, "of nothing")
	s.release(0, "of nothing")
	for _, call := range []func() (int, error){
		func() (int, error) { return s.Store.Replay(s.Ctx(), nil) },
		func() (int, error) { return s.Store.Discard(s.Ctx(), nil) },
	} {
		n, err := call()
		require.NoError(s, err, "Replay or Discard of nothing")
		require.Zero(s, n, "Replay or Discard of nothing")
	}
	require.Equal(s, id, s.letter().Item.ID, "a dead letter that nobody named")
}
