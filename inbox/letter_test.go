package inbox_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/inbox"
)

// pagedStore takes down how much each page of dead letters has.
type pagedStore struct {
	*inbox.Memory

	letters, bytes []int
}

func (s *pagedStore) Dead(ctx context.Context, after inbox.ID, limit int) ([]inbox.Letter, error) {
	letters, err := s.Memory.Dead(ctx, after, limit)
	bytes := 0
	for _, l := range letters {
		bytes += len(l.Item.Body)
	}
	s.letters, s.bytes = append(s.letters, len(letters)), append(s.bytes, bytes)
	return letters, err
}

// fillDead makes n dead letters with bodies of a size.
func fillDead(t *testing.T, n, size int) (*inbox.Inbox, *pagedStore) {
	t.Helper()
	store := &pagedStore{Memory: inbox.NewMemory(inbox.WithMaxBytes(1 << 40))}
	body := make([]byte, size)
	for i := range n {
		id := inbox.ID{byte(i >> 8), byte(i), 1}
		require.NoError(t, store.Add(t.Context(), &inbox.Item{ID: id, Source: "shop", Body: body}))
	}
	claimed, err := store.Claim(t.Context(), inbox.ClaimRequest{Owner: inbox.Owner{1}, Max: n, Lease: time.Hour})
	require.NoError(t, err)
	for _, c := range claimed {
		require.NoError(t, store.Bury(t.Context(), inbox.Claim{ID: c.Item.ID, Owner: inbox.Owner{1}}, inbox.Burial{}))
	}
	return inbox.New(store, inbox.Config{}), store
}

func TestDead_ReadsFewLargeLettersAtOnce(t *testing.T) {
	in, store := fillDead(t, 40, 25<<20)
	n, err := in.ReplayAll(t.Context())
	require.NoError(t, err)
	require.Equal(t, 40, n)
	for i, bytes := range store.bytes {
		require.LessOrEqual(t, bytes, 8*25<<20, "page %d", i)
	}
	require.Equal(t, []int{8, 4, 2, 1, 1}, store.letters[:5])
}

func TestDead_ReadsManySmallLettersAtOnce(t *testing.T) {
	in, store := fillDead(t, 1000, 100)
	n, err := in.ReplayAll(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1000, n)
	require.Equal(t, []int{8, 16, 32, 64, 100}, store.letters[:5])
	require.Len(t, store.letters, 13)
}
