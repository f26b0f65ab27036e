package standardwebhooks_test

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
	"github.com/cactuscorp/cactus/source/standardwebhooks"
)

func scheme() *signature.StandardWebhooks {
	return signature.Must(signature.NewStandardWebhooks(signature.Key{Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}))
}

func signed(tb testing.TB, id, body string) *http.Request {
	tb.Helper()
	req := httptest.NewRequestWithContext(tb.Context(), http.MethodPost, "/", strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	require.NoError(tb, scheme().Sign(req.Header, id, []byte(body), time.Now()))
	return req
}

// userCreated is an event of a made-up provider.
type userCreated struct {
	cactus.Full[struct {
		Name string `json:"name"`
	}]

	Version int `json:"version"`
}

func (userCreated) EventType() string { return "user.created" }

func Example() {
	var r cactus.Registry
	cactus.On(&r, func(_ context.Context, e *userCreated) error {
		fmt.Println(e.ID, e.Created.Year(), e.Data.Name)
		return nil
	})
	verifier := signature.Must(signature.NewStandardWebhooks(signature.Key{Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}))
	handler := cactus.NewHandler(&r, standardwebhooks.New(verifier))

	// What the provider does:
	body := `{"type": "user.created", "timestamp": "2022-11-03T20:26:10Z", "data": {"name": "Ada"}}`
	req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	_ = verifier.Sign(req.Header, "msg_1", []byte(body), time.Now())
	handler.ServeHTTP(httptest.NewRecorder(), req)
	// Output: msg_1 2022 Ada
}

func TestSource_ReadsTheRecommendedPayload(t *testing.T) {
	var r cactus.Registry
	var got *userCreated
	cactus.On(&r, func(_ context.Context, e *userCreated) error { got = e; return nil })
	h := cactus.NewHandler(&r, standardwebhooks.New(scheme()))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, signed(t, "msg_2", `{"data":{"name":"Ada"},"type":"user.created","version":3}`))
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "msg_2", got.ID, "the header's, which is signed")
	require.True(t, got.Created.IsZero())
	require.Equal(t, 3, got.Version)
}

func TestSource_TakesTheIDThatIsSigned(t *testing.T) {
	svix := scheme()
	svix.Svix = true
	src := standardwebhooks.New(svix)
	body := []byte(`{"type":"user.created","data":{"name":"Ada"}}`)
	h := http.Header{"Webhook-Id": {"msg_forged"}}
	require.NoError(t, svix.Sign(h, "msg_3", body, time.Now()))
	req := cactus.NewRequest(h, body, time.Now())
	_, err := src.Verify(t.Context(), req)
	require.NoError(t, err)
	envs, err := src.Parse(nil, req)
	require.NoError(t, err)
	require.Equal(t, "msg_3", envs[0].ID)

	req.Header.Set("Svix-Id", "msg/3")
	_, err = src.Parse(nil, req)
	require.ErrorContains(t, err, "header Svix-Id: ")
}

func TestSource_RefusesTheRestAndNamesTheField(t *testing.T) {
	src := standardwebhooks.New(scheme())
	for body, want := range map[string]string{
		`{"data":{}}`:                          `field "type"`,
		`{"type":null}`:                        `field "type"`,
		`{"type":5}`:                           `field "type": must be a string`,
		`{"type":"a b"}`:                       `field "type"`,
		`{"type":"a","type":"b"}`:              `field "type": is there twice`,
		`{"type":"a","data":1,"data":2}`:       `field "data": is there twice`,
		`{"type":"a","timestamp":5}`:           `field "timestamp": must be an RFC 3339 time`,
		`{"type":"a","timestamp":"yesterday"}`: `field "timestamp": must be an RFC 3339 time`,
		`[]`:                                   `must be a JSON object`,
		`{"type":"a"} {}`:                      `data after the object`,
	} {
		_, err := src.Parse(nil, cactus.NewRequest(map[string][]string{"webhook-id": {"msg_1"}}, []byte(body), time.Time{}))
		require.ErrorContains(t, err, want, body)
	}
	_, err := src.Parse(nil, cactus.NewRequest(nil, []byte(`{"type":"a"}`), time.Time{}))
	require.ErrorContains(t, err, "header Webhook-Id")
	require.Panics(t, func() { standardwebhooks.New(nil) })
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"type":"a","timestamp":"2022-11-03T20:26:10Z","data":{}}`, `{"type":null}`, `{}`} {
		f.Add([]byte(seed))
	}
	src := standardwebhooks.New(scheme())
	f.Fuzz(func(t *testing.T, body []byte) {
		envs, err := src.Parse(nil, cactus.NewRequest(map[string][]string{"Webhook-Id": {"msg_1"}}, body, time.Time{}))
		if err != nil {
			require.Empty(t, envs)
			return
		}
		require.Len(t, envs, 1)
		require.NotEmpty(t, envs[0].Type)
	})
}
