package middleware_test

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
)

func TestDedupe_ACommittedClaimIsNotRenewedAndTheHandlerGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := remote()
		effect := 0
		r := receiver(func(ctx context.Context) error {
			c := middleware.ClaimFrom(ctx)
			require.NoError(t, s.MemoryDedupe.Commit(ctx, c.Key(), c.Owner(), c.Retention()))
			c.SetCommitted()
			select {
			case <-time.After(5 * time.Second):
				effect++
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}, middleware.Dedupe(s, middleware.WithLease(9*time.Second)))
		require.NoError(t, r.Dispatch(t.Context(), thin()))
		require.ErrorIs(t, r.Dispatch(t.Context(), thin()), middleware.ErrDuplicate)
		require.Equal(t, 1, effect)
	})
}

func TestDedupe_ALongRetentionDoesNotOverflow(t *testing.T) {
	runs := 0
	r := receiver(func(context.Context) error { runs++; return nil }, middleware.Dedupe(middleware.NewMemoryDedupe(), middleware.WithRetention(math.MaxInt64)))
	_ = r.Dispatch(t.Context(), thin())
	_ = r.Dispatch(t.Context(), thin())
	require.Equal(t, 1, runs)
}

func TestDedupe_AnErrorThatPanicsWhenItIsLookedAtReleases(t *testing.T) {
	runs := 0
	s := middleware.NewMemoryDedupe()
	inner := func(cactus.HandlerFunc) cactus.HandlerFunc {
		return func(context.Context, cactus.Event) error {
			runs++
			var p *fs.PathError
			return p // typed nil
		}
	}
	r := receiver(func(context.Context) error { return nil }, middleware.Dedupe(s), inner)
	_ = r.Dispatch(t.Context(), thin())
	_ = r.Dispatch(t.Context(), thin())
	require.Equal(t, 2, runs)
}

func TestDedupe_AFarDeadlineDoesNotOverflow(t *testing.T) {
	s := remote()
	runs := 0
	var r *cactus.Registry
	r = receiver(func(ctx context.Context) error {
		runs++
		if runs == 1 {
			_ = r.Dispatch(ctx, thin())
		}
		return nil
	}, middleware.Dedupe(s))
	ctx, cancel := context.WithDeadline(t.Context(), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC))
	defer cancel()
	_ = r.Dispatch(ctx, thin())
	require.Equal(t, 1, runs)
}

func TestDedupe_AStoreThatPanicsLeavesNoRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := remote()
		s.release = func(context.Context) error { panic("store") }
		stop := errors.New("x")
		s.renew = func() error {
			if len(s.renewals) > 50 {
				return middleware.ErrLeaseLost
			}
			return nil
		}
		r := receiver(func(context.Context) error { panic(stop) }, middleware.Dedupe(s, middleware.WithLease(9*time.Second)))
		_ = r.Dispatch(t.Context(), thin())
		time.Sleep(30 * time.Second)
		require.Empty(t, s.renewals)
	})
}

func TestMemoryDedupe_AFullStoreFreesAnExpiredForcedClaim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := middleware.NewMemoryDedupe(middleware.WithMaxEntries(1))
		o := middleware.Owner{1}
		k := middleware.Key{ID: "a"}
		_, _ = s.Claim(t.Context(), middleware.ClaimRequest{Key: k, Owner: o, Lease: time.Second})
		_ = s.Commit(t.Context(), k, o, 2*time.Second)
		_, _ = s.Claim(t.Context(), middleware.ClaimRequest{Key: k, Owner: middleware.Owner{2}, Lease: time.Second, Force: true})
		time.Sleep(time.Minute)
		_, err := s.Claim(t.Context(), middleware.ClaimRequest{Key: middleware.Key{ID: "b"}, Owner: middleware.Owner{3}, Lease: time.Second})
		require.NoError(t, err)
	})
}
