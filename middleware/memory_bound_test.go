package middleware_test

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/types"
)

// A position with a long retention does not keep what a Serial on the same store
// has left behind.
func TestMemoryOrder_LongRetentionDoesNotKeepTheKeysOfShortOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := middleware.NewMemoryOrder()
		h := func(context.Context, *types.OrderShippedPushed) error { return nil }
		stale, serial := orders(h, middleware.SkipStale(store)), orders(h, middleware.Serial(store))
		require.NoError(t, stale.Dispatch(t.Context(), of("a", 5)))
		require.NoError(t, serial.Dispatch(t.Context(), of("a", 6)))
		for n := range 100 {
			require.NoError(t, serial.Dispatch(t.Context(), of(strconv.Itoa(n), 1)))
		}
		time.Sleep(time.Hour)
		for range 100 {
			require.NoError(t, serial.Dispatch(t.Context(), of("b", 1)))
		}
		require.Equal(t, 2, store.Len())
		require.ErrorIs(t, stale.Dispatch(t.Context(), of("a", 4)), middleware.ErrStale)
	})
}

// A position whose retention ends while its key is held is not remembered anew.
func TestMemoryOrder_ForgetsAPositionWhoseRetentionEndsWhileItsKeyIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := middleware.NewMemoryOrder()
		claim := func(owner byte, position int64) middleware.ClaimStatus {
			got, err := s.Claim(t.Context(), middleware.OrderRequest{
				Owner: middleware.Owner{owner}, Lease: time.Hour, Position: position,
			})
			require.NoError(t, err)
			return got.Status
		}
		require.Equal(t, middleware.Claimed, claim(1, 5))
		require.NoError(t, s.Commit(t.Context(), middleware.Key{}, middleware.Owner{1}, 5, time.Minute))
		require.Equal(t, middleware.Claimed, claim(2, middleware.NoPosition))
		time.Sleep(2 * time.Minute)
		require.NoError(t, s.Commit(t.Context(), middleware.Key{}, middleware.Owner{2}, middleware.NoPosition, time.Minute))
		require.Equal(t, middleware.Claimed, claim(3, 4))
	})
}

// A key whose retention has ended is not kept by a claim that fails.
func TestMemoryDedupe_FailedClaimDoesNotKeepWhatHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, result := middleware.NewMemoryDedupe(), error(nil)
		r := receiver(func(context.Context) error { return result }, middleware.Dedupe(s))
		require.NoError(t, r.Dispatch(t.Context(), thin()))
		time.Sleep(8 * 24 * time.Hour)
		result = errFlaky
		require.Equal(t, errFlaky, r.Dispatch(t.Context(), thin()))
		require.Zero(t, s.Len())
	})
}

// What a key takes is bounded, whatever ids the sender chooses.
func TestMemoryStores_BoundWhatAKeyTakes(t *testing.T) {
	const keys, size = 500, 100_000
	id := func(n int) string { return fmt.Sprintf("%s%05d", strings.Repeat("x", size), n) }
	dedupe, order := middleware.NewMemoryDedupe(), middleware.NewMemoryOrder()
	h := func(context.Context) error { return nil }
	r := receiver(h, middleware.SkipStale(order), middleware.Dedupe(dedupe))
	send := func(ids, rest string, second int64) error {
		return r.Dispatch(t.Context(), &cactus.Envelope{
			Meta:          cactus.Meta{ID: ids, Type: "order.shipped", Context: rest, Created: time.Unix(second, 0)},
			RelatedObject: cactus.ObjectRef{ID: ids, Type: "order"},
		})
	}
	before := heap()
	for n := range keys {
		require.NoError(t, send(id(n), "", 2))
		body := fmt.Sprintf("evt_%05d%s", n, strings.Repeat("x", size))
		require.NoError(t, send(body[:9], body[9:], 2))
	}
	require.Less(t, heap()-before, int64(keys*size/10))
	require.Equal(t, 2*keys, dedupe.Len())
	for n := range keys {
		require.ErrorIs(t, send(id(n), "", 2), middleware.ErrDuplicate)
		require.ErrorIs(t, send(id(n), "", 1), middleware.ErrStale)
	}
}

// heap returns the bytes that are in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Ids are kept in one of three ways, by their length.
func TestMemoryDedupe_TellsIDsOfAllLengthsApart(t *testing.T) {
	s := middleware.NewMemoryDedupe()
	for n := range 300 {
		for _, end := range []string{"a", "b"} {
			req := middleware.ClaimRequest{Key: middleware.Key{ID: strings.Repeat("a", n) + end}, Owner: middleware.Owner{1}, Lease: time.Hour}
			got, err := s.Claim(t.Context(), req)
			require.NoError(t, err)
			require.Equal(t, middleware.Claimed, got.Status, req.Key.ID)
			got, err = s.Claim(t.Context(), req)
			require.NoError(t, err)
			require.Equal(t, middleware.InFlight, got.Status, req.Key.ID)
		}
	}
}
