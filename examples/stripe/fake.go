package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/cactuscorp/cactus/signature"
)

// The event as Stripe pushes it, as its API answers it, and its meter.
const (
	thinEvent = `{"id":"evt_123","object":"v2.core.event","type":"v1.billing.meter.error_report_triggered",` +
		`"livemode":false,"created":"2025-02-15T00:27:45.330Z","context":"acct_456",` +
		`"related_object":{"id":"mtr_123","type":"billing.meter","url":"/v1/billing/meters/mtr_123"},"reason":null}`
	fullEvent = `{"id":"evt_123","object":"v2.core.event","type":"v1.billing.meter.error_report_triggered",` +
		`"livemode":false,"created":"2025-02-15T00:27:45.330Z","context":"acct_456",` +
		`"related_object":{"id":"mtr_123","type":"billing.meter","url":"/v1/billing/meters/mtr_123"},"reason":null,` +
		`"data":{"developer_message_summary":"There is 1 invalid event","reason":{"error_count":1,` +
		`"error_types":[{"code":"meter_event_no_customer_defined","error_count":1,"sample_errors":[]}]},` +
		`"validation_start":"2025-02-15T00:27:10Z","validation_end":"2025-02-15T00:27:20Z"}}`
	meter = `{"id":"mtr_123","object":"billing.meter","display_name":"API calls","event_name":"api_calls","status":"active"}`
)

// fake plays Stripe: its API, which prints what it is asked, and the sender of
// its webhooks.
type fake struct {
	apiKey, apiURL string
	secret         string // of the receiver's endpoint
	stop           func()
}

func startFake() *fake {
	f := &fake{apiKey: "sk_test_not_a_real_key", secret: "whsec_not_a_real_secret"} //nolint:gosec // G101: as they say
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v2/core/events/evt_123", f.answer(fullEvent))
	mux.HandleFunc("GET /v1/billing/meters/mtr_123", f.answer(meter))
	api := httptest.NewServer(mux)
	f.apiURL, f.stop = api.URL, api.Close
	return f
}

func (f *fake) answer(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+f.apiKey {
			http.Error(w, `{"error":{"code":"api_key_invalid"}}`, http.StatusUnauthorized)
			return
		}
		fmt.Printf("Stripe was asked for %s (Stripe-Context: %s, Stripe-Request-Trigger: %s)\n",
			r.URL.Path, r.Header.Get("Stripe-Context"), r.Header.Get("Stripe-Request-Trigger"))
		_, _ = io.WriteString(w, body)
	}
}

// deliver sends the thin event.
func (f *fake) deliver(url string) error {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, strings.NewReader(thinEvent))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	signer, err := signature.NewStripe(signature.Key{Secret: f.secret})
	if err != nil {
		return err
	}
	if err := signer.Sign(req.Header, "", []byte(thinEvent), time.Now()); err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	fmt.Println("Stripe was answered", resp.Status)
	return resp.Body.Close()
}
