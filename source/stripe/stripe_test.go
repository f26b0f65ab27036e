package stripe_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/source/stripe"
)

const body = `{"id":"evt_123","object":"v2.core.event","type":"v1.billing.meter.error_report_triggered","livemode":false,` +
	`"created":"2022-02-15T00:27:45.330Z","context":"event_context_456",` +
	`"related_object":{"id":"mtr_123","type":"billing.meter","url":"/v1/billing/meters/mtr_123"}}`

// meterFailed is the user's own type, as far as the user needs it.
type meterFailed struct {
	cactus.Full[struct {
		Summary string `json:"developer_message_summary"`
	}]
	cactus.Related[meter]
}

func (meterFailed) EventType() string { return "v1.billing.meter.error_report_triggered" }

type meterFailedPushed struct {
	cactus.Pushed[meterFailed]
	cactus.Related[meter]

	Livemode bool `json:"livemode"`
}

type meter struct {
	DisplayName string `json:"display_name"`
}

func (meter) ObjectType() string { return "billing.meter" }

func verifier() *signature.Stripe {
	return signature.Must(signature.NewStripe(signature.Key{Secret: "whsec_test_secret"}))
}

func deliver(h http.Handler, body string) int {
	req := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/", strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	if err := verifier().Sign(req.Header, "", []byte(body), time.Now()); err != nil {
		panic(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w.Code
}

func ExampleThin() {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.URL.Path, r.Header.Get("Stripe-Context"), r.Header.Get("Stripe-Request-Trigger"))
		if strings.HasPrefix(r.URL.Path, "/v1/billing/meters/") {
			fmt.Fprint(w, `{"id":"mtr_123","display_name":"API calls"}`)
			return
		}
		fmt.Fprint(w, strings.TrimSuffix(body, "}")+`,"data":{"developer_message_summary":"3 invalid events"}}`)
	}))
	defer api.Close()

	client := stripe.NewClient("sk_test_key", apiVersion, cactus.WithBaseURL(api.URL))
	r := &cactus.Registry{Fetcher: client}
	cactus.On(r, func(ctx context.Context, e *meterFailedPushed) error {
		full, err := e.Pull(ctx)
		if err != nil {
			return err
		}
		meter, err := full.FetchRelatedObject(ctx)
		if err != nil {
			return err
		}
		fmt.Println(meter.DisplayName, "has", full.Data.Summary, e.Livemode)
		return nil
	})
	fmt.Println(deliver(cactus.NewHandler(r, stripe.Thin(verifier())), body))
	// Output:
	// /v2/core/events/evt_123 event_context_456 event=evt_123
	// /v1/billing/meters/mtr_123 event_context_456 event=evt_123
	// API calls has 3 invalid events false
	// 200
}

func TestThin_RefusesSnapshotsAndOtherObjects(t *testing.T) {
	src := stripe.Thin(verifier())
	parse := func(body string) error {
		_, err := src.Parse(nil, cactus.NewRequest(nil, []byte(body), time.Time{}))
		return err
	}
	require.NoError(t, parse(body))
	require.NoError(t, parse(strings.Replace(body, `"v2.core.event"`, `"v2\u002ecore.event"`, 1)))
	require.NoError(t, parse(`{"id":"evt_1","type":"a"}`), "an absent object is tolerated")
	require.ErrorContains(t, parse(`{"id":"evt_1","object":"event","type":"a","created":1749000000}`), "snapshot event")
	require.ErrorContains(t, parse(`{"id":"evt_1","object":"v2.core.account","type":"a"}`), `field "object": must be "v2.core.event"`)
	require.ErrorContains(t, parse(`{"id":"evt_1","object":5,"type":"a"}`), `field "object": must be "v2.core.event"`)
	require.ErrorContains(t, parse(`{"object":"v2.core.event","type":"a"}`), `field "id": is missing`)
	require.ErrorContains(t, parse(`x`), "must be a JSON object")
	require.ErrorContains(t, parse(strings.Replace(body, `{`, `{"object":"v2.core.event",`, 1)), `field "object": is there twice`)
	require.ErrorContains(t, parse(strings.Replace(body, `{`, `{"\u006fbject":null,`, 1)), `field "object": is there twice`)
	require.Panics(t, func() { stripe.Thin(nil) })
}

func TestThin_AForgedRequestIsRefused(t *testing.T) {
	var r cactus.Registry
	h := cactus.NewHandler(&r, stripe.Thin(verifier()))
	require.Equal(t, http.StatusOK, deliver(h, body))
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Stripe-Signature", "t=1495999758,v1=8e17b056fc9534ccfca177dc55293d239755782b83ad2d3e6b435a58f97223c8")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	require.Equal(t, http.StatusUnauthorized, w.Code, "the signature is right and too old")
}
