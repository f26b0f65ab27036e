package middleware_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/types"
)

// remoteOrderStore is a memory store that Serial does not know as one, as a
// store in a database would be. It counts claims. Some of its methods may be
// replaced.
type remoteOrderStore struct {
	*middleware.MemoryOrder

	claims   atomic.Int64
	renewals atomic.Int64
	claim    func() error
	renew    func() error
	commit   func() error
	release  func() error
}

func remoteOrder() *remoteOrderStore {
	return &remoteOrderStore{MemoryOrder: middleware.NewMemoryOrder()}
}

func call(f func() error) error {
	if f == nil {
		return nil
	}
	return f()
}

func (s *remoteOrderStore) Claim(ctx context.Context, req middleware.OrderRequest) (middleware.ClaimResult, error) {
	s.claims.Add(1)
	if err := call(s.claim); err != nil {
		return middleware.ClaimResult{}, err
	}
	return s.MemoryOrder.Claim(ctx, req)
}

func (s *remoteOrderStore) Renew(ctx context.Context, k middleware.Key, o middleware.Owner, lease time.Duration) error {
	s.renewals.Add(1)
	if err := call(s.renew); err != nil {
		return err
	}
	return s.MemoryOrder.Renew(ctx, k, o, lease)
}

func (s *remoteOrderStore) Commit(ctx context.Context, k middleware.Key, o middleware.Owner, p int64, retention time.Duration) error {
	if err := call(s.commit); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.MemoryOrder.Commit(ctx, k, o, p, retention)
}

func (s *remoteOrderStore) Release(ctx context.Context, k middleware.Key, o middleware.Owner) error {
	if err := call(s.release); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.MemoryOrder.Release(ctx, k, o)
}

// of is an order.shipped of an order, created at a second of the day. Zero is no
// time at all.
func of(order string, second int) *cactus.Envelope {
	env := thin()
	env.ID = fmt.Sprintf("evt_%s_%d", order, second)
	env.RelatedObject = cactus.ObjectRef{ID: order, Type: "order"}
	if second > 0 {
		env.Created = time.Date(2025, 6, 1, 0, 0, second, 0, time.UTC)
	}
	return env
}

// orders returns a registry with h, which is given the event, below mw.
func orders(h func(context.Context, *types.OrderShippedPushed) error, mw ...cactus.Middleware) *cactus.Registry {
	r := &cactus.Registry{}
	r.Use(mw...)
	cactus.On(r, h)
	return r
}
