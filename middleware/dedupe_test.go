package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
)

func TestDedupe_OutcomeDecides(t *testing.T) {
	tests := []struct {
		name    string
		err     error
		commits bool
	}{
		{"success", nil, true},
		{"ignored", fmt.Errorf("not ours: %w", cactus.ErrIgnored), true},
		{"failed", errFlaky, false},
		{"retry", cactus.RetryAfter(time.Second, nil), false},
		{"permanent", cactus.Permanent(errFlaky), false},
		{"gone", cactus.ErrGone, false},
		{"unhandled", cactus.ErrNoHandler, false},
		{"busy", &cactus.Error{Outcome: cactus.OutcomeBusy}, false},
		{"worst of several", errors.Join(cactus.ErrIgnored, errFlaky), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, store := range []middleware.DedupeStore{middleware.NewMemoryDedupe(), remote()} {
				runs := 0
				r := receiver(func(context.Context) error {
					runs++
					return tt.err
				}, middleware.Dedupe(store))
				require.Equal(t, tt.err, r.Dispatch(t.Context(), thin()))
				again := r.Dispatch(t.Context(), thin())
				if !tt.commits {
					require.Equal(t, tt.err, again)
					require.Equal(t, 2, runs)
					continue
				}
				require.ErrorIs(t, again, middleware.ErrDuplicate)
				require.ErrorIs(t, again, cactus.ErrIgnored)
				require.Equal(t, http.StatusOK, cactus.OutcomeOf(again).Status())
				require.Equal(t, 1, runs)
			}
		})
	}
}

func TestDedupe_DuplicateInFlightIsBusy(t *testing.T) {
	for _, tt := range []struct {
		store func() middleware.DedupeStore
		want  time.Duration
	}{
		{func() middleware.DedupeStore { return remote() }, 9 * time.Second},
		{func() middleware.DedupeStore { return middleware.NewMemoryDedupe() }, 10 * time.Second}, // holds longer
	} {
		synctest.Test(t, func(t *testing.T) {
			gate := make(chan struct{})
			r := receiver(func(context.Context) error {
				<-gate
				return nil
			}, middleware.Dedupe(tt.store(), middleware.WithLease(10*time.Second)))
			first := make(chan error)
			go func() { first <- r.Dispatch(t.Context(), thin()) }()
			time.Sleep(time.Second)

			err := r.Dispatch(t.Context(), thin())
			require.ErrorIs(t, err, middleware.ErrInFlight)
			require.Equal(t, cactus.OutcomeBusy, cactus.OutcomeOf(err))
			require.Equal(t, tt.want, cactus.WaitOf(err))

			close(gate)
			require.NoError(t, <-first)
			require.ErrorIs(t, r.Dispatch(t.Context(), thin()), middleware.ErrDuplicate)
		})
	}
}

func TestDedupe_PanicsReleaseAndGoOn(t *testing.T) {
	for _, store := range []middleware.DedupeStore{middleware.NewMemoryDedupe(), remote()} {
		runs := 0
		r := receiver(func(context.Context) error {
			if runs++; runs == 1 {
				panic("boom")
			}
			return nil
		}, middleware.Dedupe(store))
		var p *cactus.PanicError
		require.ErrorAs(t, r.Dispatch(t.Context(), thin()), &p)
		require.Contains(t, string(p.Stack), "dedupe_test.go")
		require.NoError(t, r.Dispatch(t.Context(), thin()))

		require.PanicsWithValue(t, http.ErrAbortHandler, func() {
			env := thin()
			env.ID = "evt_442"
			_ = receiver(func(context.Context) error { panic(http.ErrAbortHandler) }, middleware.Dedupe(store)).Dispatch(t.Context(), env)
		})
		env := thin()
		env.ID = "evt_443"
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = receiver(func(context.Context) error { runtime.Goexit(); return nil }, middleware.Dedupe(store)).Dispatch(t.Context(), env)
		}()
		<-done
		require.NoError(t, r.Dispatch(t.Context(), env))
	}
}

func TestDedupe_EndsItsClaimAfterTheContext(t *testing.T) {
	store, runs := remote(), 0
	ctx, cancel := context.WithCancel(t.Context())
	var results []error
	r := receiver(func(context.Context) error {
		cancel()
		runs++
		return results[runs-1]
	}, middleware.Dedupe(store))
	results = []error{errFlaky, nil}
	require.Equal(t, errFlaky, r.Dispatch(ctx, thin()))
	require.NoError(t, r.Dispatch(ctx, thin()))
	require.ErrorIs(t, r.Dispatch(ctx, thin()), middleware.ErrDuplicate)
}

func TestDedupe_KeyIsSourceTenantAndID(t *testing.T) {
	store := middleware.NewMemoryDedupe()
	var keys []middleware.Key
	note := func(ctx context.Context) error {
		keys = append(keys, middleware.ClaimFrom(ctx).Key())
		return nil
	}
	shop := receiver(note, middleware.Dedupe(store, middleware.WithSource("shop")))
	anon := receiver(note, middleware.Dedupe(store))
	for _, meta := range []cactus.Meta{{}, {Tenant: "acme"}, {DedupeID: "evt_441/9f"}} {
		env := thin()
		env.Tenant, env.DedupeID = meta.Tenant, meta.DedupeID
		require.NoError(t, shop.Dispatch(t.Context(), env))
		require.NoError(t, anon.Dispatch(t.Context(), env))
		require.Error(t, shop.Dispatch(t.Context(), env))
	}
	require.Equal(t, []middleware.Key{
		{Source: "shop", ID: "evt_441"},
		{ID: "evt_441"},
		{Source: "shop", Tenant: "acme", ID: "evt_441"},
		{Tenant: "acme", ID: "evt_441"},
		{Source: "shop", ID: "evt_441/9f"},
		{ID: "evt_441/9f"},
	}, keys)
}

func TestDedupe_RemembersForTheRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receiver(succeed, middleware.Dedupe(middleware.NewMemoryDedupe()))
		require.NoError(t, r.Dispatch(t.Context(), thin()))
		time.Sleep(7*24*time.Hour - 1)
		require.ErrorIs(t, r.Dispatch(t.Context(), thin()), middleware.ErrDuplicate)
		time.Sleep(time.Nanosecond)
		require.NoError(t, r.Dispatch(t.Context(), thin()))
	})
}

func TestForce_RunsWhatIsDoneButNotWhatIsInFlight(t *testing.T) {
	for _, store := range []middleware.DedupeStore{middleware.NewMemoryDedupe(), remote()} {
		runs, result := 0, error(nil)
		var r *cactus.Registry
		r = receiver(func(ctx context.Context) error {
			runs++
			require.ErrorIs(t, r.Dispatch(middleware.Force(ctx), thin()), middleware.ErrInFlight)
			return result
		}, middleware.Dedupe(store))
		force := middleware.Force(t.Context())
		require.NoError(t, r.Dispatch(force, thin()))
		require.NoError(t, r.Dispatch(force, thin()))
		require.ErrorIs(t, r.Dispatch(t.Context(), thin()), middleware.ErrDuplicate)
		result = errFlaky
		require.Equal(t, errFlaky, r.Dispatch(force, thin()))
		require.ErrorIs(t, r.Dispatch(t.Context(), thin()), middleware.ErrDuplicate, "it was done before")
		require.Equal(t, 3, runs)
	}
}

func TestDedupe_StoreThatCannotClaimAsksForLater(t *testing.T) {
	runs := 0
	run := func(context.Context) error { runs++; return nil }
	full := middleware.NewMemoryDedupe(middleware.WithMaxEntries(1))
	r := receiver(run, middleware.Dedupe(full))
	require.NoError(t, r.Dispatch(t.Context(), thin()))
	env := thin()
	env.ID = "evt_442"
	err := r.Dispatch(t.Context(), env)
	require.ErrorIs(t, err, middleware.ErrStoreFull)
	require.Equal(t, http.StatusServiceUnavailable, cactus.OutcomeOf(err).Status())
	require.Equal(t, 10*time.Second, cactus.WaitOf(err))
	require.ErrorIs(t, r.Dispatch(t.Context(), thin()), middleware.ErrDuplicate, "nothing is forgotten early")

	down := remote()
	released := false
	down.claim = func() error { return errFlaky }
	down.release = func(context.Context) error { released = true; return nil }
	err = receiver(run, middleware.Dedupe(down)).Dispatch(t.Context(), thin())
	require.ErrorIs(t, err, errFlaky)
	require.Equal(t, cactus.OutcomeRetry, cactus.OutcomeOf(err))
	require.True(t, released, "the claim may have been made")
	require.Equal(t, 1, runs)
}

func TestDedupe_CommitIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, tries := remote(), 0
		store.commit = func(context.Context) error {
			if tries++; tries < 3 {
				return errFlaky
			}
			return nil
		}
		r := receiver(succeed, middleware.Dedupe(store))
		require.NoError(t, r.Dispatch(t.Context(), thin()))
		require.ErrorIs(t, r.Dispatch(t.Context(), thin()), middleware.ErrDuplicate)

		store.commit = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		env := thin()
		env.ID = "evt_442"
		start := time.Now()
		err := r.Dispatch(t.Context(), env)
		require.Equal(t, 5*time.Second, time.Since(start))
		require.ErrorIs(t, err, middleware.ErrUncommitted)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, http.StatusOK, cactus.OutcomeOf(err).Status())
	})
}

func TestDedupe_ReleaseThatFailsIsNamed(t *testing.T) {
	store := remote()
	store.release = func(context.Context) error { return errors.New("disk full") }
	wait := cactus.RetryAfter(time.Minute, errFlaky)
	err := receiver(func(context.Context) error { return wait }, middleware.Dedupe(store)).Dispatch(t.Context(), thin())
	require.EqualError(t, err, "retry: connection reset (release claim: disk full)")
	require.Equal(t, cactus.OutcomeRetry, cactus.OutcomeOf(err))
	require.Equal(t, time.Minute, cactus.WaitOf(err))
}

func TestClaim_HandlerMayCommitByItself(t *testing.T) {
	store := remote()
	middlewareCommits := 0
	store.commit = func(context.Context) error { middlewareCommits++; return nil }
	result := error(nil)
	r := receiver(func(ctx context.Context) error {
		c := middleware.ClaimFrom(ctx)
		require.NoError(t, store.MemoryDedupe.Commit(ctx, c.Key(), c.Owner(), c.Retention()))
		c.SetCommitted()
		return result
	}, middleware.Dedupe(store, middleware.WithRetention(time.Hour)))
	require.NoError(t, r.Dispatch(t.Context(), thin()))
	require.Zero(t, middlewareCommits)
	require.ErrorIs(t, r.Dispatch(t.Context(), thin()), middleware.ErrDuplicate)

	result = errFlaky // after the effect
	env := thin()
	env.ID = "evt_442"
	require.Equal(t, errFlaky, r.Dispatch(t.Context(), env))
	require.ErrorIs(t, r.Dispatch(t.Context(), env), middleware.ErrDuplicate)

	require.Nil(t, middleware.ClaimFrom(t.Context()))
}

func TestClaim_LeaseLostInTheHandlersTransactionIsBusy(t *testing.T) {
	lost := fmt.Errorf("ship: %w", middleware.ErrLeaseLost)
	err := dispatch(t.Context(), func(context.Context) error { return lost }, middleware.Dedupe(remote()))
	require.Equal(t, cactus.OutcomeBusy, cactus.OutcomeOf(err))
	require.ErrorIs(t, err, middleware.ErrLeaseLost)
}

func TestDedupe_PanicsOnMisuse(t *testing.T) {
	tests := []struct {
		make func()
		want string
	}{
		{func() { middleware.Dedupe(nil) }, "middleware: Dedupe: the store is nil"},
		{func() { middleware.WithRetention(0) }, "middleware: WithRetention(0s): it must be positive"},
		{func() { middleware.WithLease(0) }, "middleware: WithLease(0s): at least a millisecond is needed"},
		{func() { middleware.WithMaxEntries(0) }, "middleware: WithMaxEntries(0): at least one is needed"},
	}
	for _, tt := range tests {
		require.PanicsWithValue(t, tt.want, tt.make)
	}
}
