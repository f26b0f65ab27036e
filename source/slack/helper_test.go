package slack_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/source/slack"
)

const (
	secret = "e6b19c573432dcc6b075501d51b51bb8"

	// mentionBody is the event of a signature that slack-go's tests publish.
	mentionBody = `{"token":"aF5ynEYQH0dFN9imlgcADxDB","team_id":"XXXXXXXXX","api_app_id":"YYYYYYYYY",` +
		`"event":{"type":"app_mention","user":"AAAAAAAAA","text":"<@EEEEEEEEE> hello world",` +
		`"client_msg_id":"477cc591-ch73-a14z-4db8-g0cd76321bec","ts":"1531431954.000073","channel":"TTTTTTTTT",` +
		`"event_ts":"1531431954.000073"},"type":"event_callback","event_id":"TvBP7LRED7","event_time":1531431954,` +
		`"authed_users":["EEEEEEEEE"]}`
	mentionSignature = "v0=adada4ed31709aef585c2580ca3267678c6a8eaeb7e0c1aca3ee57b656886b2c"

	limitedBody = `{"token":"Jhj5dZrVaK7ZwHHjRyZWjbDl","type":"app_rate_limited","team_id":"T123456",` +
		`"minute_rate_limited":1518467820,"api_app_id":"A123456"}`

	challenge     = "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"
	handshakeBody = `{"token":"Jhj5dZrVaK7ZwHHjRyZWjbDl","challenge":"` + challenge + `","type":"url_verification"}`
)

func verifier() *signature.Slack {
	return signature.Must(signature.NewSlack(signature.Key{Name: "main", Secret: secret}))
}

// signed returns a request as Slack sends it.
func signed(tb testing.TB, body string) *http.Request {
	tb.Helper()
	req := httptest.NewRequestWithContext(tb.Context(), http.MethodPost, "/", strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	require.NoError(tb, verifier().Sign(req.Header, "", []byte(body), time.Now()))
	return req
}

func serve(h http.Handler, req *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w
}

// parse parses a body that was verified.
func parse(body string) ([]cactus.Envelope, error) {
	return slack.New(verifier()).Parse(nil, cactus.NewRequest(nil, []byte(body), time.Time{}))
}

// parseOne is parse for a body that is one event.
func parseOne(tb testing.TB, body string) cactus.Envelope {
	tb.Helper()
	envs, err := parse(body)
	require.NoError(tb, err)
	require.Len(tb, envs, 1)
	return envs[0]
}

// requireBytes holds JSON against what was sent, byte for byte.
func requireBytes(tb testing.TB, want string, got []byte) {
	tb.Helper()
	require.Equal(tb, want, string(got))
}
