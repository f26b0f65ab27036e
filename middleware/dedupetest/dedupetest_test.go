package dedupetest_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/middleware/dedupetest"
)

func memory(testing.TB) middleware.DedupeStore { return middleware.NewMemoryDedupe() }

func TestRun_PassesTheMemoryStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dedupetest.Run(struct{ testing.TB }{t}, memory)
	})
}

func TestRun_MakesSubtests(t *testing.T) {
	stores := 0
	dedupetest.Run(t, func(tb testing.TB) middleware.DedupeStore {
		tb.Helper()
		_, ok := tb.(*testing.T)
		require.True(t, ok)
		require.NotSame(t, t, tb)
		stores++
		tb.SkipNow() // that the cases pass is shown in a bubble, where no lease runs out early
		return nil
	})
	require.Greater(t, stores, 10)
}

func TestWithShortLease_SetsWhatRunsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		leases := map[time.Duration]bool{}
		start := time.Now()
		dedupetest.Run(struct{ testing.TB }{t}, func(tb testing.TB) middleware.DedupeStore {
			tb.Helper()
			return &broken{DedupeStore: memory(tb), claim: func(s middleware.DedupeStore, r middleware.ClaimRequest) (middleware.ClaimResult, error) {
				mu.Lock()
				defer mu.Unlock()
				leases[r.Lease] = true
				return s.Claim(t.Context(), r)
			}}
		}, dedupetest.WithShortLease(3*time.Second))
		require.Equal(t, map[time.Duration]bool{3 * time.Second: true, 48 * time.Second: true, time.Hour: true}, leases)
		require.Greater(t, time.Since(start), 2*time.Minute)
		require.Less(t, time.Since(start), 5*time.Minute)
	})
	require.PanicsWithValue(t, "dedupetest: WithShortLease(0s): at least a millisecond is needed", func() { dedupetest.WithShortLease(0) })
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
	middleware.DedupeStore

	claim   func(middleware.DedupeStore, middleware.ClaimRequest) (middleware.ClaimResult, error)
	renew   func(middleware.DedupeStore, middleware.Key, middleware.Owner, time.Duration) error
	commit  func(middleware.DedupeStore, middleware.Key, middleware.Owner, time.Duration) error
	release func(middleware.DedupeStore, middleware.Key, middleware.Owner) error
}

func (b *broken) Claim(ctx context.Context, req middleware.ClaimRequest) (middleware.ClaimResult, error) {
	if b.claim != nil {
		return b.claim(b.DedupeStore, req)
	}
	return b.DedupeStore.Claim(ctx, req)
}

func (b *broken) Renew(ctx context.Context, k middleware.Key, o middleware.Owner, d time.Duration) error {
	if b.renew != nil {
		return b.renew(b.DedupeStore, k, o, d)
	}
	return b.DedupeStore.Renew(ctx, k, o, d)
}

func (b *broken) Commit(ctx context.Context, k middleware.Key, o middleware.Owner, d time.Duration) error {
	if b.commit != nil {
		return b.commit(b.DedupeStore, k, o, d)
	}
	return b.DedupeStore.Commit(ctx, k, o, d)
}

func (b *broken) Release(ctx context.Context, k middleware.Key, o middleware.Owner) error {
	if b.release != nil {
		return b.release(b.DedupeStore, k, o)
	}
	return b.DedupeStore.Release(ctx, k, o)
}

// rekeyed makes every method see another key.
func rekeyed(change func(middleware.Key) middleware.Key) broken {
	ctx := context.Background()
	return broken{
		claim: func(s middleware.DedupeStore, req middleware.ClaimRequest) (middleware.ClaimResult, error) {
			req.Key = change(req.Key)
			return s.Claim(ctx, req)
		},
		renew: func(s middleware.DedupeStore, k middleware.Key, o middleware.Owner, d time.Duration) error {
			return s.Renew(ctx, change(k), o, d)
		},
		commit: func(s middleware.DedupeStore, k middleware.Key, o middleware.Owner, d time.Duration) error {
			return s.Commit(ctx, change(k), o, d)
		},
		release: func(s middleware.DedupeStore, k middleware.Key, o middleware.Owner) error {
			return s.Release(ctx, change(k), o)
		},
	}
}

// oneOwner forgets who is who: there is no fence.
func oneOwner() broken {
	ctx, one := context.Background(), middleware.Owner{1}
	return broken{
		claim: func(s middleware.DedupeStore, req middleware.ClaimRequest) (middleware.ClaimResult, error) {
			req.Owner = one
			return s.Claim(ctx, req)
		},
		renew: func(s middleware.DedupeStore, k middleware.Key, _ middleware.Owner, d time.Duration) error {
			return s.Renew(ctx, k, one, d)
		},
		commit: func(s middleware.DedupeStore, k middleware.Key, _ middleware.Owner, d time.Duration) error {
			return s.Commit(ctx, k, one, d)
		},
		release: func(s middleware.DedupeStore, k middleware.Key, _ middleware.Owner) error {
			return s.Release(ctx, k, one)
		},
	}
}

func TestRun_FailsBrokenStores(t *testing.T) {
	ctx := context.Background()
	type (
		store  = middleware.DedupeStore
		key    = middleware.Key
		owner  = middleware.Owner
		req    = middleware.ClaimRequest
		result = middleware.ClaimResult
	)
	claimed := result{Status: middleware.Claimed}
	tests := []struct {
		name  string
		store broken
		want  string // the case that finds it
	}{
		{"gives a key to everybody", broken{claim: func(store, req) (result, error) { return claimed, nil }}, "claimed once"},
		{"says done of what is in flight", broken{claim: func(s store, r req) (result, error) {
			got, err := s.Claim(ctx, r)
			if got.Status == middleware.InFlight {
				got.Status = middleware.Done
			}
			return got, err
		}}, "claimed once"},
		{"does not say what is left", broken{claim: func(s store, r req) (result, error) {
			got, err := s.Claim(ctx, r)
			got.Left = 0
			return got, err
		}}, "claimed once"},
		{"commits nothing", broken{commit: func(store, key, owner, time.Duration) error { return nil }}, "committed key"},
		{"frees what was committed", broken{commit: func(s store, k key, o owner, _ time.Duration) error { return s.Release(ctx, k, o) }}, "committed key"},
		{"releases nothing", broken{release: func(store, key, owner) error { return nil }}, "released key"},
		{"commits what is released", broken{release: func(s store, k key, o owner) error {
			_ = s.Commit(ctx, k, o, time.Hour)
			return nil
		}}, "released key"},
		{"has leases that do not run out", broken{claim: func(s store, r req) (result, error) {
			r.Lease = time.Hour
			return s.Claim(ctx, r)
		}}, "a lease runs out"},
		{"renews nothing", broken{renew: func(store, key, owner, time.Duration) error { return nil }}, "renewed lease"},
		{"renews for anybody", broken{renew: func(s store, k key, o owner, d time.Duration) error {
			_ = s.Renew(ctx, k, o, d)
			return nil
		}}, "renewal is for the owner"},
		{"commits for anybody, in words", broken{commit: func(s store, k key, o owner, d time.Duration) error {
			_ = s.Commit(ctx, k, o, d)
			return nil
		}}, "late commit"},
		{"does not tell owners apart", oneOwner(), "renewal is for the owner"},
		{"does not tell owners of commits apart", broken{
			claim:  oneOwner().claim,
			commit: oneOwner().commit,
			renew: func(s store, k key, o owner, d time.Duration) error {
				return s.Renew(ctx, k, o, d)
			},
		}, ""},
		{"does not tell owners of releases apart", broken{release: releaseOfAnybody()}, ""},
		{"refuses a second commit", secondCommitLost(), "may be repeated"},
		{"remembers for ever", broken{commit: func(s store, k key, o owner, _ time.Duration) error { return s.Commit(ctx, k, o, time.Hour) }}, "retention ends"},
		{"remembers for as long as a lease", broken{commit: func(s store, k key, o owner, d time.Duration) error {
			return s.Commit(ctx, k, o, min(d, 50*time.Millisecond))
		}}, "retention ends"},
		{"ignores force", broken{claim: func(s store, r req) (result, error) {
			r.Force = false
			return s.Claim(ctx, r)
		}}, "forced claim takes"},
		{"forces always", broken{claim: func(s store, r req) (result, error) {
			r.Force = true
			return s.Claim(ctx, r)
		}}, "committed key"},
		{"forgets the tenant", rekeyed(func(k key) key { k.Tenant = ""; return k }), "told apart"},
		{"forgets the source", rekeyed(func(k key) key { k.Source = ""; return k }), "told apart"},
		{"joins a key's fields", rekeyed(func(k key) key { return key{ID: k.Source + k.Tenant + k.ID} }), "told apart"},
		{"joins them with a separator", rekeyed(func(k key) key { return key{ID: k.Source + ":" + k.Tenant + ":" + k.ID} }), "told apart"},
		{"folds case", rekeyed(func(k key) key { k.ID = strings.ToLower(k.ID); return k }), "told apart"},
		{"trims", rekeyed(func(k key) key { k.ID = strings.TrimSpace(k.ID); return k }), "told apart"},
		{"cuts long ids", rekeyed(func(k key) key { k.ID = k.ID[:min(len(k.ID), 255)]; return k }), "told apart"},
		{"cuts very long ids", rekeyed(func(k key) key { k.ID = k.ID[:min(len(k.ID), 2200)]; return k }), "told apart"},
		{"mends what is not UTF-8", rekeyed(func(k key) key { k.ID = strings.ToValidUTF8(k.ID, "\ufffd"); return k }), "told apart"},
		{"ends a string at a zero byte", rekeyed(func(k key) key { k.ID, _, _ = strings.Cut(k.ID, "\x00"); return k }), "told apart"},
		{"looks and then claims", looksFirst(), "concurrent claims"},
		{"looks and then claims by force", forcesBlindly(), "concurrent forced"},
		{"purges what is held", purgesHeld(), "outlives"},
		{"says that next to nothing is left", broken{claim: func(s store, r req) (result, error) {
			got, err := s.Claim(ctx, r)
			got.Left = min(got.Left, 1)
			return got, err
		}}, "claimed once"},
		{"has leases in whole seconds", broken{claim: func(s store, r req) (result, error) {
			r.Lease = r.Lease.Truncate(time.Second)
			return s.Claim(ctx, r)
		}}, "fractions"},
		{"has retentions in whole seconds", broken{commit: func(s store, k key, o owner, d time.Duration) error {
			return s.Commit(ctx, k, o, d.Truncate(time.Second)-1)
		}}, "fractions"},
		{"fails", broken{claim: func(store, req) (result, error) { return result{}, context.DeadlineExceeded }}, "claimed once"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rec := &recorder{TB: t}
				done := make(chan struct{})
				go func() {
					defer close(done)
					dedupetest.Run(rec, func(tb testing.TB) middleware.DedupeStore {
						tb.Helper()
						b := tt.store
						b.DedupeStore = memory(tb)
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

// releaseOfAnybody remembers the last owner and releases whatever it has.
func releaseOfAnybody() func(middleware.DedupeStore, middleware.Key, middleware.Owner) error {
	return func(s middleware.DedupeStore, k middleware.Key, o middleware.Owner) error {
		for n := range 100 { // the suite numbers its owners
			var other middleware.Owner
			copy(other[:], fmt.Sprintf("%016x", n))
			_ = s.Release(context.Background(), k, other)
		}
		return s.Release(context.Background(), k, o)
	}
}

func secondCommitLost() broken {
	var mu sync.Mutex
	seen := map[middleware.Owner]bool{}
	return broken{
		claim: func(s middleware.DedupeStore, r middleware.ClaimRequest) (middleware.ClaimResult, error) {
			mu.Lock()
			defer mu.Unlock()
			delete(seen, r.Owner) // each case counts afresh
			return s.Claim(context.Background(), r)
		},
		commit: func(s middleware.DedupeStore, k middleware.Key, o middleware.Owner, d time.Duration) error {
			mu.Lock()
			defer mu.Unlock()
			if seen[o] {
				return middleware.ErrLeaseLost
			}
			seen[o] = true
			return s.Commit(context.Background(), k, o, d)
		},
	}
}

// looksFirst leaves a gap between reading and writing.
func looksFirst() broken {
	return broken{claim: func(s middleware.DedupeStore, r middleware.ClaimRequest) (middleware.ClaimResult, error) {
		probe := r
		probe.Owner = middleware.Owner{0xff}
		got, err := s.Claim(context.Background(), probe)
		if err != nil || got.Status != middleware.Claimed {
			return got, err
		}
		_ = s.Release(context.Background(), r.Key, probe.Owner)
		time.Sleep(time.Microsecond)
		if got, err = s.Claim(context.Background(), r); got.Status == middleware.InFlight {
			return middleware.ClaimResult{Status: middleware.Claimed}, err
		}
		return got, err
	}}
}

// forcesBlindly leaves the gap for forced claims alone.
func forcesBlindly() broken {
	look := looksFirst().claim
	return broken{claim: func(s middleware.DedupeStore, r middleware.ClaimRequest) (middleware.ClaimResult, error) {
		probe := r
		probe.Owner, probe.Force = middleware.Owner{0xfe}, false
		if got, err := s.Claim(context.Background(), probe); err != nil || !r.Force || got.Status != middleware.Done {
			_ = s.Release(context.Background(), r.Key, probe.Owner)
			if err != nil || got.Status != middleware.Claimed {
				return got, err
			}
			return s.Claim(context.Background(), r)
		}
		return look(s, r)
	}}
}

// purgesHeld forgets all of a key when its retention ends.
func purgesHeld() broken {
	var mu sync.Mutex
	type place struct {
		store middleware.DedupeStore // each case has its own
		key   middleware.Key
	}
	ends, holders := map[place]time.Time{}, map[place]middleware.Owner{}
	return broken{
		claim: func(s middleware.DedupeStore, r middleware.ClaimRequest) (middleware.ClaimResult, error) {
			mu.Lock()
			defer mu.Unlock()
			at := place{s, r.Key}
			if end, ok := ends[at]; ok && !time.Now().Before(end) {
				delete(ends, at)
				_ = s.Release(context.Background(), r.Key, holders[at])
			}
			got, err := s.Claim(context.Background(), r)
			if got.Status == middleware.Claimed {
				holders[at] = r.Owner
			}
			return got, err
		},
		commit: func(s middleware.DedupeStore, k middleware.Key, o middleware.Owner, d time.Duration) error {
			mu.Lock()
			defer mu.Unlock()
			ends[place{s, k}] = time.Now().Add(d)
			return s.Commit(context.Background(), k, o, d)
		},
	}
}
