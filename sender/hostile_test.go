package sender

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// echo answers with what it was sent.
func echo(t *testing.T, before string) (addr string) {
	t.Helper()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	serveConns(t, listener, func(conn net.Conn) {
		request := make([]byte, 64<<10)
		n, _ := conn.Read(request)
		// The colons would make valid headers.
		_, _ = io.WriteString(conn, before+strings.ReplaceAll(string(request[:n]), ": ", " "))
	})
	return listener.Addr().String()
}

func TestAttempt_AnEchoBringsNoSecretIntoTheError(t *testing.T) {
	t.Parallel()

	c := loopbackClient(t, Config{})
	for _, before := range []string{"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: "} {
		m := &Message{URL: "http://" + echo(t, before) + "/hooks/secret4?t=secret4", Body: []byte("secret4"), Authorizer: Bearer("secret4")}
		a := c.Attempt(t.Context(), m, 1)
		require.Equal(t, Unreachable, a.Outcome)
		require.Equal(t, "no valid answer", a.Reason)
		require.Error(t, a.Err)
		require.NotContains(t, a.Err.Error(), "secret4", "%q", before)
	}
	proxy := proxyAt(t, "http://user:secret4@"+echo(t, "HTTP/1.1 200 OK\r\n"))
	a := NewClient(Config{Proxy: proxy}).Attempt(t.Context(), &Message{URL: "http://8.8.8.8/"}, 1)
	require.Equal(t, "the proxy gave no valid answer", a.Reason)
	require.NotContains(t, a.Err.Error(), "Proxy-Authorization")
}

func TestTransport_ACertificateBringsNoTextIntoTheError(t *testing.T) {
	t.Parallel()

	ca := newAuthority(t)
	port := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{ca.issue(t, "evil\nlevel=INFO\x1b[31m", time.Now().Add(time.Hour))}})
	a := loopbackClient(t, Config{ExtraCAs: []*x509.Certificate{ca.cert}}).Attempt(t.Context(), &Message{URL: "https://localhost:" + port}, 1)
	require.Equal(t, "TLS: certificate is for another name", a.Reason)
	require.NotContains(t, a.Err.Error(), "evil")
	require.ErrorAs(t, a.Err, new(x509.HostnameError))
}

func TestAttempt_AStatusBelow100IsNone(t *testing.T) {
	t.Parallel()

	for _, status := range []string{"000", "099", "+20"} {
		addr, _ := serveRaw(t, func(conn net.Conn) {
			_, _ = io.WriteString(conn, "HTTP/1.1 "+status+" OK\r\nContent-Length: 2\r\n\r\nok")
		})
		a := loopbackClient(t, Config{}).Attempt(t.Context(), &Message{URL: "http://" + addr}, 1)
		require.Equal(t, Unreachable, a.Outcome, status)
		require.Equal(t, "no valid answer", a.Reason)
		require.Zero(t, a.Status)
		require.Empty(t, a.Header)
		_, err := loopbackClient(t, Config{}).Handshake(t.Context(), "http://"+addr, HandshakeRequest{Origin: "us.example"})
		require.EqualError(t, err, "handshake: no valid answer")
	}
}

func TestAttempt_KeepsLittleOfALargeHeader(t *testing.T) {
	t.Parallel()

	var head strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&head, "%x:\n", i)
	}
	for text, want := range map[string]string{
		head.String():                                      "",
		strings.Repeat("X-Same:\n", 5000):                  "",
		"X-Long: " + strings.Repeat("x", maxAnswer) + "\n": "",
		"X-Short: " + strings.Repeat("x", 9000) + "\n":     "short",
	} {
		addr, _ := serveRaw(t, func(conn net.Conn) {
			_, _ = io.WriteString(conn, "HTTP/1.1 429 No\r\nZ-Last: z\r\nRetry-After: 9\r\nContent-Length: 2\r\n"+text+"\r\nok")
		})
		a := loopbackClient(t, Config{}).Attempt(t.Context(), &Message{URL: "http://" + addr}, 1)
		require.Equal(t, 429, a.Status)
		require.Equal(t, "ok", string(a.Body))
		require.Equal(t, 9*time.Second, a.RetryAfter)
		require.Equal(t, want == "", a.Truncated)
		require.LessOrEqual(t, headerSize(a.Header), maxAnswer)
		require.NotEmpty(t, a.Header)
	}
}

func TestTransport_DialsFewAddressesOfAName(t *testing.T) {
	t.Parallel()

	many := make([]string, 40)
	for i := range many {
		many[i] = "127.0.0." + strconv.Itoa(i+2)
	}
	listener, err := net.Listen("tcp", many[39]+":0")
	require.NoError(t, err)
	server := &http.Server{Handler: http.NotFoundHandler()}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	dns := &fakeDNS{answers: map[string][][]string{"many.example.": {many}, "few.example.": {many[30:]}}}
	c := loopbackClient(t, Config{Guard: &Guard{Allow: prefixes("127.0.0.0/8"), Resolver: dns.resolver()}})
	a := c.Attempt(t.Context(), &Message{URL: "http://few.example:" + port}, 1)
	require.Equal(t, 404, a.Status, a.Err)
	a = c.Attempt(t.Context(), &Message{URL: "http://many.example:" + port}, 1)
	require.Equal(t, Unreachable, a.Outcome)
	require.Equal(t, "could not connect: connection refused", a.Reason)

	fake := &fakeProxy{status: http.StatusBadGateway}
	at, _ := serveHTTP(t, fake.ServeHTTP)
	c = loopbackClient(t, Config{Guard: &Guard{Allow: prefixes("127.0.0.0/8"), Resolver: dns.resolver()}, Proxy: proxyAt(t, at)})
	a = c.Attempt(t.Context(), &Message{URL: "http://many.example:" + port}, 1)
	require.Equal(t, "the proxy answered 502", a.Reason)
	require.Len(t, fake.requests(), maxAddrs)
}

func TestTransport_LocalhostIsThisMachineWhateverDNSSays(t *testing.T) {
	t.Parallel()

	// The hosts file of the machine that runs the tests may know localhost, so the
	// name is tried at the dialer, where it makes no difference.
	d := newDialer(&Config{ConnectTimeout: time.Second, Guard: &Guard{Allow: prefixes("127.0.0.0/8")}})
	for _, host := range []string{"localhost", "LocalHost", "localhost."} {
		control := d.control(host + ":80")
		require.NoError(t, control(t.Context(), "tcp4", "127.0.0.1:80", nil), host)
		require.ErrorIs(t, control(t.Context(), "tcp4", "8.8.8.8:80", nil), ErrBlocked, host)
		require.ErrorIs(t, control(t.Context(), "tcp6", "[2606:4700::1]:80", nil), ErrBlocked, host)
	}
	require.NoError(t, d.control("example.com:80")(t.Context(), "tcp4", "8.8.8.8:80", nil))
}

func TestGuard_RefusesISATAP(t *testing.T) {
	t.Parallel()

	for _, text := range []string{"2606:4700::5efe:10.0.0.1", "2606:4700::200:5efe:8.8.8.8", "2a00:1:2:3:0:5efe:7f00:1"} {
		require.ErrorIs(t, new(Guard).CheckAddr(netip.MustParseAddr(text)), ErrBlocked, text)
	}
	require.NoError(t, new(Guard).CheckAddr(netip.MustParseAddr("2606:4700::100:5efe:a00:1")))
}

func TestProxy_HasNoBodyToWaitFor(t *testing.T) {
	t.Parallel()

	rawURL, _ := serveHTTP(t, func(http.ResponseWriter, *http.Request) {})
	for head, want := range map[string]string{
		"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n":           "",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n":   "",
		"HTTP/1.1 403 No\r\nContent-Length: 10\r\n\r\n":           "the proxy answered 403",
		"HTTP/1.1 100 Continue\r\n\r\n":                           "the proxy answered 100",
		"HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n9;": "the proxy answered 403",
	} {
		addr, _ := serveRaw(t, func(conn net.Conn) {
			_, _ = io.WriteString(conn, head)
			target, err := net.Dial("tcp", strings.TrimPrefix(rawURL, "http://"))
			if err != nil {
				return
			}
			defer target.Close()
			go func() { _, _ = io.Copy(target, conn) }()
			_, _ = io.Copy(conn, target)
		})
		c := NewClient(Config{Proxy: proxyAt(t, "http://"+addr)})
		a := c.Attempt(t.Context(), &Message{URL: "http://8.8.8.8/"}, 1)
		c.CloseIdleConnections()
		require.Equal(t, want, a.Reason, "%q", head)
	}
}

func TestTransport_HoldsLittleOfAnHTTP2Answer(t *testing.T) {
	t.Parallel()

	settings := newTransport(&Config{}).HTTP2
	require.NotZero(t, settings.MaxReceiveBufferPerStream)
	require.LessOrEqual(t, settings.MaxReceiveBufferPerStream, 2*(maxAnswer+maxDrain))
	require.LessOrEqual(t, settings.MaxReceiveBufferPerConnection, 1<<20)
}
