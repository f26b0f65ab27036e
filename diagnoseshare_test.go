package cactus_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
)

// tenantsOf is a source whose tenants are what the path says, all with one secret.
func tenantsOf(src cactus.Source) cactus.Source {
	return cactus.PerRequest(func(_ context.Context, req *cactus.Request) (string, cactus.Source, error) {
		return strings.TrimPrefix(req.URL.Path, "/"), src, nil
	})
}

// at is a request that is sent to path.
func at(r *http.Request, path string) *http.Request {
	r.URL.Path = path
	return r
}

func TestWithDiagnostics_NamesPathAndTenant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c collector
		thin := cactus.Thin(standard(diagnosedSecret))
		h := cactus.NewHandler(new(cactus.Registry), tenantsOf(thin), cactus.WithDiagnostics(c.hook))
		r := at(forged(t), "/acme")
		r.URL.RawQuery = "token=hidden"
		serve(h, r)
		r.URL.Path = "/changed by whoever called us"
		synctest.Wait()
		got := c.take()
		require.Len(t, got, 1)
		require.Equal(t, "acme", got[0].Tenant)
		require.Equal(t, "/acme", got[0].Path)
		require.NotContains(t, got[0].String(), "acme")
		text := slog.AnyValue(got[0]).Resolve().String()
		require.Contains(t, text, "path=/acme")
		require.Contains(t, text, "tenant=acme")
		require.NotContains(t, text, "hidden")

		serve(h, at(forged(t), "/"+strings.Repeat("ä", 300)))
		synctest.Wait()
		long := c.take()[0]
		for _, text := range []string{long.Path, long.Tenant} {
			require.LessOrEqual(t, len(text), 200)
			require.Greater(t, len(text), 190)
			require.True(t, utf8.ValidString(text))
		}

		r = at(forged(t), "/beta")
		d, ok := cactus.Diagnose(t.Context(), tenantsOf(thin), &cactus.Request{URL: r.URL, Header: r.Header})
		require.True(t, ok)
		require.Equal(t, "beta", d.Tenant)
		require.Equal(t, "/beta", d.Path)
		d, ok = cactus.Diagnose(t.Context(), thin, &cactus.Request{Header: r.Header})
		require.True(t, ok)
		require.Empty(t, d.Tenant+d.Path)
	})
}

// Whoever prints a Diagnosis as it is must not print lines or orders to a terminal
// that a stranger wrote.
func TestDiagnose_PathAndTenantArePrintable(t *testing.T) {
	thin := cactus.Thin(standard(diagnosedSecret))
	for path, want := range map[string]struct{ path, tenant string }{
		"/acme":                          {"/acme", "acme"},
		"/a%20b":                         {"/a%20b", "a b"},
		"/a%2Fb":                         {"/a%2Fb", "a/b"},
		"/%0Alevel=INFO%0d":              {"/%0Alevel=INFO%0d", "?level=INFO?"},
		"/%1b[2J%00%7f":                  {"/%1b[2J%00%7f", "?[2J??"},
		"/%C3%A4%E2%80%AEa":              {"/%C3%A4%E2%80%AEa", "ä?a"},
		"/%ff%EF%BF%BD%c3":               {"/%ff%EF%BF%BD%c3", "???"},
		"/%E2%80%A8%C2%85%09":            {"/%E2%80%A8%C2%85%09", "???"},
		"/" + strings.Repeat("%0a", 300): {("/" + strings.Repeat("%0a", 300))[:200], strings.Repeat("?", 200)},
	} {
		u, err := url.Parse("https://a.example" + path)
		require.NoError(t, err)
		d, ok := cactus.Diagnose(t.Context(), tenantsOf(thin), &cactus.Request{URL: u, Header: forged(t).Header})
		require.True(t, ok)
		require.Equal(t, want.path, d.Path)
		require.Equal(t, want.tenant, d.Tenant)
	}
	d, _ := cactus.Diagnose(t.Context(), thin, &cactus.Request{URL: &url.URL{Path: "/a\nb"}, Header: forged(t).Header})
	require.Equal(t, "/a%0Ab", d.Path)
}

func TestWithDiagnostics_OneNoisyTenantStarvesNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c collector
		h := cactus.NewHandler(new(cactus.Registry), tenantsOf(cactus.Thin(standard(diagnosedSecret))), cactus.WithDiagnostics(c.hook))
		seen := map[string]int{}
		for i := range 600 { // a minute
			for range 5 {
				serve(h, at(forged(t), "/noisy"))
			}
			if i%150 == 149 {
				serve(h, at(forged(t), fmt.Sprint("/quiet", i)))
			}
			synctest.Wait()
			for _, d := range c.take() {
				seen[d.Tenant]++
			}
			time.Sleep(100 * time.Millisecond)
		}
		require.Len(t, seen, 5, seen)
		require.LessOrEqual(t, seen["noisy"], 63)
		require.Greater(t, seen["noisy"], 50, "what the others leave is its")
	})
}

func TestWithDiagnostics_StrangersWithoutASignatureHideNoMismatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c collector
		h := cactus.NewHandler(new(cactus.Registry), cactus.Thin(standard(diagnosedSecret)), cactus.WithDiagnostics(c.hook))
		for range 300 {
			r := forged(t)
			r.Header.Del("Webhook-Signature")
			serve(h, r)
			synctest.Wait()
			time.Sleep(100 * time.Millisecond)
		}
		serve(h, forged(t))
		synctest.Wait()
		got := c.take()
		last := got[len(got)-1]
		require.ErrorIs(t, last.Err, signature.ErrMismatch)
		require.LessOrEqual(t, len(got), 34)
	})
}

// Many who are refused all the time take turns.
func TestWithDiagnostics_ManyNoisyTenantsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c collector
		h := cactus.NewHandler(new(cactus.Registry), tenantsOf(cactus.Thin(standard(diagnosedSecret))), cactus.WithDiagnostics(c.hook))
		const tenants = 20
		for range 60 {
			for i := range tenants {
				serve(h, at(forged(t), fmt.Sprint("/", i)))
				synctest.Wait()
			}
			time.Sleep(time.Second)
		}
		seen := map[string]int{}
		for _, d := range c.take() {
			seen[d.Tenant]++
		}
		require.Len(t, seen, tenants)
	})
}

func TestWithDiagnosticsRate_OfOneAtATimeWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c collector
		h := cactus.NewHandler(new(cactus.Registry), cactus.Thin(standard(diagnosedSecret)),
			cactus.WithDiagnosticsRate(1e-9, 1), cactus.WithDiagnostics(c.hook))
		for range 3 {
			serve(h, forged(t))
			synctest.Wait()
		}
		require.Len(t, c.take(), 1)
	})
}
