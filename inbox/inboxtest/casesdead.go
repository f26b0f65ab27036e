package inboxtest

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/inbox"
)

func buried(s *suite) {
	id := s.add(1)[0]
	_, claim := s.one(s.Brief(), "an item that was added")
	burial := inbox.Burial{Reason: "déjà vu ' \"", EventType: "order.lost", EventID: "evt_1"}
	s.bury(claim, burial)
	s.Pause()
	s.none("a dead letter")
	s.requireStats(inbox.Stats{Dead: 1}, "a dead letter")
	letters := s.letters(inbox.ID{}, 10)
	require.Len(s, letters, 1, "dead letters")
	got := letters[0]
	require.Equal(s, id, got.Item.ID, "the dead letter's id")
	gotBurial := inbox.Burial{Reason: got.Reason, EventType: got.EventType, EventID: got.EventID}
	require.Equal(s, burial, gotBurial, "what is known of the dead letter")
	require.Zero(s, got.Attempts, "attempts")
	require.False(s, got.Added.IsZero(), "Added")
	require.False(s, got.Buried.Before(got.Added), "Buried: %v is before Added: %v", got.Buried, got.Added)
}

func pages(s *suite) {
	require.Empty(s, s.letters(inbox.ID{}, 10), "dead letters of an empty store")
	ids := s.add(5)
	_, claims := s.claim(5, long)
	for _, at := range []int{3, 0, 4, 1} { // 2 is held
		s.bury(claims[at], inbox.Burial{})
	}
	var got []inbox.ID
	var after inbox.ID
	for {
		letters := s.letters(after, 2)
		require.LessOrEqual(s, len(letters), 2, "a page")
		if len(letters) == 0 {
			break
		}
		for _, letter := range letters {
			got = append(got, letter.Item.ID)
			after = letter.Item.ID
		}
		require.LessOrEqual(s, len(got), 4, "all pages")
	}
	require.Equal(s, []inbox.ID{ids[0], ids[1], ids[3], ids[4]}, got, "dead letters in the order of their ids")
}

func replayed(s *suite) {
	id := s.add(1)[0]
	_, claim := s.one(long, "an item that was added")
	s.retry(claim, inbox.Retry{Count: true})
	_, claim = s.one(long, "an item that was retried")
	s.bury(claim, inbox.Burial{Count: true})
	other, alive := s.dead(), s.add(1)[0]
	_, held := s.one(long, "an item that was added")

	s.Pause()
	began := time.Now()
	n, err := s.Store.Replay(s.Ctx(), []inbox.ID{id, alive, {0xff}})
	require.NoError(s, err, "Replay")
	require.Equal(s, 1, n, "Replay of a dead letter, an item that is held and one that there is not")
	s.requireFenced(claim, "an owner who buried what was replayed")
	claimed, claim := s.one(long, "a dead letter that was replayed")
	require.Equal(s, id, claimed.Item.ID, "the replayed item")
	require.Zero(s, claimed.Attempts, "attempts of a replayed item")
	require.Zero(s, claimed.Lost, "lost claims of a replayed item")
	require.Less(s, claimed.Age, time.Since(began)+s.Paused()/2, "the age of a replayed item")
	s.complete(2, "of a replayed item and the one that was held", claim, held)
	require.Equal(s, other, s.letter().Item.ID, "the dead letter that was not replayed")
}

func discarded(s *suite) {
	id, other, alive := s.dead(), s.dead(), s.add(1)[0]
	n, err := s.Store.Discard(s.Ctx(), []inbox.ID{id, alive, {0xff}})
	require.NoError(s, err, "Discard")
	require.Equal(s, 1, n, "Discard of a dead letter, an item that is ready and one that there is not")
	s.requireStats(inbox.Stats{Ready: 1, Dead: 1}, "after Discard")
	require.Equal(s, other, s.letter().Item.ID, "the dead letter that was not discarded")
	s.one(long, "an item that is ready")
}
