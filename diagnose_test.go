package cactus_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
)

const (
	diagnosedSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	strangersSecret = "whsec_c3RyYW5nZXJzdHJhbmdlcnN0cmFuZ2Vy"
)

func standard(secret string) *signature.StandardWebhooks {
	return signature.Must(signature.NewStandardWebhooks(signature.Key{Name: "k", Secret: secret}))
}

// altered is a request whose body has a newline more than was signed.
func altered(tb testing.TB) *http.Request {
	tb.Helper()
	r := httptest.NewRequestWithContext(tb.Context(), http.MethodPost, "/", strings.NewReader(lostThin+"\n"))
	r.Header.Set("Content-Type", "application/json")
	require.NoError(tb, standard(diagnosedSecret).Sign(r.Header, "evt_849", []byte(lostThin), time.Now()))
	return r
}

// forged is a request that a stranger signed.
func forged(tb testing.TB) *http.Request {
	tb.Helper()
	r := altered(tb)
	require.NoError(tb, standard(strangersSecret).Sign(r.Header, "evt_849", []byte(lostThin+"\n"), time.Now()))
	return r
}

// collector is a hook that remembers.
type collector struct {
	mu  sync.Mutex
	got []signature.Diagnosis
}

func (c *collector) hook(_ context.Context, d signature.Diagnosis) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got = append(c.got, d)
}

func (c *collector) take() []signature.Diagnosis {
	c.mu.Lock()
	defer c.mu.Unlock()
	got := c.got
	c.got = nil
	return got
}

func TestWithDiagnostics_tellsTheHookAndNotTheSender(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c collector
		src := cactus.Thin(standard(diagnosedSecret))
		with := cactus.NewHandler(new(cactus.Registry), src, cactus.WithDiagnostics(c.hook))
		without := cactus.NewHandler(new(cactus.Registry), src)
		for _, r := range []func(testing.TB) *http.Request{altered, forged} {
			got, want := serve(with, r(t)), serve(without, r(t))
			require.Equal(t, http.StatusUnauthorized, got.Code)
			require.Equal(t, want.Header(), got.Header())
			require.Equal(t, want.Body.String(), got.Body.String())
			synctest.Wait()
			diagnoses := c.take()
			require.Len(t, diagnoses, 1)
			require.ErrorIs(t, diagnoses[0].Err, signature.ErrMismatch)
		}
		serve(with, altered(t))
		synctest.Wait()
		require.Equal(t, []signature.Finding{
			{Cause: signature.CauseBodyChanged, Key: "k", Detail: "the white space at its end is taken off"},
		}, c.take()[0].Findings)

		good := altered(t)
		require.NoError(t, standard(diagnosedSecret).Sign(good.Header, "evt_849", []byte(lostThin+"\n"), time.Now()))
		require.Equal(t, http.StatusOK, serve(with, good).Code)
		notJSON := altered(t)
		notJSON.Header.Set("Content-Type", "text/plain")
		require.Equal(t, http.StatusUnsupportedMediaType, serve(with, notJSON).Code)
		synctest.Wait()
		require.Empty(t, c.take())
	})
}

func TestWithDiagnostics_skipsAndCountsWhatIsTooMuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c collector
		h := cactus.NewHandler(new(cactus.Registry), cactus.Thin(standard(diagnosedSecret)), cactus.WithDiagnostics(c.hook))
		burst := func(n int) []signature.Diagnosis {
			for range n {
				serve(h, forged(t))
				synctest.Wait()
			}
			return c.take()
		}
		first := burst(12)
		require.Len(t, first, 3)
		require.Zero(t, first[2].Skipped)
		time.Sleep(time.Second) // of the bubble's clock
		second := burst(3)
		require.Len(t, second, 1)
		require.Equal(t, 9, second[0].Skipped)
		require.Contains(t, second[0].String(), "(9 more were refused and not looked into)")
		time.Sleep(2 * time.Second)
		third := burst(2)
		require.Len(t, third, 2)
		require.Equal(t, 2, third[0].Skipped)
		require.Zero(t, third[1].Skipped)
	})
}

func TestWithDiagnosticsRate_boundsWhatRunsAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var c collector
		h := cactus.NewHandler(new(cactus.Registry), cactus.Thin(standard(diagnosedSecret)), cactus.WithDiagnosticsRate(1000, 2),
			cactus.WithDiagnostics(func(ctx context.Context, d signature.Diagnosis) {
				<-release
				c.hook(ctx, d)
			}))
		for range 10 {
			require.Equal(t, http.StatusUnauthorized, serve(h, forged(t)).Code) // a slow hook holds no answer up
			time.Sleep(time.Second)
		}
		close(release)
		synctest.Wait()
		require.Len(t, c.take(), 2)
		serve(h, forged(t))
		synctest.Wait()
		require.Equal(t, 8, c.take()[0].Skipped)
	})
}

func TestWithDiagnostics_survivesAPanicOfTheHook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		h := cactus.NewHandler(new(cactus.Registry), cactus.Thin(standard(diagnosedSecret)),
			cactus.WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
			cactus.WithDiagnostics(func(context.Context, signature.Diagnosis) { panic("out of cheese") }))
		for range 2 {
			require.Equal(t, http.StatusUnauthorized, serve(h, forged(t)).Code)
			synctest.Wait()
		}
		require.Equal(t, 2, strings.Count(log.String(), "diagnostics failed"))
		require.Contains(t, log.String(), "out of cheese")
	})
}

// TestWithDiagnostics_holdsItsRequest has the pool hand out the body's memory
// again while the hook's goroutine is still to read it.
func TestWithDiagnostics_holdsItsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c collector
		h := cactus.NewHandler(new(cactus.Registry), cactus.Thin(standard(diagnosedSecret)),
			cactus.WithDiagnosticsRate(1000, 1000), cactus.WithDiagnostics(c.hook))
		for range 200 {
			r := altered(t)
			serve(h, r)
			clear(r.Header)
		}
		synctest.Wait()
		got := c.take()
		require.Len(t, got, 200)
		for _, d := range got {
			require.True(t, d.Has(signature.CauseBodyChanged), d.String())
		}
	})
}

func TestWithDiagnostics_worksForReceiversAndTenants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c collector
		type key struct{}
		tenants := cactus.PerRequest(func(context.Context, *cactus.Request) (string, cactus.Source, error) {
			return "acme", cactus.Thin(standard(diagnosedSecret)), nil
		})
		accept := func(context.Context, *cactus.Request) error { return nil }
		h := cactus.NewReceiver(tenants, accept, cactus.WithDiagnostics(func(ctx context.Context, d signature.Diagnosis) {
			require.Equal(t, "value", ctx.Value(key{}))
			require.NoError(t, ctx.Err())
			c.hook(ctx, d)
		}))
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
		serve(h, altered(t).WithContext(ctx))
		cancel()
		synctest.Wait()
		require.True(t, c.take()[0].Has(signature.CauseBodyChanged))
	})
}

// opaque is a source that does not know why.
type opaque struct{ cactus.Source }

func TestDiagnose_ofARequestOutOfAQueue(t *testing.T) {
	r := altered(t)
	req := cactus.NewRequest(r.Header, []byte(lostThin+"\n"), time.Now())
	thin := cactus.Thin(standard(diagnosedSecret))
	tenants := func(err error) cactus.Source {
		return cactus.PerRequest(func(context.Context, *cactus.Request) (string, cactus.Source, error) { return "acme", thin, err })
	}
	for _, src := range []cactus.Source{thin, tenants(nil)} {
		require.ErrorIs(t, new(cactus.Registry).Receive(t.Context(), src, req), signature.ErrMismatch)
		req.Tenant = ""
		d, ok := cactus.Diagnose(t.Context(), src, req)
		require.True(t, ok)
		require.True(t, d.Has(signature.CauseBodyChanged))
		require.Empty(t, req.Tenant)
	}
	for _, src := range []cactus.Source{opaque{thin}, tenants(errors.New("no such tenant"))} {
		_, ok := cactus.Diagnose(t.Context(), src, req)
		require.False(t, ok)
	}
	require.Contains(t, panicText(t, func() { cactus.Diagnose(t.Context(), nil, req) }), "Diagnose needs")
	require.Contains(t, panicText(t, func() { cactus.Diagnose(t.Context(), thin, nil) }), "Diagnose needs")
}

func TestWithDiagnostics_ofASourceThatDoesNotKnow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c collector
		h := cactus.NewHandler(new(cactus.Registry), opaque{cactus.Thin(standard(diagnosedSecret))}, cactus.WithDiagnostics(c.hook))
		require.Equal(t, http.StatusUnauthorized, serve(h, forged(t)).Code)
		synctest.Wait()
		require.Empty(t, c.take())
	})
}

func TestWithDiagnosticsRate_refusesNonsense(t *testing.T) {
	for _, f := range []func(){
		func() { cactus.WithDiagnosticsRate(0, 1) }, func() { cactus.WithDiagnosticsRate(1, 0) },
	} {
		require.Contains(t, panicText(t, f), "WithDiagnosticsRate needs a positive rate and burst")
	}
	h := cactus.NewHandler(new(cactus.Registry), cactus.Thin(standard(diagnosedSecret)), cactus.WithDiagnostics(nil))
	require.Equal(t, http.StatusUnauthorized, serve(h, forged(t)).Code)
}
