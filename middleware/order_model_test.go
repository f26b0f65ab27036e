package middleware_test

import (
	"encoding/binary"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/middleware"
)

// modelled is what a key of an OrderStore is, in the contract's words.
type modelled struct {
	owner    middleware.Owner
	held     bool
	lease    time.Time
	position int64
	until    time.Time
}

// A small store under random calls, with more retentions than it keeps apart,
// answers as the contract says and has no more keys than it may.
func TestMemoryOrder_IsWhatTheContractSays(t *testing.T) {
	const keys, limit, steps = 40, 25, 30_000
	synctest.Test(t, func(t *testing.T) {
		store := middleware.NewMemoryOrder(middleware.WithMaxKeys(limit))
		random := rand.New(rand.NewPCG(3, 4))
		model, full := make([]modelled, keys), 0
		for step := range steps {
			time.Sleep(time.Duration(random.IntN(60)) * time.Millisecond)
			n := random.IntN(keys)
			m, key, now := &model[n], middleware.Key{ID: strings.Repeat("k", n*20) + strconv.Itoa(n)}, time.Now()
			remembered := now.Before(m.until)
			if !remembered {
				m.position = middleware.NoPosition
			}
			position := int64(random.IntN(20))
			if position == 0 {
				position = middleware.NoPosition
			}
			retention := time.Duration(1+random.IntN(12)) * time.Second
			switch random.IntN(8) {
			case 0:
				lost := store.Renew(t.Context(), key, m.owner, time.Second) != nil
				require.False(t, lost && m.held && now.Before(m.lease), "step %d", step)
				require.True(t, lost || m.held, "step %d", step)
				if !lost {
					m.lease = now.Add(time.Second)
				}
			case 1:
				require.NoError(t, store.Release(t.Context(), key, m.owner))
				m.held = false
			case 2, 3, 4:
				lost := store.Commit(t.Context(), key, m.owner, position, retention) != nil
				require.False(t, lost && m.held && now.Before(m.lease), "step %d", step)
				if m.held && !lost {
					m.held, m.position = false, max(m.position, position)
					if until := now.Add(retention); until.After(m.until) {
						m.until = until
					}
				}
			default:
				var owner middleware.Owner
				binary.BigEndian.PutUint32(owner[:], uint32(step+1))
				got, err := store.Claim(t.Context(), middleware.OrderRequest{Key: key, Owner: owner, Lease: time.Second, Position: position})
				inFlight := m.held && now.Before(m.lease)
				switch {
				case remembered && position != middleware.NoPosition && position < m.position:
					require.Equal(t, middleware.Stale, got.Status, "step %d", step)
				case inFlight:
					require.Equal(t, middleware.ClaimResult{Status: middleware.InFlight, Left: m.lease.Sub(now)}, got, "step %d", step)
				case err != nil:
					require.Equal(t, middleware.ErrStoreFull, err, "step %d", step)
					require.False(t, remembered, "step %d: what is known is answered", step)
					require.Equal(t, limit, store.Len(), "step %d", step)
					m.held, full = false, full+1
				default:
					require.Equal(t, middleware.Claimed, got.Status, "step %d", step)
					m.owner, m.held, m.lease = owner, true, now.Add(time.Second)
				}
			}
			require.LessOrEqual(t, store.Len(), limit, "step %d", step)
		}
		require.Positive(t, full, "the store was full at times")

		time.Sleep(time.Hour)
		for n := range 100 { // they free what has ended
			key, owner := middleware.Key{ID: "last"}, middleware.Owner{1, 2, 3, 4, byte(n)}
			_, err := store.Claim(t.Context(), middleware.OrderRequest{Key: key, Owner: owner, Lease: time.Second, Position: int64(n)})
			require.NoError(t, err)
			require.NoError(t, store.Commit(t.Context(), key, owner, int64(n), time.Second))
		}
		for n := range limit - 1 {
			_, err := store.Claim(t.Context(), middleware.OrderRequest{Key: middleware.Key{ID: "x" + strconv.Itoa(n)}, Owner: middleware.Owner{9}, Lease: time.Second})
			require.NoError(t, err, "all room is to be had again")
		}
	})
}
