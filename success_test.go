package cactus_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
)

// The status of success takes the place of 200 and of nothing else.
func TestLimits_SuccessIsTheStatusOfWhatIs200(t *testing.T) {
	verified := func(got error, want int, opts ...cactus.HandlerOption) {
		t.Helper()
		var r cactus.Registry
		r.Handle("batch.a", func(context.Context, *cactus.RawEvent) error { return got })
		r.DeadLetter = func(context.Context, *cactus.Envelope, error) error { return nil }
		src := &fakeSource{limits: cactus.Limits{ContentTypes: []string{"text/plain"}, Success: http.StatusNoContent}}
		for _, src := range []cactus.Source{src, perRequest("acme", src, nil)} {
			w := serve(cactus.NewHandler(&r, src, opts...), plain(http.MethodPost, "a"))
			require.Equal(t, want, w.Code, got)
			require.Equal(t, want >= 300, w.Body.Len() > 0)
		}
	}
	for _, fine := range []error{nil, cactus.ErrIgnored, cactus.ErrNoHandler, cactus.Permanent(errors.New("no"))} {
		verified(fine, http.StatusNoContent)
		verified(fine, http.StatusCreated, cactus.WithLimits(cactus.Limits{Success: http.StatusCreated}))
	}
	verified(cactus.ErrNoHandler, http.StatusNotFound, cactus.WithStrict())
	verified(errors.New("no"), http.StatusInternalServerError)

	w := serve(cactus.NewHandler(new(cactus.Registry), perRequest("", nil, cactus.ErrIgnored)), plain(http.MethodPost, "a"))
	require.Equal(t, http.StatusOK, w.Code, "no source was chosen")
	accept := func(context.Context, *cactus.Request) error { return nil }
	src := &fakeSource{limits: cactus.Limits{ContentTypes: []string{"text/plain"}, Success: http.StatusNoContent}}
	require.Equal(t, http.StatusAccepted, serve(cactus.NewReceiver(src, accept), plain(http.MethodPost, "a")).Code)

	for _, status := range []int{-1, 100, 199, 300, 404} {
		require.PanicsWithValue(t, "cactus: WithLimits: Success must be a 2xx status", func() {
			cactus.WithLimits(cactus.Limits{Success: status})
		})
		wrong := &fakeSource{limits: cactus.Limits{ContentTypes: []string{"text/plain"}, Success: status}}
		require.Equal(t, http.StatusOK, serve(cactus.NewHandler(new(cactus.Registry), wrong), plain(http.MethodPost, "a")).Code, status)
	}
}
