// Package dedupetest tests implementations of [middleware.DedupeStore].
//
//	func TestStore(t *testing.T) {
//		dedupetest.Run(t, func(tb testing.TB) middleware.DedupeStore {
//			return open(tb) // an empty store, closed by tb.Cleanup
//		})
//	}
//
// The suite lets leases and retentions of some milliseconds run out, by waiting
// for them; see [WithShortLease] for a store that is slow. In a synctest bubble,
// where t.Run is not allowed, give it something that is not a *testing.T, such as
// struct{ testing.TB }{t}.
package dedupetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/internal/storetest"
	"github.com/cactuscorp/cactus/middleware"
)

const long = storetest.Long // never runs out here

// Option changes how [Run] tests.
type Option func(*storetest.Settings)

// WithShortLease sets how long the leases and retentions last that run out in a
// test. The default is 20 milliseconds. A store needs more if two of its calls
// may take as long, as those of a database on a loaded machine do. The suite
// waits for five such leases some ten times, and for 17 some three times.
//
// It panics if lease is less than a millisecond.
func WithShortLease(lease time.Duration) Option {
	return storetest.ShortLease("dedupetest", lease)
}

// Run tests the stores that newStore makes: one for each case, empty, and safe
// to leave to its tb.Cleanup. The cases are subtests if tb is a *testing.T, and
// otherwise run one after the other until one fails.
func Run(tb testing.TB, newStore func(tb testing.TB) middleware.DedupeStore, opts ...Option) {
	tb.Helper()
	storetest.Run(tb, "dedupetest", newStore, opts, func(s *storetest.Suite[middleware.DedupeStore]) *suite { return &suite{Suite: s} }, cases)
}

type testCase = storetest.Case[*suite]

// suite is one case under way.
type suite struct {
	*storetest.Suite[middleware.DedupeStore]
}

// key is what most cases claim.
var key = middleware.Key{Source: "shop", Tenant: "acme", ID: "evt_441"}

// owner returns one that nobody else has.
func (s *suite) owner() (o middleware.Owner) {
	copy(o[:], fmt.Sprintf("%016x", s.Number()))
	return o
}

func (s *suite) ask(k middleware.Key, lease time.Duration, force bool) (middleware.Owner, middleware.ClaimResult) {
	s.Helper()
	o := s.owner()
	result, err := s.Store.Claim(s.Ctx(), middleware.ClaimRequest{Key: k, Owner: o, Lease: lease, Force: force})
	require.NoError(s, err, "Claim")
	return o, result
}

// claim requires that the key is to be had, and returns its new owner.
func (s *suite) claim(lease time.Duration, why string) middleware.Owner {
	s.Helper()
	o, result := s.ask(key, lease, false)
	require.Equal(s, middleware.Claimed, result.Status, why)
	return o
}

func (s *suite) force(lease time.Duration, why string) middleware.Owner {
	s.Helper()
	o, result := s.ask(key, lease, true)
	require.Equal(s, middleware.Claimed, result.Status, why)
	return o
}

// requireStatus looks at the key, which must not be to be had.
func (s *suite) requireStatus(want middleware.ClaimStatus, why string) {
	s.Helper()
	_, result := s.ask(key, long, false)
	require.Equal(s, want, result.Status, why)
}

func (s *suite) renew(o middleware.Owner) error {
	return s.Store.Renew(s.Ctx(), key, o, long)
}

func (s *suite) commit(o middleware.Owner) error {
	return s.Store.Commit(s.Ctx(), key, o, long)
}

// complete claims and commits.
func (s *suite) complete(retention time.Duration) middleware.Owner {
	s.Helper()
	o := s.claim(long, "a free key")
	require.NoError(s, s.Store.Commit(s.Ctx(), key, o, retention), "Commit")
	return o
}

func (s *suite) release(o middleware.Owner) {
	s.Helper()
	require.NoError(s, s.Store.Release(s.Ctx(), key, o), "Release")
}

func (s *suite) requireLost(err error, why string) {
	s.Helper()
	s.RequireLost(err, middleware.ErrLeaseLost, why)
}
