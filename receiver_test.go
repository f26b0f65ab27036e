package cactus_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/types"
)

const lostBody = `{"id":"evt_1","type":"order.lost","created":"2025-01-01T00:00:00Z"}`

func TestReceiver_HandsOverWhatIsVerifiedAndAnswers202(t *testing.T) {
	var got *cactus.Request
	h := cactus.NewReceiver(cactus.Thin(scheme()), func(_ context.Context, req *cactus.Request) error {
		kept := *req
		got = &kept
		return nil
	})
	require.Equal(t, http.StatusAccepted, serve(h, signed(t, "evt_1", lostBody)).Code)
	require.Equal(t, lostBody, string(got.Body)) //nolint:testifylint // byte for byte
	require.Equal(t, "main", got.Key)
	require.Equal(t, "/hooks", got.URL.Path)
	require.False(t, got.ReceivedAt.IsZero())

	body := got.Body
	for range 10 { // a pooled body would be overwritten
		serve(h, signed(t, "evt_2", strings.ReplaceAll(lostBody, "evt_1", "evt_2")))
	}
	require.Equal(t, lostBody, string(body)) //nolint:testifylint // byte for byte
}

func TestReceiver_AnswersAsAHandlerWould(t *testing.T) {
	tests := map[string]struct {
		err    error
		status int
	}{
		"full":      {cactus.RetryAfter(5*time.Second, errors.New("full")), http.StatusServiceUnavailable},
		"failed":    {errors.New("disk"), http.StatusInternalServerError},
		"malformed": {cactus.ErrMalformed, http.StatusInternalServerError},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h := cactus.NewReceiver(cactus.Thin(scheme()), func(context.Context, *cactus.Request) error { return test.err })
			require.Equal(t, test.status, serve(h, signed(t, "evt_1", lostBody)).Code)
		})
	}
	h := cactus.NewReceiver(cactus.Thin(scheme()), func(context.Context, *cactus.Request) error { panic("no") })
	require.Equal(t, http.StatusInternalServerError, serve(h, signed(t, "evt_1", lostBody)).Code)

	h = cactus.NewReceiver(cactus.Thin(scheme()), func(context.Context, *cactus.Request) error { t.Error("accepted"); return nil })
	forged := signed(t, "evt_1", lostBody)
	forged.Header.Set("Webhook-Id", "evt_2")
	require.Equal(t, http.StatusUnauthorized, serve(h, forged).Code)
}

func TestReceiver_TakesWhatCannotBeParsed(t *testing.T) {
	taken := 0
	h := cactus.NewReceiver(cactus.Thin(scheme()), func(context.Context, *cactus.Request) error { taken++; return nil })
	require.Equal(t, http.StatusAccepted, serve(h, signed(t, "evt_1", `{"no":"event"}`)).Code)
	require.Equal(t, 1, taken, "a later version may read it")
}

func TestReceiveVerified_ParsesAndDispatchesWhatWasKept(t *testing.T) {
	var seen cactus.Meta
	var r cactus.Registry
	cactus.On(&r, func(_ context.Context, e *types.OrderLostPushed) error { seen = e.Meta; return nil })
	arrived := time.Now().Add(-72 * time.Hour) // no signature would hold
	req := cactus.NewRequest(map[string][]string{"webhook-id": {"evt_1"}}, []byte(lostBody), arrived)
	req.Tenant, req.Key = "acme", "main"
	require.NoError(t, r.ReceiveVerified(t.Context(), cactus.Thin(scheme()), req))
	require.Equal(t, "evt_1", seen.ID)
	require.Equal(t, "acme", seen.Tenant)
	require.Equal(t, "main", seen.Key)
	require.Equal(t, arrived, seen.ReceivedAt)

	req.Body = []byte(`{}`)
	require.ErrorIs(t, r.ReceiveVerified(t.Context(), cactus.Thin(scheme()), req), cactus.ErrMalformed)
}

func TestReceiveVerified_ChoosesTheSameTenantAgain(t *testing.T) {
	var r cactus.Registry
	cactus.On(&r, func(_ context.Context, e *types.OrderLostPushed) error {
		require.Equal(t, "acme", e.Tenant)
		return nil
	})
	src := cactus.PerRequest(func(_ context.Context, req *cactus.Request) (string, cactus.Source, error) {
		return req.PathValue("tenant"), cactus.Thin(scheme()), nil
	})
	var kept *cactus.Request
	mux := http.NewServeMux()
	mux.Handle("POST /hooks/{tenant}/{rest...}", cactus.NewReceiver(src, func(_ context.Context, req *cactus.Request) error {
		kept = cactus.NewRequest(req.Header, req.Body, req.ReceivedAt)
		kept.Tenant, kept.Key = req.Tenant, req.Key
		require.Equal(t, map[string]string{"tenant": "acme", "rest": "a/b"}, req.PathValues())
		for name, value := range req.PathValues() {
			kept.SetPathValue(name, value)
		}
		return nil
	}))
	req := signed(t, "evt_1", lostBody)
	req.URL = &url.URL{Path: "/hooks/acme/a/b"}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, req)
	require.Equal(t, http.StatusAccepted, w.Code)
	require.NoError(t, r.ReceiveVerified(t.Context(), src, kept))

	kept.Tenant = "other"
	require.ErrorContains(t, r.ReceiveVerified(t.Context(), src, kept), `verified for tenant "other"`)
}

func TestRelatedObjectOf_IsWhatTheEventCameWith(t *testing.T) {
	ref := cactus.ObjectRef{ID: "ord_1", Type: "order"}
	shipped := cactus.New[types.OrderShippedPushed]("evt_1")
	require.True(t, cactus.RelatedObjectOf(shipped).IsZero())
	shipped.RelatedObject = ref
	require.Equal(t, ref, cactus.RelatedObjectOf(shipped))
	require.Equal(t, ref, cactus.RelatedObjectOf(&cactus.RawEvent{RelatedObject: ref}))
	require.True(t, cactus.RelatedObjectOf(cactus.New[types.OrderLostPushed]("evt_1")).IsZero())
}
