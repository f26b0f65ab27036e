package stripe_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/source/stripe"
)

func TestClient_FetchEvent_KnowsWhereEventsAre(t *testing.T) {
	var asked []string
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path+" "+r.Header.Get("Stripe-Context")+" "+r.Header.Get("Stripe-Request-Trigger"))
		switch {
		case strings.HasPrefix(r.URL.Path, "/v1/events/"):
			fmt.Fprint(w, snapshotBody)
		default:
			fmt.Fprint(w, body)
		}
	}))
	defer api.Close()
	c := stripe.NewClient("sk_test_key", cactus.WithBaseURL(api.URL), stripe.WithVersion("2025-09-30.clover"))

	env, err := c.FetchEvent(t.Context(), &cactus.Meta{ID: "evt_1", Type: "invoice.updated", Context: "acct_7"})
	require.NoError(t, err)
	require.Equal(t, "in_5", env.RelatedObject.ID)
	env, err = c.FetchEvent(t.Context(), &cactus.Meta{ID: "evt_123", Type: "v1.billing.meter.error_report_triggered"})
	require.NoError(t, err)
	require.Equal(t, "mtr_123", env.RelatedObject.ID)
	require.Equal(t, []string{"/v1/events/evt_1 acct_7 event=evt_1", "/v2/core/events/evt_123  event=evt_123"}, asked)

	for want, m := range map[string]cactus.Meta{
		"has another id":   {ID: "evt_2", Type: "invoice.updated"},
		"has another type": {ID: "evt_1", Type: "invoice.paid"},
		"event id":         {ID: "../evt_1", Type: "invoice.paid"},
	} {
		_, err := c.FetchEvent(t.Context(), &m)
		require.ErrorContains(t, err, want)
	}
	require.Panics(t, func() { stripe.WithVersion("2025 09 30") })
}

func TestClient_FetchEvent_RefusesAnAnswerOfAnotherKind(t *testing.T) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }))
	defer api.Close()
	c := stripe.NewClient("sk_test_key", cactus.WithBaseURL(api.URL))
	_, err := c.FetchEvent(t.Context(), &cactus.Meta{ID: "evt_123", Type: "invoice.paid"})
	require.ErrorContains(t, err, "the API's answer")
	require.NotErrorIs(t, err, cactus.ErrMalformed)
}
