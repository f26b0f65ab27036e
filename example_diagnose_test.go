package cactus_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
)

// The secret was changed here, and the sender signs with the old one still. The
// sender learns only that it is refused.
func ExampleWithDiagnostics() {
	changed := time.Now().Add(-time.Hour)
	verifier := signature.Must(signature.NewStandardWebhooks(
		signature.Key{Name: "2026", Secret: "whsec_bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3"},
		signature.Key{Name: "2025", Secret: "whsec_b2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xk", NotAfter: changed},
	))
	told := make(chan struct{})
	h := cactus.NewHandler(new(cactus.Registry), cactus.Thin(verifier),
		cactus.WithDiagnostics(func(_ context.Context, d signature.Diagnosis) {
			for _, f := range d.Findings {
				fmt.Println(f.Cause, f.Key, f.Since.Equal(changed))
			}
			close(told)
		}))

	sender := signature.Must(signature.NewStandardWebhooks(signature.Key{Secret: "whsec_b2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xk"}))
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/webhooks", strings.NewReader(lostThin))
	r.Header.Set("Content-Type", "application/json")
	if err := sender.Sign(r.Header, "evt_849", []byte(lostThin), time.Now()); err != nil {
		fmt.Println(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	<-told
	fmt.Println(w.Code, strings.TrimSpace(w.Body.String()))
	// Output:
	// key expired 2025 true
	// 401 refused
}

// Of many tenants with a secret each, the diagnosis says whose signatures fail.
func ExampleWithDiagnostics_tenants() {
	verifiers := map[string]*signature.StandardWebhooks{
		"acme": signature.Must(signature.NewStandardWebhooks(signature.Key{Name: "acme's", Secret: "whsec_bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3"})),
	}
	source := cactus.PerRequest(func(_ context.Context, req *cactus.Request) (string, cactus.Source, error) {
		tenant := req.PathValue("tenant")
		verifier, ok := verifiers[tenant]
		if !ok {
			return "", nil, cactus.ErrNoTenant
		}
		return tenant, cactus.Thin(verifier), nil
	})
	told := make(chan struct{})
	mux := http.NewServeMux()
	mux.Handle("POST /webhooks/{tenant}", cactus.NewHandler(new(cactus.Registry), source,
		cactus.WithDiagnostics(func(_ context.Context, d signature.Diagnosis) {
			fmt.Println(d.Tenant, d.Path, d.Findings[0].Cause)
			close(told)
		})))

	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/webhooks/acme?key=hidden", strings.NewReader(lostThin))
	r.Header.Set("Content-Type", "application/json")
	mux.ServeHTTP(httptest.NewRecorder(), r)
	<-told
	// Output: acme /webhooks/acme no signature
}

// Messages of a queue that forgot when they arrived are too old for their
// signatures.
func ExampleDiagnose() {
	verifier := signature.Must(signature.NewStandardWebhooks(signature.Key{Secret: "whsec_bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3"}))
	arrived := time.Unix(1700000000, 0)
	h := make(http.Header)
	if err := verifier.Sign(h, "evt_849", []byte(lostThin), arrived); err != nil {
		fmt.Println(err)
	}

	ctx, src := context.Background(), cactus.Thin(verifier)
	req := cactus.NewRequest(h, []byte(lostThin), arrived.Add(2*time.Hour)) // want arrived
	err := new(cactus.Registry).Receive(ctx, src, req)
	if errors.Is(err, signature.ErrRefused) {
		d, _ := cactus.Diagnose(ctx, src, req)
		fmt.Println(d)
	}
	// Output:
	// Standard Webhooks: the signature is good (key "key1"), but the timestamp is 2h0m0s before the arrival, more than is tolerated: a replay, a queue without the time of arrival, or a clock that is wrong
}
