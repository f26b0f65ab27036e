package github_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/source/github"
)

const (
	secret = "0123456789abcdef"

	jsonType = "application/json"
	formType = "application/x-www-form-urlencoded"

	guid  = "72d3162e-cc78-11e3-81ab-4c9367dc0958"
	guid2 = "91a0f6b2-cc78-11e3-9c3d-0d1f6f1f2b6e"
)

func verifier() *signature.GitHub {
	return signature.Must(signature.NewGitHub(signature.Key{Name: "main", Secret: secret}))
}

// signed returns a request as GitHub sends it.
func signed(tb testing.TB, contentType, event, id, body string) *http.Request {
	tb.Helper()
	req := httptest.NewRequestWithContext(tb.Context(), http.MethodPost, "/", strings.NewReader(body))
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("X-Github-Event", event)
	req.Header.Set("X-Github-Delivery", id)
	require.NoError(tb, verifier().Sign(req.Header, "", []byte(body), time.Now()))
	return req
}

// serve returns the status and the text of the answer.
func serve(h http.Handler, req *http.Request) (int, string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w.Code, strings.TrimSpace(w.Body.String())
}

// parse parses a body that was verified.
func parse(event, id, body string) ([]cactus.Envelope, error) {
	header := map[string][]string{"X-GitHub-Event": {event}, "x-github-delivery": {id}}
	return github.New(verifier()).Parse(nil, cactus.NewRequest(header, []byte(body), time.Time{}))
}

// parseOne is parse for a body that is one event.
func parseOne(tb testing.TB, event, id, body string) cactus.Envelope {
	tb.Helper()
	envs, err := parse(event, id, body)
	require.NoError(tb, err)
	require.Len(tb, envs, 1)
	return envs[0]
}
