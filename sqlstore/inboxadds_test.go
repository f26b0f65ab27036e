package sqlstore

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/inbox"
)

// slowTable takes a second for each statement.
type slowTable struct {
	adds

	mu      sync.Mutex
	groups  []int                // sizes, in order
	refuse  func(s string) error // of a source
	written []string
	used    int
	unused  int
}

func newSlowTable() *slowTable {
	s := &slowTable{}
	s.settle = func(_, used bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if used {
			s.used++
		} else {
			s.unused++
		}
	}
	s.write = func(ctx context.Context, items []*added) error {
		s.mu.Lock()
		s.groups = append(s.groups, len(items))
		s.mu.Unlock()
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return busyError{ctx.Err()}
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, one := range items {
			if s.refuse == nil {
				continue
			}
			if err := s.refuse(one.item.Source); err != nil {
				return err
			}
		}
		for _, one := range items {
			s.written = append(s.written, one.item.Source)
		}
		return nil
	}
	return s
}

// start adds an item of this name, and leaves it in the queue or being written.
func (s *slowTable) start(ctx context.Context, name string) <-chan error {
	done := make(chan error, 1)
	go func() { done <- s.add(ctx, &added{item: &inbox.Item{Source: name}}) }()
	synctest.Wait()
	return done
}

func (s *slowTable) startMany(ctx context.Context, n int) (all []<-chan error) {
	for i := range n {
		all = append(all, s.start(ctx, strconv.Itoa(i)))
	}
	return all
}

func (s *slowTable) waiting() int {
	s.adds.mu.Lock()
	defer s.adds.mu.Unlock()
	return len(s.queue)
}

func TestAdds_WriteTogetherWhatCameMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, began := newSlowTable(), time.Now()
		for _, done := range s.startMany(t.Context(), 300) {
			require.NoError(t, <-done)
		}
		require.Equal(t, []int{1, 128, 128, 40, 3}, s.groups, "in steps of 8, so that there are few statements")
		require.Len(t, s.written, 300)
		require.Equal(t, 300, s.used)
		require.Equal(t, 5*time.Second, time.Since(began))
		synctest.Wait()
		require.NoError(t, s.add(t.Context(), &added{item: &inbox.Item{}}), "another run")
	})
}

func TestAdds_BoundWhatIsInOneStatement(t *testing.T) {
	s := &adds{writing: true}
	large := func(n int) *added { return &added{item: &inbox.Item{Body: make([]byte, n)}} }
	s.queue = []*added{large(25 << 20), large(1), large(maxAddsBytes - 1), large(1), {item: &inbox.Item{}, head: strings.Repeat("x", maxAddsBytes)}, large(0)}
	for _, want := range []int{1, 2, 1, 2} {
		require.Len(t, s.next(), want)
	}
	require.Nil(t, s.next())
	require.False(t, s.writing)
}

func TestAdds_KeepAPoisonItemToItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, poison := newSlowTable(), errors.New("invalid byte sequence")
		s.refuse = func(source string) error {
			if source == "3" {
				return poison
			}
			return nil
		}
		for i, done := range s.startMany(t.Context(), 6) {
			if i == 3 {
				require.Equal(t, poison, <-done)
				continue
			}
			require.NoError(t, <-done)
		}
		require.Equal(t, []int{1, 5, 1, 1, 1, 1, 1}, s.groups)
		require.Equal(t, 5, s.used)
		require.Equal(t, 1, s.unused)
	})
}

// A database that is busy would be as busy for each of them.
func TestAdds_GiveUpTogetherWhenTheDatabaseIsBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, busy := newSlowTable(), errors.New("database is locked")
		s.refuse = func(string) error { return busyError{busy} }
		for _, done := range s.startMany(t.Context(), 6) {
			require.ErrorIs(t, <-done, busy)
		}
		require.Equal(t, []int{1, 5}, s.groups)
		require.Equal(t, 6, s.unused)
	})
}

// Who gives up neither spoils the group that it is in nor stays in the queue.
func TestAdds_ForgetWhoGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, gone := newSlowTable(), errors.New("the sender hung up")
		ctx, cancel := context.WithCancelCause(t.Context())
		leader, waiting := s.start(ctx, "leader"), s.start(ctx, "waiting")
		other := s.start(t.Context(), "other")
		cancel(gone)
		require.Equal(t, gone, <-leader)
		require.Equal(t, gone, <-waiting)
		synctest.Wait()
		require.Equal(t, 1, s.waiting())
		require.NoError(t, <-other)
		require.Equal(t, []string{"leader", "other"}, s.written, "the leader's was under way")
		require.Equal(t, 2, s.used)
		require.Equal(t, 1, s.unused)
	})
}

// A database that hangs costs no more than those who wait for it.
func TestAdds_EndWhenTheDatabaseHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, began := newSlowTable(), time.Now()
		s.write = func(ctx context.Context, _ []*added) error {
			<-ctx.Done()
			return ctx.Err()
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		all := append(s.startMany(ctx, 1000), s.startMany(t.Context(), 2)...)
		for i, done := range all {
			require.ErrorIs(t, <-done, context.DeadlineExceeded)
			if i == 999 {
				synctest.Wait()
				require.Equal(t, 2, s.waiting())
				require.Equal(t, 10*time.Second, time.Since(began))
			}
		}
		require.Equal(t, 2*addTimeout, time.Since(began))
		require.Equal(t, 1002, s.unused)
	}) // and no goroutine is left
}

func TestAdds_SurviveADriverThatPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlowTable()
		s.write = func(context.Context, []*added) error { panic("secret") }
		err := s.add(t.Context(), &added{item: &inbox.Item{}})
		require.EqualError(t, err, "the driver panicked: a string")
		require.Error(t, s.add(t.Context(), &added{item: &inbox.Item{}}))
	})
}
