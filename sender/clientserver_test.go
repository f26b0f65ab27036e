package sender

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// loopbackGuard lets tests reach their own servers.
func loopbackGuard() *Guard { return &Guard{Allow: prefixes("127.0.0.0/8", "::1/128")} }

// serveHTTP returns the URL and the port of a server that lives as long as the test.
func serveHTTP(t *testing.T, handle http.HandlerFunc) (rawURL, port string) {
	t.Helper()

	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	require.NoError(t, err)
	return server.URL, u.Port()
}

// loopbackClient is a client of config that may reach loopback.
func loopbackClient(tb testing.TB, config Config) *Client {
	tb.Helper()

	if config.Guard == nil {
		config.Guard = loopbackGuard()
	}
	c := NewClient(config)
	tb.Cleanup(c.CloseIdleConnections)
	return c
}

// serveRaw runs script with each connection that is made to the address returned.
// The script has read one request.
func serveRaw(t *testing.T, script func(conn net.Conn)) (addr string, conns *atomic.Int32) {
	t.Helper()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	conns = serveConns(t, listener, func(conn net.Conn) {
		if readRequest(conn) {
			script(conn)
		}
	})
	return listener.Addr().String(), conns
}

// serveConns runs script with each connection that is made to the listener, and
// counts them. It closes them, and at the test's end the listener.
func serveConns(tb testing.TB, listener net.Listener, script func(conn net.Conn)) (conns *atomic.Int32) {
	tb.Helper()

	conns = new(atomic.Int32)
	tb.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conns.Add(1)
			go func() {
				defer conn.Close()
				script(conn)
			}()
		}
	}()
	return conns
}

// readRequest reads one request that is written at once.
func readRequest(conn net.Conn) bool {
	n, err := conn.Read(make([]byte, 64<<10))
	return n > 0 && err == nil
}

// pipeClient is a client with the real transport over connections in memory, for
// which serve is the endpoint, after a first request: fit for a synctest bubble.
// Gone is closed when the client has closed the connection.
func pipeClient(t *testing.T, config Config, serve func(conn net.Conn, gone <-chan struct{})) *Client {
	t.Helper()

	c := NewClient(config)
	transport, ok := c.transport.(*http.Transport)
	require.True(t, ok)
	transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			if !readRequest(theirs) {
				return
			}
			gone := make(chan struct{})
			go func() {
				defer close(gone)
				_, _ = io.Copy(io.Discard, theirs)
			}()
			serve(theirs, gone)
		}()
		return ours, nil
	}
	return c
}

func mustTarget(t *testing.T, rawURL string) *url.URL {
	t.Helper()

	u, err := parseTarget(rawURL)
	require.NoError(t, err)
	return u
}
