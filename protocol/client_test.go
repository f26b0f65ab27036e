package protocol_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/protocol"
)

// server answers over loopback and returns a client of it.
func server(t *testing.T, handler http.HandlerFunc, opts ...protocol.ClientOption) *protocol.Client {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	t.Cleanup(s.Close)
	hc := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(hc.CloseIdleConnections)
	c, err := protocol.NewClient(s.URL+"/events/?key=s3cret", append([]protocol.ClientOption{protocol.WithHTTPClient(hc)}, opts...)...)
	require.NoError(t, err)
	return c
}

func TestClient_PostsJSON(t *testing.T) {
	var got *http.Request
	var body []byte
	c := server(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		_, _ = io.WriteString(w, fine)
	}, protocol.WithDefaults(protocol.WithHeader("x-team", "a"), protocol.WithHeader("X-Tenant", "b")))
	require.NoError(t, sendOne(t, c, "a:b", 1, nil, protocol.WithHeader("X-Team", "c"), protocol.WithID("id"), protocol.WithFlowID("flow")))
	require.Equal(t, http.MethodPost, got.Method)
	require.Equal(t, "/events/?key=s3cret", got.URL.RequestURI())
	requireSent(t, `{"name":"a:b","version":1,"id":"id","flowId":"flow","payload":{},"identity":{},"auth":{},"metadata":{}}`, string(body))
	got.Header.Del("Accept-Encoding")
	require.Equal(t, http.Header{
		"Content-Type": {"application/json"}, "Accept": {"application/json"}, "User-Agent": {"cactus-go"},
		"Content-Length": {strconv.Itoa(len(body))}, "X-Team": {"c"}, "X-Tenant": {"b"},
	}, got.Header)
}

func TestClient_TakesAnotherStatusThan2xxForAFailedDependency(t *testing.T) {
	elsewhere := false
	for _, status := range []int{301, 302, 304, 307, 400, 404, 500, 503} {
		c := server(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/elsewhere" {
				elsewhere = true
			}
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
			if status != http.StatusNotModified {
				_, _ = io.WriteString(w, fine+strings.Repeat(" ", 100<<10))
			}
		}, protocol.WithRetries(3))
		err := sendOne(t, c, "a:b", 1, nil)
		var failed *protocol.FailedDependencyError
		require.ErrorAs(t, err, &failed)
		require.Equal(t, status, failed.Status)
		require.LessOrEqual(t, len(failed.Body), 64<<10)
		require.ErrorContains(t, err, fmt.Sprintf("send a:b:v1: failed dependency: answered HTTP %d", status))
	}
	require.False(t, elsewhere)
}

// net/http gives up on such an answer before it asks whether to follow it.
func TestClient_DoesNotSendAgainAfterARedirectToNowhere(t *testing.T) {
	var posts atomic.Int32
	c := server(t, func(w http.ResponseWriter, _ *http.Request) {
		posts.Add(1)
		w.Header().Set("Location", "http://[s3cret")
		w.WriteHeader(http.StatusTemporaryRedirect)
	}, protocol.WithRetries(3))
	err := sendOne(t, c, "a:b", 1, nil)
	require.EqualError(t, err, "send a:b:v1: failed dependency: answered HTTP 307: redirects are not followed")
	require.EqualValues(t, 1, posts.Load())
}

func TestClient_TakesALostConnectionForAFailedDependency(t *testing.T) {
	var posts atomic.Int32
	drop := func(prelude string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			posts.Add(1)
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_, _ = io.WriteString(conn, prelude)
				_ = conn.Close()
			}
		}
	}
	for prelude, want := range map[string]string{
		"":            "the connection was lost",
		"s3cret\r\n":  "no valid answer",
		"HTTP/1.1 20": "no valid answer",
		"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"name\"": "the answer broke off",
	} {
		posts.Store(0)
		err := sendOne(t, server(t, drop(prelude)), "a:b", 1, nil, protocol.WithHeader("Idempotency-Key", "k"))
		require.ErrorAs(t, err, new(*protocol.FailedDependencyError))
		require.EqualError(t, err, "send a:b:v1: failed dependency: "+want, "%q", prelude)
		require.EqualValues(t, 1, posts.Load(), "nobody sends it again unasked")
	}
	posts.Store(0)
	err := sendOne(t, server(t, drop(""), protocol.WithRetries(2)), "a:b", 1, nil)
	require.ErrorAs(t, err, new(*protocol.FailedDependencyError))
	require.EqualValues(t, 2, posts.Load())
}

// A connection that was used before is where net/http would send a request again
// that it holds for idempotent.
func TestClient_SendsOnceOnAKeptConnection(t *testing.T) {
	var posts atomic.Int32
	c := server(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if posts.Add(1) == 1 {
			_, _ = io.WriteString(w, fine)
			return
		}
		if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
			_ = conn.Close()
		}
	})
	for _, name := range []string{"Idempotency-Key", "x-idempotency-key"} {
		posts.Store(0)
		require.NoError(t, sendOne(t, c, "a:b", 1, nil))
		require.ErrorAs(t, sendOne(t, c, "a:b", 1, nil, protocol.WithHeader(name, "k")), new(*protocol.FailedDependencyError))
		require.EqualValues(t, 2, posts.Load())
	}
}

func TestClient_IsSafeForConcurrentUse(t *testing.T) {
	c := server(t, func(w http.ResponseWriter, r *http.Request) {
		var event protocol.Event
		_ = json.NewDecoder(r.Body).Decode(&event)
		answer, _ := event.Response(map[string]string{"id": event.ID})
		_ = json.NewEncoder(w).Encode(answer)
	}, protocol.WithDefaults(protocol.WithHeader("X-Team", "a")), protocol.WithRetries(2))
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			id := strconv.Itoa(i)
			got, err := protocol.Send[map[string]string](t.Context(), c, "a:b", 1, nil, protocol.WithID(id), protocol.WithHeader("X-Of", id))
			if assert.NoError(t, err) {
				assert.Equal(t, id, got["id"])
			}
		})
	}
	all.Wait()
}

func TestClient_SaysThatItCouldNotConnect(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	c, err := protocol.NewClient("http://user:s3cret@" + listener.Addr().String() + "/?key=s3cret")
	require.NoError(t, err)
	err = sendOne(t, c, "a:b", 1, nil)
	require.EqualError(t, err, "send a:b:v1: failed dependency: could not connect")
	require.ErrorAs(t, err, new(*net.OpError))
}

func TestClient_LimitsTheAnswerUncompressed(t *testing.T) {
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, _ = zip.Write(bytes.Repeat([]byte(" "), 1<<20))
	_ = zip.Close()
	c := server(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(packed.Bytes())
	}, protocol.WithMaxResponse(100<<10))
	err := sendOne(t, c, "a:b", 1, nil)
	var bad *protocol.BadProtocolError
	require.ErrorAs(t, err, &bad)
	require.Len(t, bad.Body, 64<<10)
	require.ErrorContains(t, err, "longer than the limit")
}

// pipes is a server without a network, for synctest.
func pipes(t *testing.T, handler http.HandlerFunc) *http.Client {
	t.Helper()
	l := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	s := &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = s.Serve(l) }()
	hc := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		l.conns <- theirs
		return ours, nil
	}}}
	t.Cleanup(func() {
		hc.CloseIdleConnections()
		_ = s.Close()
	})
	return hc
}

type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}
func (l *pipeListener) Close() error   { close(l.closed); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{} }

// The bubble ends only when every goroutine has.
func TestClient_LeavesNoGoroutineBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hc := pipes(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // only then does the server see who goes
			switch r.Header.Get("Case") {
			case "slow":
				<-r.Context().Done()
			case "drip":
				for r.Context().Err() == nil {
					_, _ = io.WriteString(w, " ")
					_ = http.NewResponseController(w).Flush()
					select {
					case <-time.After(time.Second):
					case <-r.Context().Done():
					}
				}
			case "status":
				w.WriteHeader(http.StatusTeapot)
			case "status, then nothing":
				w.WriteHeader(http.StatusTeapot)
				_ = http.NewResponseController(w).Flush()
				<-r.Context().Done()
			default:
				_, _ = io.WriteString(w, fine)
			}
		})
		c, err := protocol.NewClient("http://pipe/events", protocol.WithHTTPClient(hc))
		require.NoError(t, err)
		require.NoError(t, sendOne(t, c, "a:b", 1, nil))
		start := time.Now()
		require.ErrorAs(t, sendOne(t, c, "a:b", 1, nil, protocol.WithHeader("Case", "slow")), new(*protocol.TimeoutError))
		require.Equal(t, time.Minute, time.Since(start))
		require.ErrorAs(t, sendOne(t, c, "a:b", 1, nil, protocol.WithHeader("Case", "drip")), new(*protocol.TimeoutError))
		require.ErrorAs(t, sendOne(t, c, "a:b", 1, nil, protocol.WithHeader("Case", "status")), new(*protocol.FailedDependencyError))

		require.ErrorAs(t, sendOne(t, c, "a:b", 1, nil, protocol.WithHeader("Case", "status, then nothing")), new(*protocol.FailedDependencyError))

		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err = protocol.Send[any](ctx, c, "a:b", 1, nil, protocol.WithHeader("Case", "slow"))
		require.ErrorIs(t, err, context.Canceled)

		hc.Timeout = time.Second
		c, err = protocol.NewClient("http://pipe/events", protocol.WithHTTPClient(hc))
		require.NoError(t, err)
		var timeout *protocol.TimeoutError
		for _, slow := range []string{"slow", "drip"} {
			require.ErrorAs(t, sendOne(t, c, "a:b", 1, nil, protocol.WithHeader("Case", slow)), &timeout)
			require.Zero(t, timeout.After, "not the send's own")
		}
	})
}

func TestClient_TellsNoSecret(t *testing.T) {
	const secret = "s3cret"
	opts := []protocol.SendOption{
		protocol.WithAuth(map[string]string{"token": secret}), protocol.WithIdentity(map[string]string{"userId": secret}),
		protocol.WithHeader("Authorization", secret), protocol.WithMetadata(map[string]string{"m": secret}),
	}
	for _, answer := range []string{
		secret, `{"name":"` + secret + ` ","version":1}`, `{"name":"a:` + secret + `\n","version":1,"payload":{"code":"` + secret + `!"}}`,
		`{"name":"a:redirect","version":1,"payload":{"url":"https://` + secret + `"}}`,
		`{"name":"a:redirect","version":1,"payload":{"url":["` + secret + `"]}}`,
		`{"name":"a:response","version":1,"payload":"` + secret + `"}`, "HTTP 500", "drop",
	} {
		c := server(t, func(w http.ResponseWriter, _ *http.Request) {
			switch answer {
			case "HTTP 500":
				http.Error(w, secret, http.StatusInternalServerError)
			case "drop":
				w.Header().Set("Content-Length", "1000")
				_, _ = io.WriteString(w, secret)
			default:
				_, _ = io.WriteString(w, answer)
			}
		})
		_, err := protocol.Send[time.Time](t.Context(), c, "a:b", 1, map[string]string{"p": secret}, opts...)
		require.Error(t, err)
		var logged strings.Builder
		slog.New(slog.NewTextHandler(&logged, nil)).Error("failed", "err", err, "client", c)
		slog.New(slog.NewJSONHandler(&logged, nil)).Error("failed", "err", err)
		for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%v %+v %#v %s", c, c, *c, c), logged.String()} {
			require.NotContains(t, text, secret)
		}
	}
}
