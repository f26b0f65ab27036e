package otelcactus_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/otelcactus"
	"github.com/cactuscorp/cactus/types"
)

// What goes out is searched as a whole, so that no attribute, event, link,
// status or label is forgotten.
func TestTelemetry_HasNoBodySecretSignatureOrKey(t *testing.T) {
	told := newTelemetry()
	api := cactustest.NewServer(t)
	opts := told.options(otelcactus.WithTenant(), otelcactus.WithEventTypes(types.Catalogue.Types()...))
	r := &cactus.Registry{Fetcher: otelcactus.Fetcher(api.Client(), opts...)}
	r.Use(otelcactus.Middleware(opts...))
	cactus.On(r, func(_ context.Context, e *types.OrderShipped) error { panic(e) })
	cactus.On(r, func(_ context.Context, e *types.OrderDeliveryAttempted) error { panic(*e) })
	cactus.On(r, func(ctx context.Context, e *types.OrderLostPushed) error {
		_, err := e.Pull(ctx)
		return err
	})
	cactus.On(r, func(ctx context.Context, e *types.MovieStartedPushed) error {
		_, err := e.FetchRelatedObject(ctx)
		return err
	})
	r.OnOther(func(_ context.Context, e *cactus.RawEvent, _ bool) error { panic(e.Data) })
	h := otelcactus.Handler(cactus.NewHandler(r, cactustest.Source()), opts...)

	private := make([]string, 0, 64)
	for _, body := range append(cactustest.ThinBodies(), cactustest.FullBodies()...) {
		for _, edit := range [][]cactustest.RequestOption{nil, {cactustest.Forged()}, {cactustest.Unsigned()}} {
			req := cactustest.NewRequest(t, body, append(edit, cactustest.WithTarget("/hooks/T0PS3CRET?key=T0PS3CRET"))...)
			private = append(private, req.Header.Get("Webhook-Signature"))
			cactustest.Deliver(t, h, body, append(edit, cactustest.WithTarget("/hooks/T0PS3CRET?key=T0PS3CRET"))...)
		}
		private = append(private, string(body))
	}
	secret, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(cactustest.Secret, "whsec_"))
	require.NoError(t, err)
	private = append(private, cactustest.Secret, string(secret), strings.TrimPrefix(cactustest.Secret, "whsec_"), cactustest.APIKey, "T0PS3CRET",
		"usps", "front porch", "Boulder", "Kung Fu Panda", "usr_223", "2025-06-01")

	require.NotEmpty(t, told.counts(t, received)["http.response.status_code=401"])
	require.Greater(t, len(told.spans.GetSpans()), 30)
	out := exported(t, told)
	for _, p := range private {
		if p != "" {
			require.NotContains(t, out, p)
		}
	}
	require.Contains(t, out, "panic: a *types.OrderShipped", "it has been looked for in the right place")
}

// exported returns all that was recorded as JSON, without escapes.
func exported(tb testing.TB, told *telemetry) string {
	tb.Helper()
	var metrics metricdata.ResourceMetrics
	require.NoError(tb, told.metrics.Collect(tb.Context(), &metrics))
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	for _, s := range told.spans.GetSpans() {
		require.NoError(tb, encoder.Encode([]any{s.Name, s.Status.Description, text(s.Attributes), s.Links, s.Resource}))
		for _, e := range s.Events {
			require.NoError(tb, encoder.Encode(text(e.Attributes)))
		}
	}
	for _, scope := range metrics.ScopeMetrics {
		for _, m := range scope.Metrics {
			require.NoError(tb, encoder.Encode([]any{m.Name, told.counts(tb, m.Name)}))
		}
	}
	return strings.ReplaceAll(out.String(), `\"`, `"`)
}
