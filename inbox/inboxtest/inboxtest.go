// Package inboxtest tests implementations of [inbox.Store].
//
//	func TestStore(t *testing.T) {
//		inboxtest.Run(t, func(tb testing.TB) inbox.Store {
//			return open(tb) // an empty store, closed by tb.Cleanup
//		})
//	}
//
// The suite lets leases and waits of some milliseconds run out, by waiting for
// them. In a synctest bubble, where t.Run is not allowed, give it something that
// is not a *testing.T, such as struct{ testing.TB }{t}.
//
// What it does not test is that an item outlives the process.
package inboxtest

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/inbox"
	"github.com/cactuscorp/cactus/internal/storetest"
)

const long = storetest.Long // never runs out here

// Option changes how [Run] tests.
type Option func(*storetest.Settings)

// WithShortLease sets how long the leases and waits last that run out in a test.
// The default is 20 milliseconds. A store needs more if two of its calls may take
// as long, as those of a database on a loaded machine do. The suite waits for five
// such leases some ten times, and for 17 some three times.
//
// It panics if lease is less than a millisecond.
func WithShortLease(lease time.Duration) Option {
	return storetest.ShortLease("inboxtest", lease)
}

// Run tests the stores that newStore makes: one for each case, empty, with room
// for a thousand items, and safe to leave to its tb.Cleanup. The cases are
// subtests if tb is a *testing.T, and otherwise run one after the other until one
// fails.
func Run(tb testing.TB, newStore func(tb testing.TB) inbox.Store, opts ...Option) {
	tb.Helper()
	storetest.Run(tb, "inboxtest", newStore, opts, func(s *storetest.Suite[inbox.Store]) *suite { return &suite{Suite: s} }, cases)
}

// suite is one case under way.
type suite struct {
	*storetest.Suite[inbox.Store]

	items uint32
}

// item makes one with a greater id than those before.
func (s *suite) item() *inbox.Item {
	s.items++
	item := &inbox.Item{Source: "shop", Body: fmt.Appendf(nil, `{"n":%d}`, s.items), ReceivedAt: time.Unix(1_750_000_000, 0)}
	binary.BigEndian.PutUint32(item.ID[:], s.items)
	return item
}

// add adds new items and returns their ids.
func (s *suite) add(n int) (ids []inbox.ID) {
	s.Helper()
	for range n {
		item := s.item()
		require.NoError(s, s.Store.Add(s.Ctx(), item), "Add")
		ids = append(ids, item.ID)
	}
	return ids
}

// owner returns one that nobody else has.
func (s *suite) owner() (o inbox.Owner) {
	binary.BigEndian.PutUint64(o[8:], s.Number())
	return o
}

// claim asks for up to n items, and returns them with their claims.
func (s *suite) claim(n int, lease time.Duration) (claimed []inbox.Claimed, claims []inbox.Claim) {
	s.Helper()
	owner := s.owner()
	claimed, err := s.Store.Claim(s.Ctx(), inbox.ClaimRequest{Owner: owner, Max: n, Lease: lease})
	require.NoError(s, err, "Claim")
	for _, c := range claimed {
		require.NotNil(s, c.Item, "a claimed item")
		claims = append(claims, inbox.Claim{ID: c.Item.ID, Owner: owner})
	}
	return claimed, claims
}

// one requires that there is something to claim, and claims it.
func (s *suite) one(lease time.Duration, why string) (inbox.Claimed, inbox.Claim) {
	s.Helper()
	claimed, claims := s.claim(1, lease)
	require.Len(s, claimed, 1, why)
	return claimed[0], claims[0]
}

// none requires that nothing is ready.
func (s *suite) none(why string) {
	s.Helper()
	claimed, _ := s.claim(10, long)
	require.Empty(s, claimed, why)
}

// renew returns how many leases were renewed.
func (s *suite) renew(lease time.Duration, claims ...inbox.Claim) []inbox.ID {
	s.Helper()
	ids, err := s.Store.Renew(s.Ctx(), lease, claims)
	require.NoError(s, err, "Renew")
	return ids
}

func (s *suite) complete(want int, why string, claims ...inbox.Claim) {
	s.Helper()
	n, err := s.Store.Complete(s.Ctx(), claims)
	require.NoError(s, err, "Complete: %s", why)
	require.Equal(s, want, n, "Complete: %s", why)
}

func (s *suite) release(want int, why string, claims ...inbox.Claim) {
	s.Helper()
	n, err := s.Store.Release(s.Ctx(), claims)
	require.NoError(s, err, "Release: %s", why)
	require.Equal(s, want, n, "Release: %s", why)
}

func (s *suite) retry(c inbox.Claim, r inbox.Retry) {
	s.Helper()
	require.NoError(s, s.Store.Retry(s.Ctx(), c, r), "Retry")
}

func (s *suite) bury(c inbox.Claim, b inbox.Burial) {
	s.Helper()
	require.NoError(s, s.Store.Bury(s.Ctx(), c, b), "Bury")
}

// dead buries a new item.
func (s *suite) dead() inbox.ID {
	s.Helper()
	id := s.add(1)[0]
	_, claim := s.one(long, "an item to bury")
	s.bury(claim, inbox.Burial{Reason: "no use"})
	return id
}

func (s *suite) letters(after inbox.ID, limit int) []inbox.Letter {
	s.Helper()
	letters, err := s.Store.Dead(s.Ctx(), after, limit)
	require.NoError(s, err, "Dead")
	return letters
}

// letter returns the first dead letter.
func (s *suite) letter() inbox.Letter {
	s.Helper()
	letters := s.letters(inbox.ID{}, 1)
	require.Len(s, letters, 1, "dead letters")
	return letters[0]
}

func (s *suite) stats() inbox.Stats {
	s.Helper()
	stats, err := s.Store.Stats(s.Ctx())
	require.NoError(s, err, "Stats")
	return stats
}

// requireStats leaves the age aside.
func (s *suite) requireStats(want inbox.Stats, why string) {
	s.Helper()
	got := s.stats()
	got.Oldest = 0
	require.Equal(s, want, got, why)
}

// requireFenced requires that none of the claims can do anything.
func (s *suite) requireFenced(claim inbox.Claim, why string) {
	s.Helper()
	before := s.stats()
	require.Empty(s, s.renew(long, claim), "Renew by %s", why)
	s.complete(0, "by "+why, claim)
	s.release(0, "by "+why, claim)
	s.requireLost(s.Store.Retry(s.Ctx(), claim, inbox.Retry{Count: true}), "Retry by "+why)
	s.requireLost(s.Store.Bury(s.Ctx(), claim, inbox.Burial{}), "Bury by "+why)
	after := s.stats()
	before.Oldest, after.Oldest = 0, 0
	require.Equal(s, before, after, "what is in the store after calls by %s", why)
}

func (s *suite) requireLost(err error, why string) {
	s.Helper()
	s.RequireLost(err, inbox.ErrLeaseLost, why)
}
