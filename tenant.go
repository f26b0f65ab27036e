package cactus

import (
	"context"
	"fmt"
)

// FetcherByTenant answers each pull with the Fetcher that choose returns for
// the event's Tenant, such as a [Client] with that tenant's key. It is called
// for every pull: keep what is dear. It panics if choose is nil.
func FetcherByTenant(choose func(ctx context.Context, tenant string) (Fetcher, error)) Fetcher {
	if choose == nil {
		panic("cactus: FetcherByTenant needs a function")
	}
	return byTenant(choose)
}

type byTenant func(ctx context.Context, tenant string) (Fetcher, error)

func (b byTenant) choose(ctx context.Context, tenant string) (Fetcher, error) {
	f, err := b(ctx, tenant)
	if err != nil {
		return nil, fmt.Errorf("choose fetcher for tenant %q: %w", tenant, err)
	}
	if f == nil {
		return nil, fmt.Errorf("tenant %q: %w", tenant, ErrNoFetcher)
	}
	return f, nil
}

func (b byTenant) FetchEvent(ctx context.Context, m *Meta) (*Envelope, error) {
	f, err := b.choose(ctx, m.Tenant)
	if err != nil {
		return nil, err
	}
	return f.FetchEvent(ctx, m)
}

func (b byTenant) FetchObject(ctx context.Context, m *Meta, ref ObjectRef) ([]byte, error) {
	f, err := b.choose(ctx, m.Tenant)
	if err != nil {
		return nil, err
	}
	return f.FetchObject(ctx, m, ref)
}
