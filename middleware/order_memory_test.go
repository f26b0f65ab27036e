package middleware_test

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/middleware"
)

func TestMemoryOrder_FullMeansFullUntilRetentionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := middleware.NewMemoryOrder(middleware.WithMaxKeys(2))
		claim := func(key string, position int64) (middleware.ClaimStatus, error) {
			got, err := s.Claim(t.Context(), middleware.OrderRequest{
				Key: middleware.Key{ID: key}, Owner: middleware.Owner{key[0]}, Lease: time.Minute, Position: position,
			})
			return got.Status, err
		}
		for _, key := range []string{"a", "b"} {
			_, err := claim(key, 5)
			require.NoError(t, err)
		}
		require.NoError(t, s.Commit(t.Context(), middleware.Key{ID: "a"}, middleware.Owner{'a'}, 5, time.Hour))
		_, err := claim("c", 1)
		require.Equal(t, middleware.ErrStoreFull, err)
		status, err := claim("a", 4)
		require.NoError(t, err)
		require.Equal(t, middleware.Stale, status, "what is known is answered")

		time.Sleep(2 * time.Minute) // the lease of b
		status, err = claim("c", 1)
		require.NoError(t, err)
		require.Equal(t, middleware.Claimed, status)
		require.NoError(t, s.Release(t.Context(), middleware.Key{ID: "c"}, middleware.Owner{'c'}))
		require.Equal(t, 1, s.Len())

		time.Sleep(time.Hour) // the retention of a
		for _, key := range []string{"d", "e"} {
			_, err = claim(key, 1)
			require.NoError(t, err)
		}
		require.Equal(t, 2, s.Len())
	})
}

// Entries of a short retention do not wait for those of a long one.
func TestMemoryDedupe_RetentionsAreKeptApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := middleware.NewMemoryDedupe()
		complete := func(n int, retention time.Duration) {
			key, owner := middleware.Key{ID: strconv.Itoa(n)}, middleware.Owner{byte(n), byte(n >> 8), 1}
			got, err := s.Claim(t.Context(), middleware.ClaimRequest{Key: key, Owner: owner, Lease: time.Minute})
			require.NoError(t, err)
			require.Equal(t, middleware.Claimed, got.Status)
			require.NoError(t, s.Commit(t.Context(), key, owner, retention))
		}
		for n := range 20 { // more retentions than are kept apart
			complete(n, time.Duration(20-n)*time.Hour)
		}
		for n := range 100 {
			complete(1000+n, time.Hour)
		}
		require.Equal(t, 120, s.Len())
		time.Sleep(20*time.Hour - 1)
		for n := range 50 {
			complete(2000+n, time.Hour)
		}
		require.Equal(t, 51, s.Len(), "all but the one that has not ended")
	})
}
