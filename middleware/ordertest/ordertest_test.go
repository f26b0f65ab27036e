package ordertest_test

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
	"github.com/cactuscorp/cactus/middleware/ordertest"
)

func memory(testing.TB) middleware.OrderStore { return middleware.NewMemoryOrder() }

func TestRun_PassesTheMemoryStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ordertest.Run(struct{ testing.TB }{t}, memory)
	})
}

func TestRun_MakesSubtests(t *testing.T) {
	stores := 0
	ordertest.Run(t, func(tb testing.TB) middleware.OrderStore {
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
	middleware.OrderStore

	claim   func(middleware.OrderStore, middleware.OrderRequest) (middleware.ClaimResult, error)
	renew   func(middleware.OrderStore, middleware.Key, middleware.Owner, time.Duration) error
	commit  func(middleware.OrderStore, middleware.Key, middleware.Owner, int64, time.Duration) error
	release func(middleware.OrderStore, middleware.Key, middleware.Owner) error
}

func (b *broken) Claim(ctx context.Context, req middleware.OrderRequest) (middleware.ClaimResult, error) {
	if b.claim != nil {
		return b.claim(b.OrderStore, req)
	}
	return b.OrderStore.Claim(ctx, req)
}

func (b *broken) Renew(ctx context.Context, k middleware.Key, o middleware.Owner, d time.Duration) error {
	if b.renew != nil {
		return b.renew(b.OrderStore, k, o, d)
	}
	return b.OrderStore.Renew(ctx, k, o, d)
}

func (b *broken) Commit(ctx context.Context, k middleware.Key, o middleware.Owner, p int64, d time.Duration) error {
	if b.commit != nil {
		return b.commit(b.OrderStore, k, o, p, d)
	}
	return b.OrderStore.Commit(ctx, k, o, p, d)
}

func (b *broken) Release(ctx context.Context, k middleware.Key, o middleware.Owner) error {
	if b.release != nil {
		return b.release(b.OrderStore, k, o)
	}
	return b.OrderStore.Release(ctx, k, o)
}

// changed makes every method see another key and another owner.
func changed(key func(middleware.Key) middleware.Key, owner func(middleware.Owner) middleware.Owner) broken {
	ctx := context.Background()
	return broken{
		claim: func(s middleware.OrderStore, req middleware.OrderRequest) (middleware.ClaimResult, error) {
			req.Key, req.Owner = key(req.Key), owner(req.Owner)
			return s.Claim(ctx, req)
		},
		renew: func(s middleware.OrderStore, k middleware.Key, o middleware.Owner, d time.Duration) error {
			return s.Renew(ctx, key(k), owner(o), d)
		},
		commit: func(s middleware.OrderStore, k middleware.Key, o middleware.Owner, p int64, d time.Duration) error {
			return s.Commit(ctx, key(k), owner(o), p, d)
		},
		release: func(s middleware.OrderStore, k middleware.Key, o middleware.Owner) error {
			return s.Release(ctx, key(k), owner(o))
		},
	}
}

func rekeyed(change func(middleware.Key) middleware.Key) broken {
	return changed(change, func(o middleware.Owner) middleware.Owner { return o })
}

func oneOwner() broken {
	return changed(
		func(k middleware.Key) middleware.Key { return k },
		func(middleware.Owner) middleware.Owner { return middleware.Owner{1} },
	)
}

func TestRun_FailsBrokenStores(t *testing.T) {
	ctx := context.Background()
	type (
		store  = middleware.OrderStore
		key    = middleware.Key
		owner  = middleware.Owner
		req    = middleware.OrderRequest
		result = middleware.ClaimResult
	)
	claimed := result{Status: middleware.Claimed}
	// asks returns a store that answers a claim with what change makes of it.
	asks := func(change func(store, *req) (result, error)) broken {
		return broken{claim: func(s store, r req) (result, error) { return change(s, &r) }}
	}
	commits := func(change func(p *int64, d *time.Duration)) broken {
		return broken{commit: func(s store, k key, o owner, p int64, d time.Duration) error {
			change(&p, &d)
			return s.Commit(ctx, k, o, p, d)
		}}
	}
	tests := []struct {
		name  string
		store broken
		want  string // the case that finds it
	}{
		{"gives a key to everybody", asks(func(store, *req) (result, error) { return claimed, nil }), "held once"},
		{"says done of what is in flight", asks(func(s store, r *req) (result, error) {
			got, err := s.Claim(ctx, *r)
			if got.Status == middleware.InFlight {
				got.Status = middleware.Done
			}
			return got, err
		}), "held once"},
		{"does not say what is left", asks(func(s store, r *req) (result, error) {
			got, err := s.Claim(ctx, *r)
			got.Left = 0
			return got, err
		}), "held once"},
		{"fails", asks(func(store, *req) (result, error) { return result{}, context.DeadlineExceeded }), "held once"},
		{"releases nothing", broken{release: func(store, key, owner) error { return nil }}, "released key"},
		{"commits what is released", broken{release: func(s store, k key, o owner) error {
			_ = s.Commit(ctx, k, o, 5, time.Hour)
			return nil
		}}, "released key"},
		{"commits nothing", broken{commit: func(store, key, owner, int64, time.Duration) error { return nil }}, "committed key"},
		{"has no stale", asks(func(s store, r *req) (result, error) {
			r.Position = middleware.NoPosition
			return s.Claim(ctx, *r)
		}), "older position is stale"},
		{"releases instead of a commit", broken{commit: func(s store, k key, o owner, _ int64, _ time.Duration) error {
			return s.Release(ctx, k, o)
		}}, "older position is stale"},
		{"says stale of equal positions", asks(func(s store, r *req) (result, error) {
			if r.Position != middleware.NoPosition {
				r.Position--
			}
			return s.Claim(ctx, *r)
		}), "committed key"},
		{"says in flight before stale", asks(func(s store, r *req) (result, error) {
			probe := *r
			probe.Position = middleware.NoPosition
			if got, err := s.Claim(ctx, probe); err != nil || got.Status != middleware.Claimed {
				return got, err
			}
			_ = s.Release(ctx, r.Key, r.Owner)
			return s.Claim(ctx, *r)
		}), "stale while the key is held"},
		{"lowers a position", lowers(), "only up"},
		{"takes no position for a position", commits(func(p *int64, _ *time.Duration) {
			if *p == middleware.NoPosition {
				*p = 8
			}
		}), "no position"},
		{"says stale of no position", asks(func(s store, r *req) (result, error) {
			r.Position = max(r.Position, middleware.NoPosition+1)
			return s.Claim(ctx, *r)
		}), "no position"},
		{"advances by a release", broken{release: func(s store, k key, o owner) error {
			if s.Renew(ctx, k, o, time.Hour) == nil {
				_ = s.Commit(ctx, k, o, 9, time.Hour)
			}
			return nil
		}}, "released key"},
		{"has positions of 53 bits", commits(func(p *int64, _ *time.Duration) { *p = int64(float64(*p)) }), "every position"},
		{"has leases that do not run out", asks(func(s store, r *req) (result, error) {
			r.Lease = time.Hour
			return s.Claim(ctx, *r)
		}), "release leaves"},
		{"renews nothing", broken{renew: func(store, key, owner, time.Duration) error { return nil }}, "renewed lease"},
		{"renews for anybody", broken{renew: func(s store, k key, o owner, d time.Duration) error {
			_ = s.Renew(ctx, k, o, d)
			return nil
		}}, "renewal is for the owner"},
		{"commits for anybody, in words", broken{commit: func(s store, k key, o owner, p int64, d time.Duration) error {
			_ = s.Commit(ctx, k, o, p, d)
			return nil
		}}, "late commit"},
		{"does not tell owners apart", oneOwner(), "renewal is for the owner"},
		{"does not tell owners of releases apart", broken{release: releaseOfAnybody}, "late release"},
		{"refuses a second commit", secondCommitLost(), "may be repeated"},
		{"remembers for ever", commits(func(_ *int64, d *time.Duration) { *d = time.Hour }), "retention ends"},
		{"remembers for as long as a lease", commits(func(_ *int64, d *time.Duration) { *d = min(*d, 50*time.Millisecond) }), ""},
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
		{"says that next to nothing is left", asks(func(s store, r *req) (result, error) {
			got, err := s.Claim(ctx, *r)
			got.Left = min(got.Left, 1)
			return got, err
		}), "held once"},
		{"has leases in whole seconds", asks(func(s store, r *req) (result, error) {
			r.Lease = r.Lease.Truncate(time.Second)
			return s.Claim(ctx, *r)
		}), "retention ends"},
		{"has retentions in whole seconds", commits(func(_ *int64, d *time.Duration) { *d = d.Truncate(time.Second) - 1 }), "fractions"},
		{"forgets a position when a lease has run out", forgetsAtTakeover(), "release leaves"},
		{"purges what is held", purgesHeld(), "outlives"},
		{"looks and then claims", asks(looksFirst), "concurrent"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rec := &recorder{TB: t}
				done := make(chan struct{})
				go func() {
					defer close(done)
					ordertest.Run(rec, func(tb testing.TB) middleware.OrderStore {
						tb.Helper()
						b := tt.store
						b.OrderStore = memory(tb)
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

// lowers keeps the position that was committed last, whatever came before.
func lowers() broken {
	var mu sync.Mutex
	type place struct {
		store middleware.OrderStore // each case has its own
		key   middleware.Key
	}
	last := map[place]int64{}
	return broken{
		claim: func(s middleware.OrderStore, r middleware.OrderRequest) (middleware.ClaimResult, error) {
			mu.Lock()
			defer mu.Unlock()
			if p, ok := last[place{s, r.Key}]; ok && r.Position != middleware.NoPosition && r.Position < p {
				return middleware.ClaimResult{Status: middleware.Stale}, nil
			}
			r.Position = middleware.NoPosition
			return s.Claim(context.Background(), r)
		},
		commit: func(s middleware.OrderStore, k middleware.Key, o middleware.Owner, p int64, d time.Duration) error {
			mu.Lock()
			defer mu.Unlock()
			err := s.Commit(context.Background(), k, o, middleware.NoPosition, d)
			if err == nil {
				last[place{s, k}] = p
			}
			return err
		},
		release: func(s middleware.OrderStore, k middleware.Key, o middleware.Owner) error {
			return s.Release(context.Background(), k, o)
		},
	}
}

// purgesHeld forgets all of a key when its retention ends.
func purgesHeld() broken {
	var mu sync.Mutex
	type place struct {
		store middleware.OrderStore // each case has its own
		key   middleware.Key
	}
	ends, holders := map[place]time.Time{}, map[place]middleware.Owner{}
	return broken{
		claim: func(s middleware.OrderStore, r middleware.OrderRequest) (middleware.ClaimResult, error) {
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
		commit: func(s middleware.OrderStore, k middleware.Key, o middleware.Owner, p int64, d time.Duration) error {
			mu.Lock()
			defer mu.Unlock()
			ends[place{s, k}] = time.Now().Add(d)
			return s.Commit(context.Background(), k, o, p, d)
		},
	}
}

// forgetsAtTakeover begins a key anew when it is claimed after a lease that ran
// out.
func forgetsAtTakeover() broken {
	var mu sync.Mutex
	leases, lives := map[middleware.Key]time.Time{}, 0
	alive := func(k middleware.Key) middleware.Key {
		mu.Lock()
		defer mu.Unlock()
		k.ID = fmt.Sprint(lives, k.ID)
		return k
	}
	b := rekeyed(alive)
	claim, commit, release := b.claim, b.commit, b.release
	b.claim = func(s middleware.OrderStore, r middleware.OrderRequest) (middleware.ClaimResult, error) {
		got, err := claim(s, r)
		if err != nil || got.Status != middleware.Claimed {
			return got, err
		}
		mu.Lock()
		end, ok := leases[r.Key]
		leases[r.Key] = time.Now().Add(r.Lease)
		if !ok || time.Now().Before(end) {
			mu.Unlock()
			return got, err
		}
		lives++
		mu.Unlock()
		return claim(s, r)
	}
	ended := func(k middleware.Key) {
		mu.Lock()
		defer mu.Unlock()
		delete(leases, k)
	}
	b.commit = func(s middleware.OrderStore, k middleware.Key, o middleware.Owner, p int64, d time.Duration) error {
		ended(k)
		return commit(s, k, o, p, d)
	}
	b.release = func(s middleware.OrderStore, k middleware.Key, o middleware.Owner) error {
		ended(k)
		return release(s, k, o)
	}
	return b
}

// releaseOfAnybody releases the key, whoever has it.
func releaseOfAnybody(s middleware.OrderStore, k middleware.Key, o middleware.Owner) error {
	for n := range 100 { // the suite numbers its owners
		var other middleware.Owner
		copy(other[:], fmt.Sprintf("%016x", n))
		_ = s.Release(context.Background(), k, other)
	}
	return s.Release(context.Background(), k, o)
}

func secondCommitLost() broken {
	var mu sync.Mutex
	seen := map[middleware.Owner]bool{}
	return broken{
		claim: func(s middleware.OrderStore, r middleware.OrderRequest) (middleware.ClaimResult, error) {
			mu.Lock()
			defer mu.Unlock()
			delete(seen, r.Owner) // each case counts afresh
			return s.Claim(context.Background(), r)
		},
		commit: func(s middleware.OrderStore, k middleware.Key, o middleware.Owner, p int64, d time.Duration) error {
			mu.Lock()
			defer mu.Unlock()
			if seen[o] {
				return middleware.ErrLeaseLost
			}
			seen[o] = true
			return s.Commit(context.Background(), k, o, p, d)
		},
	}
}

// looksFirst leaves a gap between reading and writing.
func looksFirst(s middleware.OrderStore, r *middleware.OrderRequest) (middleware.ClaimResult, error) {
	probe := *r
	probe.Owner = middleware.Owner{0xff}
	got, err := s.Claim(context.Background(), probe)
	if err != nil || got.Status != middleware.Claimed {
		return got, err
	}
	_ = s.Release(context.Background(), r.Key, probe.Owner)
	time.Sleep(time.Microsecond)
	if got, err = s.Claim(context.Background(), *r); got.Status == middleware.InFlight {
		return middleware.ClaimResult{Status: middleware.Claimed}, err
	}
	return got, err
}
