package cloudevents_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/source/cloudevents"
)

const (
	structuredType = "application/cloudevents+json"
	batchType      = "application/cloudevents-batch+json"
)

func scheme() *signature.StandardWebhooks {
	return signature.Must(signature.NewStandardWebhooks(signature.Key{Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}))
}

// delivery is what a sender posts, with headers in pairs of name and value.
func delivery(contentType, body string, headers ...string) *http.Request {
	req := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/someresource", strings.NewReader(body))
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	if err := scheme().Sign(req.Header, "msg_1", []byte(body), time.Now()); err != nil {
		panic(err)
	}
	return req
}

func serve(h http.Handler, req *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w
}

// receive posts one delivery and returns the events that got to a handler.
func receive(tb testing.TB, req *http.Request, opts ...cloudevents.Option) ([]*cactus.RawEvent, *httptest.ResponseRecorder) {
	tb.Helper()
	var r cactus.Registry
	var got []*cactus.RawEvent
	r.Handle("*", func(_ context.Context, e *cactus.RawEvent) error {
		got = append(got, e)
		return nil
	})
	w := serve(cactus.NewHandler(&r, cloudevents.New(scheme(), opts...)), req)
	return got, w
}

// parse parses one request without verifying it.
func parse(contentType, body string, opts []cloudevents.Option, headers ...string) ([]cactus.Envelope, error) {
	h := map[string][]string{"Content-Type": {contentType}}
	for i := 0; i < len(headers); i += 2 {
		h[headers[i]] = append(h[headers[i]], headers[i+1])
	}
	return cloudevents.New(scheme(), opts...).Parse(nil, cactus.NewRequest(h, []byte(body), time.Time{}))
}

func requireStatus(tb testing.TB, want int, w *httptest.ResponseRecorder) {
	tb.Helper()
	require.Equal(tb, want, w.Code, w.Body.String())
}
