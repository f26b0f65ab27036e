package middleware_test

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/middleware"
)

func TestMemoryDedupe_FullMeansFullUntilEntriesEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := middleware.NewMemoryDedupe(middleware.WithMaxEntries(3))
		claim := func(n byte, lease time.Duration) (middleware.ClaimStatus, error) {
			got, err := s.Claim(t.Context(), middleware.ClaimRequest{
				Key: middleware.Key{ID: string('a' + rune(n))}, Owner: middleware.Owner{n}, Lease: lease,
			})
			return got.Status, err
		}
		for n := range byte(3) {
			_, err := claim(n, time.Duration(n+1)*time.Minute)
			require.NoError(t, err)
		}
		require.NoError(t, s.Commit(t.Context(), middleware.Key{ID: "a"}, middleware.Owner{0}, time.Hour))
		_, err := claim(3, time.Minute)
		require.Equal(t, middleware.ErrStoreFull, err)
		status, err := claim(0, time.Minute)
		require.NoError(t, err)
		require.Equal(t, middleware.Done, status, "what is known is answered")

		time.Sleep(2 * time.Minute) // the lease of b
		status, err = claim(3, time.Hour)
		require.NoError(t, err)
		require.Equal(t, middleware.Claimed, status)
		require.Equal(t, 3, s.Len())
		require.Equal(t, middleware.ErrLeaseLost, s.Commit(t.Context(), middleware.Key{ID: "b"}, middleware.Owner{1}, time.Hour))

		time.Sleep(58 * time.Minute) // the retention of a, and the lease of c
		for n := range byte(2) {
			_, err = claim(4+n, time.Hour)
			require.NoError(t, err)
		}
		_, err = claim(6, time.Hour)
		require.Equal(t, middleware.ErrStoreFull, err)
		require.Equal(t, 3, s.Len())
	})
}

// The table grows and every key is still found.
func TestMemoryDedupe_FindsEveryKeyOfMany(t *testing.T) {
	const keys = 5000
	s := middleware.NewMemoryDedupe()
	claim := func(n int) middleware.ClaimStatus {
		got, err := s.Claim(t.Context(), middleware.ClaimRequest{Key: middleware.Key{ID: strconv.Itoa(n)}, Lease: time.Hour})
		require.NoError(t, err)
		return got.Status
	}
	for n := range keys {
		require.Equal(t, middleware.Claimed, claim(n))
	}
	require.Equal(t, keys, s.Len())
	for n := range keys {
		require.Equal(t, middleware.InFlight, claim(n))
		require.NoError(t, s.Release(t.Context(), middleware.Key{ID: strconv.Itoa(n)}, middleware.Owner{}))
	}
	require.Zero(t, s.Len())
}

// A model that keeps everything must agree with the store, whatever happens.
func TestMemoryDedupe_AgreesWithAModel(t *testing.T) {
	type record struct {
		owner       middleware.Owner
		held, done  bool
		lease, till time.Time
	}
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			s, model := middleware.NewMemoryDedupe(), map[middleware.Key]*record{}
			owners := []middleware.Owner{{}}
			for n := range 3000 {
				key := middleware.Key{ID: strconv.Itoa(random.IntN(20))}
				m := model[key]
				if m == nil {
					m = new(record)
					model[key] = m
				}
				o := owners[max(len(owners)-1-random.IntN(30), 0)]
				d := time.Duration(1+random.IntN(50)) * time.Second
				switch random.IntN(5) {
				case 0, 1:
					o = middleware.Owner{byte(n), byte(n >> 8), 1}
					force := random.IntN(4) == 0
					got, err := s.Claim(t.Context(), middleware.ClaimRequest{Key: key, Owner: o, Lease: d, Force: force})
					require.NoError(t, err)
					now := time.Now()
					want := middleware.ClaimResult{Status: middleware.Claimed}
					switch {
					case m.held && now.Before(m.lease):
						want = middleware.ClaimResult{Status: middleware.InFlight, Left: m.lease.Sub(now)}
					case m.done && now.Before(m.till) && !force:
						want.Status = middleware.Done
					}
					require.Equal(t, want, got)
					if want.Status == middleware.Claimed {
						m.owner, m.held, m.lease = o, true, now.Add(d)
						owners = append(owners, o)
					} else if want.Status == middleware.Done && m.held {
						m.held, m.owner = false, middleware.Owner{}
					}
				case 2:
					err := s.Commit(t.Context(), key, o, d)
					if m.held && m.owner == o {
						require.NoError(t, err)
						m.held, m.done, m.till = false, true, time.Now().Add(d)
					} else if err == nil {
						require.True(t, m.done && m.owner == o)
					}
				case 3:
					require.NoError(t, s.Release(t.Context(), key, o))
					if m.held && m.owner == o {
						m.held, m.owner = false, middleware.Owner{}
					}
				default:
					err := s.Renew(t.Context(), key, o, d)
					if m.held && m.owner == o {
						require.NoError(t, err)
						m.lease = time.Now().Add(d)
					} else {
						require.Equal(t, middleware.ErrLeaseLost, err)
					}
				}
				time.Sleep(time.Duration(random.IntN(3)) * time.Second)
			}
			require.LessOrEqual(t, s.Len(), 20)
		})
	}
}
