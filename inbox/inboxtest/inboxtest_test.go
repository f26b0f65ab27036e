package inboxtest_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/inbox"
	"github.com/cactuscorp/cactus/inbox/inboxtest"
)

func memory(testing.TB) inbox.Store { return inbox.NewMemory() }

func TestRun_PassesTheMemoryStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inboxtest.Run(struct{ testing.TB }{t}, memory)
	})
}

func TestRun_MakesSubtests(t *testing.T) {
	stores := 0
	inboxtest.Run(t, func(tb testing.TB) inbox.Store {
		tb.Helper()
		_, ok := tb.(*testing.T)
		require.True(t, ok)
		require.NotSame(t, t, tb)
		stores++
		tb.SkipNow() // that the cases pass is shown in a bubble, where no lease runs out early
		return nil
	})
	require.Greater(t, stores, 20)
}

// textual is a memory store that keeps items as a database would.
type textual struct{ inbox.Store }

func (s textual) Add(ctx context.Context, item *inbox.Item) error {
	head, err := item.MarshalHead()
	if err != nil {
		return err
	}
	if bytes.ContainsRune(head, 0) {
		return fmt.Errorf("a NUL in %q", head)
	}
	restored := &inbox.Item{ID: item.ID, Source: item.Source, Body: bytes.Clone(item.Body)}
	if err := restored.UnmarshalHead(head); err != nil {
		return err
	}
	return s.Store.Add(ctx, restored)
}

func TestRun_PassesAStoreOfHeads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inboxtest.Run(struct{ testing.TB }{t}, func(tb testing.TB) inbox.Store {
			tb.Helper()
			return textual{memory(tb)}
		})
	})
}

// recorder is a test that fails without anybody minding.
type recorder struct {
	testing.TB

	mu     sync.Mutex
	failed bool
	last   string // case
}

func (r *recorder) Helper()                  {}
func (r *recorder) Log(...any)               {}
func (r *recorder) Error(...any)             { r.Fail() }
func (r *recorder) Errorf(string, ...any)    { r.Fail() }
func (r *recorder) Fatal(...any)             { r.FailNow() }
func (r *recorder) Logf(_ string, v ...any)  { r.last = fmt.Sprint(v...) }
func (r *recorder) Fatalf(string, ...any)    { r.FailNow() }
func (r *recorder) Fail()                    { r.mu.Lock(); r.failed = true; r.mu.Unlock() }
func (r *recorder) FailNow()                 { r.Fail(); runtime.Goexit() }
func (r *recorder) Context() context.Context { return context.Background() }

// broken is a memory store some of whose methods do something else.
type broken struct {
	inbox.Store

	add      func(inbox.Store, *inbox.Item) error
	claim    func(inbox.Store, inbox.ClaimRequest) ([]inbox.Claimed, error)
	renew    func(inbox.Store, time.Duration, []inbox.Claim) ([]inbox.ID, error)
	complete func(inbox.Store, []inbox.Claim) (int, error)
	release  func(inbox.Store, []inbox.Claim) (int, error)
	retry    func(inbox.Store, inbox.Claim, inbox.Retry) error
	bury     func(inbox.Store, inbox.Claim, inbox.Burial) error
	dead     func(inbox.Store, inbox.ID, int) ([]inbox.Letter, error)
	replay   func(inbox.Store, []inbox.ID) (int, error)
	discard  func(inbox.Store, []inbox.ID) (int, error)
	stats    func(inbox.Store) (inbox.Stats, error)
}

func (b *broken) Add(ctx context.Context, item *inbox.Item) error {
	if b.add != nil {
		return b.add(b.Store, item)
	}
	return b.Store.Add(ctx, item)
}

func (b *broken) Claim(ctx context.Context, req inbox.ClaimRequest) ([]inbox.Claimed, error) {
	if b.claim != nil {
		return b.claim(b.Store, req)
	}
	return b.Store.Claim(ctx, req)
}

func (b *broken) Renew(ctx context.Context, d time.Duration, c []inbox.Claim) ([]inbox.ID, error) {
	if b.renew != nil {
		return b.renew(b.Store, d, c)
	}
	return b.Store.Renew(ctx, d, c)
}

func (b *broken) Complete(ctx context.Context, c []inbox.Claim) (int, error) {
	if b.complete != nil {
		return b.complete(b.Store, c)
	}
	return b.Store.Complete(ctx, c)
}

func (b *broken) Release(ctx context.Context, c []inbox.Claim) (int, error) {
	if b.release != nil {
		return b.release(b.Store, c)
	}
	return b.Store.Release(ctx, c)
}

func (b *broken) Retry(ctx context.Context, c inbox.Claim, r inbox.Retry) error {
	if b.retry != nil {
		return b.retry(b.Store, c, r)
	}
	return b.Store.Retry(ctx, c, r)
}

func (b *broken) Bury(ctx context.Context, c inbox.Claim, r inbox.Burial) error {
	if b.bury != nil {
		return b.bury(b.Store, c, r)
	}
	return b.Store.Bury(ctx, c, r)
}

func (b *broken) Dead(ctx context.Context, after inbox.ID, limit int) ([]inbox.Letter, error) {
	if b.dead != nil {
		return b.dead(b.Store, after, limit)
	}
	return b.Store.Dead(ctx, after, limit)
}

func (b *broken) Replay(ctx context.Context, ids []inbox.ID) (int, error) {
	if b.replay != nil {
		return b.replay(b.Store, ids)
	}
	return b.Store.Replay(ctx, ids)
}

func (b *broken) Discard(ctx context.Context, ids []inbox.ID) (int, error) {
	if b.discard != nil {
		return b.discard(b.Store, ids)
	}
	return b.Store.Discard(ctx, ids)
}

func (b *broken) Stats(ctx context.Context) (inbox.Stats, error) {
	if b.stats != nil {
		return b.stats(b.Store)
	}
	return b.Store.Stats(ctx)
}

// changed stores another item than it was given.
func changed(change func(*inbox.Item)) broken {
	return broken{add: func(s inbox.Store, item *inbox.Item) error {
		other := *item
		change(&other)
		return s.Add(context.Background(), &other)
	}}
}

// claimedAs changes what a claim returns.
func claimedAs(change func(*inbox.Claimed)) broken {
	return broken{claim: func(s inbox.Store, r inbox.ClaimRequest) ([]inbox.Claimed, error) {
		claimed, err := s.Claim(context.Background(), r)
		for i := range claimed {
			change(&claimed[i])
		}
		return claimed, err
	}}
}

// oneOwner forgets who is who: there is no fence.
func oneOwner() broken {
	ctx, one := context.Background(), inbox.Owner{1}
	all := func(claims []inbox.Claim) []inbox.Claim {
		claims = slices.Clone(claims)
		for i := range claims {
			claims[i].Owner = one
		}
		return claims
	}
	return broken{
		claim: func(s inbox.Store, r inbox.ClaimRequest) ([]inbox.Claimed, error) {
			r.Owner = one
			return s.Claim(ctx, r)
		},
		renew: func(s inbox.Store, d time.Duration, c []inbox.Claim) ([]inbox.ID, error) {
			return s.Renew(ctx, d, all(c))
		},
		complete: func(s inbox.Store, c []inbox.Claim) (int, error) { return s.Complete(ctx, all(c)) },
		release:  func(s inbox.Store, c []inbox.Claim) (int, error) { return s.Release(ctx, all(c)) },
		retry: func(s inbox.Store, c inbox.Claim, r inbox.Retry) error {
			return s.Retry(ctx, all([]inbox.Claim{c})[0], r)
		},
		bury: func(s inbox.Store, c inbox.Claim, b inbox.Burial) error {
			return s.Bury(ctx, all([]inbox.Claim{c})[0], b)
		},
	}
}

func TestRun_FailsBrokenStores(t *testing.T) {
	ctx := context.Background()
	type (
		store   = inbox.Store
		claim   = inbox.Claim
		claimed = inbox.Claimed
		request = inbox.ClaimRequest
		retry   = inbox.Retry
		burial  = inbox.Burial
		stats   = inbox.Stats
	)
	tests := []struct {
		name  string
		store broken
		want  string // the case that finds it
	}{
		{"keeps nothing", broken{add: func(store, *inbox.Item) error { return nil }}, "claimed once"},
		{"is full", broken{add: func(store, *inbox.Item) error { return inbox.ErrFull }}, "claimed once"},
		{"holds nothing", broken{claim: func(s store, r request) ([]claimed, error) {
			got, err := s.Claim(ctx, r)
			for _, c := range got {
				_, _ = s.Release(ctx, []claim{{ID: c.Item.ID, Owner: r.Owner}})
			}
			return got, err
		}}, "claimed once"},
		{"fails when there is nothing", broken{claim: func(s store, r request) ([]claimed, error) {
			got, err := s.Claim(ctx, r)
			if len(got) == 0 {
				return nil, context.DeadlineExceeded
			}
			return got, err
		}}, "claimed once"},
		{"loses the body", changed(func(i *inbox.Item) { i.Body = nil }), "as it was"},
		{"loses the source", changed(func(i *inbox.Item) { i.Source = "shop" }), "as it was"},
		{"loses repeated headers", changed(func(i *inbox.Item) {
			header := http.Header{}
			for name := range i.Header {
				header.Set(name, i.Header.Get(name))
			}
			i.Header = header
		}), "as it was"},
		{"mends headers", changed(func(i *inbox.Item) {
			header := http.Header{}
			for name, values := range i.Header {
				for _, v := range values {
					header.Add(name, string([]rune(v)))
				}
			}
			i.Header = header
		}), "as it was"},
		{"rounds times", changed(func(i *inbox.Item) { i.ReceivedAt = i.ReceivedAt.Truncate(time.Microsecond) }), "as it was"},
		{"loses the tenant", changed(func(i *inbox.Item) { i.Tenant = "" }), "as it was"},
		{"loses the path", changed(func(i *inbox.Item) { i.Path = nil }), "as it was"},
		{"refuses what it has", refusesTwice(), "added again"},
		{"gives more than was asked for", broken{claim: func(s store, r request) ([]claimed, error) {
			r.Max++
			return s.Claim(ctx, r)
		}}, "so many and no more"},
		{"gives the last first", broken{claim: func(s store, r request) ([]claimed, error) {
			got, err := s.Claim(ctx, r)
			slices.Reverse(got)
			return got, err
		}}, "comes first"},
		{"completes nothing", broken{complete: func(_ store, c []claim) (int, error) { return len(c), nil }}, "completed item"},
		{"releases instead of completing", broken{complete: func(s store, c []claim) (int, error) { return s.Release(ctx, c) }}, "completed item"},
		{"releases nothing", broken{release: func(_ store, c []claim) (int, error) { return len(c), nil }}, "released item"},
		{"completes instead of releasing", broken{release: func(s store, c []claim) (int, error) { return s.Complete(ctx, c) }}, "released item"},
		{"counts a release", broken{release: func(s store, c []claim) (int, error) {
			for _, c := range c {
				if err := s.Retry(ctx, c, retry{Count: true}); err != nil {
					return 0, err
				}
			}
			return len(c), nil
		}}, "released item"},
		{"has leases that do not run out", broken{claim: func(s store, r request) ([]claimed, error) {
			r.Lease = time.Hour
			return s.Claim(ctx, r)
		}}, "lease runs out"},
		{"does not count what is lost", claimedAs(func(c *claimed) { c.Lost = 0 }), "lease runs out"},
		{"renews nothing", broken{renew: func(_ store, _ time.Duration, c []claim) (ids []inbox.ID, _ error) {
			for _, c := range c {
				ids = append(ids, c.ID)
			}
			return ids, nil
		}}, "renewed lease"},
		{"does not say what it renewed", broken{renew: func(s store, d time.Duration, c []claim) ([]inbox.ID, error) {
			_, err := s.Renew(ctx, d, c)
			return nil, err
		}}, "renewed lease"},
		{"renews for ever", broken{renew: func(s store, _ time.Duration, c []claim) ([]inbox.ID, error) { return s.Renew(ctx, time.Hour, c) }}, "renewed lease"},
		{"does not tell owners apart", oneOwner(), "late owner"},
		{"says nothing of a lost lease", broken{retry: func(s store, c claim, r retry) error {
			_ = s.Retry(ctx, c, r)
			return nil
		}}, "late owner"},
		{"buries for anybody, in words", broken{bury: func(s store, c claim, b burial) error {
			_ = s.Bury(ctx, c, b)
			return nil
		}}, "late owner"},
		{"completes all or nothing", broken{complete: func(s store, c []claim) (int, error) {
			if held, _ := s.Renew(ctx, time.Hour, c); len(held) < len(c) {
				return 0, nil
			}
			return s.Complete(ctx, c)
		}}, "leaves out"},
		{"mixes up owners", broken{complete: func(s store, c []claim) (int, error) {
			n := 0
			for _, a := range c {
				for _, b := range c {
					done, _ := s.Complete(ctx, []claim{{ID: a.ID, Owner: b.Owner}})
					n += done
				}
			}
			return n, nil
		}}, "leaves out"},
		{"retries at once", broken{retry: func(s store, c claim, r retry) error {
			r.Wait = 0
			return s.Retry(ctx, c, r)
		}}, "former owner"},
		{"retries never", broken{retry: func(s store, c claim, r retry) error {
			r.Wait += time.Hour
			return s.Retry(ctx, c, r)
		}}, "comes first"},
		{"counts every retry", broken{retry: func(s store, c claim, r retry) error {
			r.Count = true
			return s.Retry(ctx, c, r)
		}}, "counts if told"},
		{"counts no retry", broken{retry: func(s store, c claim, r retry) error {
			r.Count = false
			return s.Retry(ctx, c, r)
		}}, "counts if told"},
		{"loses the reason", broken{bury: func(s store, c claim, b burial) error {
			b.Reason = ""
			return s.Bury(ctx, c, b)
		}}, "former owner"},
		{"loses the event's id", broken{bury: func(s store, c claim, b burial) error {
			b.EventID = ""
			return s.Bury(ctx, c, b)
		}}, "dead letter rests"},
		{"counts every burial", broken{bury: func(s store, c claim, b burial) error {
			b.Count = true
			return s.Bury(ctx, c, b)
		}}, "dead letter rests"},
		{"ignores the cursor", broken{dead: func(s store, _ inbox.ID, n int) ([]inbox.Letter, error) { return s.Dead(ctx, inbox.ID{}, n) }}, "page by page"},
		{"ignores the limit", broken{dead: func(s store, after inbox.ID, _ int) ([]inbox.Letter, error) { return s.Dead(ctx, after, 100) }}, "page by page"},
		{"replays nothing", broken{replay: func(store, []inbox.ID) (int, error) { return 1, nil }}, "replayed letter"},
		{"replays everything", broken{replay: func(s store, _ []inbox.ID) (int, error) {
			letters, _ := s.Dead(ctx, inbox.ID{}, 100)
			for _, l := range letters {
				_, _ = s.Replay(ctx, []inbox.ID{l.Item.ID})
			}
			return 1, nil
		}}, "replayed letter"},
		{"discards instead of replaying", broken{replay: func(s store, ids []inbox.ID) (int, error) { return s.Discard(ctx, ids) }}, "replayed letter"},
		{"discards nothing", broken{discard: func(store, []inbox.ID) (int, error) { return 1, nil }}, "discarded letter"},
		{"replays instead of discarding", broken{discard: func(s store, ids []inbox.ID) (int, error) { return s.Replay(ctx, ids) }}, "discarded letter"},
		{"knows no age", claimedAs(func(c *claimed) { c.Age = 0 }), "age counts"},
		{"knows no oldest", broken{stats: func(s store) (stats, error) {
			got, err := s.Stats(ctx)
			got.Oldest = 0
			return got, err
		}}, "age counts"},
		{"counts what is scheduled as ready", broken{stats: func(s store) (stats, error) {
			got, err := s.Stats(ctx)
			got.Ready, got.Scheduled = got.Ready+got.Scheduled, 0
			return got, err
		}}, "retry waits"},
		{"discards everything for nothing", broken{discard: func(s store, ids []inbox.ID) (int, error) {
			if len(ids) > 0 {
				return s.Discard(ctx, ids)
			}
			letters, _ := s.Dead(ctx, inbox.ID{}, 100)
			for _, l := range letters {
				_, _ = s.Discard(ctx, []inbox.ID{l.Item.ID})
			}
			return 0, nil
		}}, "nothing to do"},
		{"looks and then claims", looksFirst(), "concurrent"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rec := &recorder{TB: t}
				done := make(chan struct{})
				go func() {
					defer close(done)
					inboxtest.Run(rec, func(tb testing.TB) inbox.Store {
						tb.Helper()
						b := tt.store
						b.Store = memory(tb)
						return &b
					})
				}()
				<-done
				require.True(t, rec.failed, "the suite lets it pass")
				require.Contains(t, rec.last, tt.want)
			})
		})
	}
}

// refusesTwice takes an id for a failure that it has taken before.
func refusesTwice() broken {
	return broken{add: func(s inbox.Store, item *inbox.Item) error {
		before, _ := s.Stats(context.Background())
		err := s.Add(context.Background(), item)
		after, _ := s.Stats(context.Background())
		if err == nil && before.Left()+before.Dead == after.Left()+after.Dead {
			return fmt.Errorf("%s is there", item.ID)
		}
		return err
	}}
}

// looksFirst leaves a gap between reading and writing.
func looksFirst() broken {
	ctx := context.Background()
	return broken{claim: func(s inbox.Store, r inbox.ClaimRequest) ([]inbox.Claimed, error) {
		seen, err := s.Claim(ctx, r)
		claims := make([]inbox.Claim, 0, len(seen))
		for _, c := range seen {
			claims = append(claims, inbox.Claim{ID: c.Item.ID, Owner: r.Owner})
		}
		if r.Max != 7 || err != nil { // only where the suite has a race
			return seen, err
		}
		_, _ = s.Release(ctx, claims)
		time.Sleep(time.Microsecond)
		_, err = s.Claim(ctx, r)
		return seen, err
	}}
}
