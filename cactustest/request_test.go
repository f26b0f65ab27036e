package cactustest_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/types"
)

const otherSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// receiver returns a handler that takes every event.
func receiver() http.Handler {
	r := new(cactus.Registry)
	r.Handle("*", func(context.Context, *cactus.RawEvent) error { return nil })
	return cactus.NewHandler(r, cactustest.Source())
}

func TestDeliver_IsAcceptedUnlessTheOptionsSpoilIt(t *testing.T) {
	body := cactustest.ThinBodies()[0]
	unknown := []byte(`{"id":"evt_1"}`)
	tests := []struct {
		name string
		body []byte
		opts []cactustest.RequestOption
		want int
	}{
		{"as it is", body, nil, 200},
		{"no longer valid", body, []cactustest.RequestOption{cactustest.WithTime(time.Now().Add(-time.Hour))}, 401},
		{"another secret", body, []cactustest.RequestOption{cactustest.WithSecret(otherSecret)}, 401},
		{"forged", body, []cactustest.RequestOption{cactustest.Forged()}, 401},
		{"unsigned", body, []cactustest.RequestOption{cactustest.Unsigned()}, 401},
		{"another id", body, []cactustest.RequestOption{cactustest.WithID("evt_2")}, 400},
		{"malformed", unknown, nil, 400},
		{"not JSON", []byte("hello"), nil, 400},
		{"another type", body, []cactustest.RequestOption{cactustest.WithHeader("Content-Type", "text/plain")}, 415},
		{"a header taken away", body, []cactustest.RequestOption{cactustest.WithHeader("webhook-id")}, 401},
		{"a header twice", body, []cactustest.RequestOption{cactustest.WithHeader("webhook-id", "evt_441", "evt_441")}, 401},
	}
	server := httptest.NewServer(receiver())
	defer server.Close()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, cactustest.Deliver(t, receiver(), tt.body, tt.opts...).Status)
			require.Equal(t, tt.want, cactustest.Post(t, server.URL, tt.body, tt.opts...).Status)
		})
	}
}

func TestDeliver_ReturnsTheAnswer(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Seen", r.Method+" "+r.URL.String()+" "+string(body))
		http.Redirect(w, r, "/elsewhere", http.StatusSeeOther)
	})
	res := cactustest.Deliver(t, h, []byte("{}"), cactustest.WithTarget("https://me.example/hooks?tenant=acme"))
	require.Equal(t, http.StatusSeeOther, res.Status)
	require.Equal(t, "POST https://me.example/hooks?tenant=acme {}", res.Header.Get("Seen"))

	server := httptest.NewServer(h)
	defer server.Close()
	res = cactustest.Post(t, server.URL+"/hooks", []byte("{}"), cactustest.WithTarget("/ignored"))
	require.Equal(t, http.StatusSeeOther, res.Status, "redirects are not followed")
	require.Equal(t, "POST /hooks {}", res.Header.Get("Seen"))
}

func TestNewRequest_SignsWithAnyScheme(t *testing.T) {
	body := []byte(`{"id":"evt_1"}`)
	stripe := signature.Must(signature.NewStripe(signature.Key{Secret: "whsec_0123456789abcdef"}))
	at := time.Unix(1_700_000_000, 0)
	req := cactustest.NewRequest(t, body, cactustest.WithSigner(stripe), cactustest.WithTime(at))
	require.Empty(t, req.Header.Get("Webhook-Id"))
	_, err := stripe.Verify(req.Header, body, at)
	require.NoError(t, err)

	req = cactustest.NewRequest(t, body, cactustest.WithSigner(stripe), cactustest.WithTime(at), cactustest.Forged())
	_, err = stripe.Verify(req.Header, body, at)
	require.ErrorIs(t, err, signature.ErrMismatch)
}

func TestRequests_FailTheTestIfTheyCannotBeMade(t *testing.T) {
	requireFails(t, "cactustest: sign request: signature: cannot sign: ",
		func(tb *failingT) { cactustest.NewRequest(tb, nil, cactustest.WithID("a.b")) })
	requireFails(t, `cactustest: make request: parse ":": missing protocol scheme`,
		func(tb *failingT) { cactustest.Post(tb, ":", nil) })
	requireFails(t, `cactustest: Post "gopher://x": unsupported protocol scheme "gopher"`,
		func(tb *failingT) { cactustest.Post(tb, "gopher://x", nil) })
	require.Panics(t, func() { cactustest.WithSecret("whsec_short") })
}

func TestPost_FailsTheTestIfTheAnswerBreaksOff(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		w.WriteHeader(http.StatusOK)
	}))
	defer server.Close()
	requireFails(t, "cactustest: read answer: unexpected EOF",
		func(tb *failingT) { cactustest.Post(tb, server.URL, nil) })
}

func TestBody_IsWhatTheSenderWouldSend(t *testing.T) {
	e := cactus.New[types.OrderLost]("evt_1")
	e.Data.LastSeenCity = "Boulder"
	require.JSONEq(t, `{"id":"evt_1","type":"order.lost","data":{"last_seen_city":"Boulder"}}`, string(cactustest.Body(t, e)))
	require.JSONEq(t, `{"id":"evt_1","type":"order.lost"}`, string(cactustest.ThinBody(t, e)))

	env := cactustest.Envelope(t, cactustest.Body(t, e))
	require.Equal(t, "evt_1", env.ID)
	require.Equal(t, cactustest.KeyName, env.Key)
	require.False(t, env.ReceivedAt.IsZero())

	empty := cactus.New[types.OrderLost]("")
	const idMissing = "cactustest: marshal event: cactus: malformed event: "
	requireFails(t, idMissing, func(tb *failingT) { cactustest.Body(tb, empty) })
	requireFails(t, idMissing, func(tb *failingT) { cactustest.ThinBody(tb, empty) })
	requireFails(t, "cactustest: cactus: malformed event: ",
		func(tb *failingT) { cactustest.Envelope(tb, []byte("{}")) })
}
