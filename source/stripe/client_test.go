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
	c := stripe.NewClient("sk_test_key", apiVersion, cactus.WithBaseURL(api.URL))

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
}

func TestClient_FetchEvent_RefusesAnAnswerOfAnotherKind(t *testing.T) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }))
	defer api.Close()
	c := stripe.NewClient("sk_test_key", apiVersion, cactus.WithBaseURL(api.URL))
	_, err := c.FetchEvent(t.Context(), &cactus.Meta{ID: "evt_123", Type: "invoice.paid"})
	require.ErrorContains(t, err, "the API's answer")
	require.NotErrorIs(t, err, cactus.ErrMalformed)
}

func TestNewClient_PanicsWithoutAVersion(t *testing.T) {
	for _, version := range []string{"sk_test_key", "", "2025 09 30", "2025-09-30; a=b\r\nX-Other: c"} {
		require.PanicsWithValue(t, "stripe: NewClient: the version must be letters, digits, dots and hyphens, "+
			"and may have previews after it, such as 2025-09-30.clover; feature=v1", func() { stripe.NewClient("sk_test_key", version) }, version)
	}
	require.NotPanics(t, func() { stripe.NewClient("sk_test_key", "2025-09-30.clover; feature=v1") })
	require.Panics(t, func() { stripe.NewClient("", apiVersion) })
}

// A client that passed for a list would be walked as Cactus Corp's API, which
// ends after the first page without an error.
func TestClient_IsNoListButHasTwo(t *testing.T) {
	var c any = stripe.NewClient("sk_test_key", apiVersion)
	_, ok := c.(cactus.Lister)
	require.False(t, ok)
}

func TestClient_ShowsNoKey(t *testing.T) {
	c := stripe.NewClient("sk_test_key", apiVersion)
	require.Equal(t, "cactus.Client(https://api.stripe.com)", fmt.Sprint(c))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d"} {
		require.NotContains(t, fmt.Sprintf(verb, c)+fmt.Sprintf(verb, *c)+fmt.Sprintf(verb, []any{c, &c}), "sk_test_key")
	}
	require.Equal(t, "cactus.Client(nowhere)", fmt.Sprint(new(stripe.Client)))
}

func TestClient_RetrievesObjects(t *testing.T) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"display_name":"%s %s"}`, r.URL, r.Header.Get("Stripe-Version"))
	}))
	defer api.Close()
	c := stripe.NewClient("sk_test_key", apiVersion, cactus.WithBaseURL(api.URL))
	m, err := cactus.Retrieve[meter](t.Context(), c, "/v1/billing/meters/mtr_1?expand[]=x")
	require.NoError(t, err)
	require.Equal(t, "/v1/billing/meters/mtr_1?expand[]=x "+apiVersion, m.DisplayName)
}
