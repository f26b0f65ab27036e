package protocol_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/protocol"
)

// A server that has begun to answer may have handled the event, even if nobody
// can read what it says.
func TestWithRetries_SendsOnceIfAnAnswerHasBegun(t *testing.T) {
	small := &http.Client{Transport: &http.Transport{MaxResponseHeaderBytes: 4 << 10}}
	t.Cleanup(small.CloseIdleConnections)
	for name, answer := range map[string]string{
		"no HTTP":            "s3cret\r\n\r\n",
		"half a status line": "HTTP/1.1 20",
		"a bad status":       "HTTP/1.1 abc OK\r\n\r\n",
		"endless headers":    "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("s3cret", 10<<10) + "\r\n\r\n",
		"only an interim":    "HTTP/1.1 103 Early Hints\r\n\r\n",
		"half an answer":     "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",
		"half an error":      "HTTP/1.1 500 No\r\nContent-Length: 9\r\n\r\n{",
	} {
		var posts atomic.Int32
		c := server(t, func(w http.ResponseWriter, r *http.Request) {
			posts.Add(1)
			_, _ = io.Copy(io.Discard, r.Body)
			if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
				_, _ = io.WriteString(conn, answer)
				_ = conn.Close()
			}
		}, protocol.WithRetries(3), protocol.WithHTTPClient(small))
		err := sendOne(t, c, "a:b", 1, nil)
		require.ErrorAs(t, err, new(*protocol.FailedDependencyError), name)
		require.EqualValues(t, 1, posts.Load(), name)
		require.NotContains(t, err.Error(), "s3cret", name)
	}
}

func TestWithRetries_WaitsForTheAnswerBehindAnInterimOne(t *testing.T) {
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusContinue)
		w.WriteHeader(http.StatusEarlyHints)
		_, _ = io.WriteString(w, `{"name":"a:b:response","version":1}`)
	})
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		s := httptest.NewUnstartedServer(answer)
		s.EnableHTTP2 = http2
		s.StartTLS()
		t.Cleanup(s.Close)
		c, err := protocol.NewClient(s.URL, protocol.WithRetries(3), protocol.WithHTTPClient(s.Client()))
		require.NoError(t, err)
		for range 10 {
			require.NoError(t, sendOne(t, c, "a:b", 1, nil), name)
		}
	}
}
