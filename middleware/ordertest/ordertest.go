// Package ordertest tests implementations of [middleware.OrderStore].
//
//	func TestStore(t *testing.T) {
//		ordertest.Run(t, func(tb testing.TB) middleware.OrderStore {
//			return open(tb) // an empty store, closed by tb.Cleanup
//		})
//	}
//
// The suite lets leases and retentions of some milliseconds run out, by waiting
// for them. In a synctest bubble, where t.Run is not allowed, give it something
// that is not a *testing.T, such as struct{ testing.TB }{t}.
package ordertest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/internal/storetest"
	"github.com/cactuscorp/cactus/middleware"
)

const long = storetest.Long // never runs out here

// none is the position of a request that is never stale.
const none = middleware.NoPosition

// Option changes how [Run] tests.
type Option func(*storetest.Settings)

// WithShortLease sets how long the leases and waits last that run out in a test.
// The default is 20 milliseconds. A store needs more if two of its calls may take
// as long, as those of a database on a loaded machine do. The suite waits for five
// such leases some ten times, and for 17 some three times.
//
// It panics if lease is less than a millisecond.
func WithShortLease(lease time.Duration) Option {
	return storetest.ShortLease("ordertest", lease)
}

// Run tests the stores that newStore makes: one for each case, empty, and safe
// to leave to its tb.Cleanup. The cases are subtests if tb is a *testing.T, and
// otherwise run one after the other until one fails.
func Run(tb testing.TB, newStore func(tb testing.TB) middleware.OrderStore, opts ...Option) {
	tb.Helper()
	storetest.Run(tb, "ordertest", newStore, opts, func(s *storetest.Suite[middleware.OrderStore]) *suite { return &suite{Suite: s} }, cases)
}

type testCase = storetest.Case[*suite]

// suite is one case under way.
type suite struct {
	*storetest.Suite[middleware.OrderStore]
}

// key is what most cases claim.
var key = middleware.Key{Source: "shop", Tenant: "acme", ID: "5/order/ord_452"}

// owner returns one that nobody else has.
func (s *suite) owner() (o middleware.Owner) {
	copy(o[:], fmt.Sprintf("%016x", s.Number()))
	return o
}

func (s *suite) ask(k middleware.Key, lease time.Duration, position int64) (middleware.Owner, middleware.ClaimResult) {
	s.Helper()
	o := s.owner()
	result, err := s.Store.Claim(s.Ctx(), middleware.OrderRequest{Key: k, Owner: o, Lease: lease, Position: position})
	require.NoError(s, err, "Claim")
	return o, result
}

// claim requires that the key is to be had, and returns its new owner.
func (s *suite) claim(lease time.Duration, position int64, why string) middleware.Owner {
	s.Helper()
	o, result := s.ask(key, lease, position)
	require.Equal(s, middleware.Claimed, result.Status, why)
	return o
}

// requireStatus looks at the key, which must not be to be had.
func (s *suite) requireStatus(want middleware.ClaimStatus, position int64, why string) {
	s.Helper()
	_, result := s.ask(key, long, position)
	require.Equal(s, want, result.Status, why)
}

// requireFree looks at the key, which must be to be had.
func (s *suite) requireFree(position int64, why string) {
	s.Helper()
	s.release(s.claim(long, position, why))
}

func (s *suite) renew(o middleware.Owner) error {
	return s.Store.Renew(s.Ctx(), key, o, long)
}

func (s *suite) commit(o middleware.Owner, position int64) error {
	return s.Store.Commit(s.Ctx(), key, o, position, long)
}

// complete claims and commits.
func (s *suite) complete(position int64, retention time.Duration) middleware.Owner {
	s.Helper()
	o := s.claim(long, position, "a key that nobody holds")
	require.NoError(s, s.Store.Commit(s.Ctx(), key, o, position, retention), "Commit")
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
