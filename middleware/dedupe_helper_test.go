package middleware_test

import (
	"context"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/types"
)

// remoteStore is a memory store that Dedupe does not know as one, as a store in
// a database would be. Any of its methods may be replaced. It fails the calls
// whose context is done.
type remoteStore struct {
	*middleware.MemoryDedupe

	claim           func() error
	renew           func() error
	commit, release func(context.Context) error
	renewals        []time.Duration
	start           time.Time
}

func remote() *remoteStore {
	return &remoteStore{MemoryDedupe: middleware.NewMemoryDedupe(), start: time.Now()}
}

func (s *remoteStore) Claim(ctx context.Context, req middleware.ClaimRequest) (middleware.ClaimResult, error) {
	if s.claim != nil {
		if err := s.claim(); err != nil {
			return middleware.ClaimResult{}, err
		}
	}
	return s.MemoryDedupe.Claim(ctx, req)
}

func (s *remoteStore) Renew(ctx context.Context, k middleware.Key, o middleware.Owner, lease time.Duration) error {
	s.renewals = append(s.renewals, time.Since(s.start))
	if s.renew != nil {
		if err := s.renew(); err != nil {
			return err
		}
	}
	return s.MemoryDedupe.Renew(ctx, k, o, lease)
}

func (s *remoteStore) Commit(ctx context.Context, k middleware.Key, o middleware.Owner, retention time.Duration) error {
	if s.commit != nil {
		if err := s.commit(ctx); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.MemoryDedupe.Commit(ctx, k, o, retention)
}

func (s *remoteStore) Release(ctx context.Context, k middleware.Key, o middleware.Owner) error {
	if s.release != nil {
		if err := s.release(ctx); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.MemoryDedupe.Release(ctx, k, o)
}

// receiver returns a registry with h below mw.
func receiver(h func(context.Context) error, mw ...cactus.Middleware) *cactus.Registry {
	r := &cactus.Registry{}
	r.Use(mw...)
	cactus.On(r, func(ctx context.Context, _ *types.OrderShippedPushed) error { return h(ctx) })
	return r
}
