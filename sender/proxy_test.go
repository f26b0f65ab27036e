package sender

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var zeroPrefix netip.Prefix

func proxyAt(t *testing.T, rawURL string) *Proxy {
	t.Helper()

	u, err := url.Parse(rawURL)
	require.NoError(t, err)
	return &Proxy{URL: u}
}

// fakeProxy tunnels every CONNECT to one address, or answers a status.
type fakeProxy struct {
	to     string
	status int
	mu     sync.Mutex
	asked  []string // target and credentials
}

func (p *fakeProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked = append(p.asked, r.Method+" "+r.Host+" "+r.Header.Get("Proxy-Authorization"))
	p.mu.Unlock()
	if p.status != 0 {
		w.WriteHeader(p.status)
		return
	}
	target, err := net.Dial("tcp", p.to)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	conn, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	_, _ = io.WriteString(conn, "HTTP/1.1 200 Connected\r\n\r\n")
	go func() {
		defer target.Close()
		_, _ = io.Copy(target, buffered)
	}()
	defer conn.Close()
	_, _ = io.Copy(conn, target)
}

func (p *fakeProxy) requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.asked...)
}

func TestProxy_PinsTheTargetUnlessItFilters(t *testing.T) {
	t.Parallel()

	rawURL, _ := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Host) })
	fake := &fakeProxy{to: strings.TrimPrefix(rawURL, "http://")}
	at, port := serveHTTP(t, fake.ServeHTTP)
	require.Contains(t, at, "127.0.0.1", "the proxy's own address is not guarded")
	dns := &fakeDNS{answers: map[string][][]string{
		"hooks.example.": {{"8.8.8.8"}}, "inner.example.": {{"10.0.0.1"}}, "mixed.example.": {{"10.0.0.1", "8.8.4.4"}},
	}}
	guard := &Guard{Resolver: dns.resolver()}
	proxy := proxyAt(t, "http://user:pass@127.0.0.1:"+port)
	const credentials = "Basic dXNlcjpwYXNz"

	c := NewClient(Config{Guard: guard, Proxy: proxy})
	t.Cleanup(c.CloseIdleConnections)
	a := c.Attempt(t.Context(), &Message{URL: "http://hooks.example/x"}, 1)
	require.Equal(t, Delivered, a.Outcome, a.Err)
	require.Equal(t, "hooks.example", string(a.Body))
	require.Equal(t, []string{"CONNECT 8.8.8.8:80 " + credentials}, fake.requests())

	for _, host := range []string{"inner.example", "10.0.0.1", "[::1]", "169.254.169.254"} {
		a = c.Attempt(t.Context(), &Message{URL: "http://" + host + "/x"}, 1)
		require.Equal(t, Refused, a.Outcome)
		require.Equal(t, "address not allowed", a.Reason)
	}
	require.Len(t, fake.requests(), 1, "the proxy was not asked")

	a = c.Attempt(t.Context(), &Message{URL: "http://missing.example/"}, 1)
	require.Equal(t, "name not found", a.Reason)
	c.Attempt(t.Context(), &Message{URL: "http://mixed.example:8080/"}, 1)
	require.Equal(t, "CONNECT 8.8.4.4:8080 "+credentials, fake.requests()[1])

	proxy.Filters = true
	filtered := NewClient(Config{Guard: guard, Proxy: proxy})
	t.Cleanup(filtered.CloseIdleConnections)
	a = filtered.Attempt(t.Context(), &Message{URL: "http://inner.example/x"}, 1)
	require.Equal(t, Delivered, a.Outcome, a.Err)
	require.Equal(t, "CONNECT inner.example:80 "+credentials, fake.requests()[2])
}

func TestProxy_TLSIsVerifiedByTheTargetsName(t *testing.T) {
	t.Parallel()

	ca := newAuthority(t)
	later := time.Now().Add(time.Hour)
	target := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{ca.issue(t, "hooks.example", later)}})
	fake := &fakeProxy{to: "127.0.0.1:" + target}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{ca.issue(t, "proxy.example", later)}})
	require.NoError(t, err)
	server := &http.Server{Handler: fake}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	dns := &fakeDNS{answers: map[string][][]string{"hooks.example.": {{"8.8.8.8"}}, "other.example.": {{"8.8.8.8"}}}}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)

	proxy := proxyAt(t, "https://127.0.0.1:"+port)
	c := NewClient(Config{Guard: &Guard{Resolver: dns.resolver()}, Proxy: proxy, ExtraCAs: []*x509.Certificate{ca.cert}})
	a := c.Attempt(t.Context(), &Message{URL: "https://hooks.example/"}, 1)
	require.Equal(t, "could not connect to the proxy", a.Reason, "its certificate has another name")
	require.NotContains(t, a.Reason, "127.0.0.1")

	plain, _ := serveHTTP(t, fake.ServeHTTP)
	c = NewClient(Config{Guard: &Guard{Resolver: dns.resolver()}, Proxy: proxyAt(t, plain), ExtraCAs: []*x509.Certificate{ca.cert}})
	t.Cleanup(c.CloseIdleConnections)
	a = c.Attempt(t.Context(), &Message{URL: "https://hooks.example/"}, 1)
	require.Equal(t, Delivered, a.Outcome, a.Err)
	require.Equal(t, "HTTP/2.0 hooks.example", string(a.Body))
	require.Equal(t, []string{"CONNECT 8.8.8.8:443 "}, fake.requests())
	a = c.Attempt(t.Context(), &Message{URL: "https://other.example/"}, 1)
	require.Equal(t, "TLS: certificate is for another name", a.Reason)
}

func TestProxy_MayItselfSpeakTLS(t *testing.T) {
	t.Parallel()

	ca := newAuthority(t)
	rawURL, _ := serveHTTP(t, func(http.ResponseWriter, *http.Request) {})
	fake := &fakeProxy{to: strings.TrimPrefix(rawURL, "http://")}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{ca.issue(t, "localhost", time.Now().Add(time.Hour))},
	})
	require.NoError(t, err)
	server := &http.Server{Handler: fake}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	c := NewClient(Config{Proxy: proxyAt(t, "https://localhost:"+port), ExtraCAs: []*x509.Certificate{ca.cert}})
	t.Cleanup(c.CloseIdleConnections)
	a := c.Attempt(t.Context(), &Message{URL: "http://8.8.8.8:81/"}, 1)
	require.Equal(t, Delivered, a.Outcome, a.Err)
	require.Equal(t, []string{"CONNECT 8.8.8.8:81 "}, fake.requests())
}

func TestProxy_ItsRefusalIsAClearReason(t *testing.T) {
	t.Parallel()

	for status, want := range map[int]string{407: "the proxy answered 407", 502: "the proxy answered 502", 302: "the proxy answered 302"} {
		at, _ := serveHTTP(t, (&fakeProxy{status: status}).ServeHTTP)
		c := NewClient(Config{Proxy: proxyAt(t, strings.Replace(at, "://", "://user:secret3@", 1))})
		a := c.Attempt(t.Context(), &Message{URL: "https://8.8.8.8/"}, 1)
		require.Equal(t, Unreachable, a.Outcome)
		require.Equal(t, want, a.Reason)
		require.NotContains(t, a.Err.Error(), "secret3")
	}
	for _, text := range []string{"", "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nSSH-2.0", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 2*maxAnswerHeader)} {
		addr, _ := serveRaw(t, func(conn net.Conn) { _, _ = io.WriteString(conn, text) })
		a := NewClient(Config{Proxy: proxyAt(t, "http://"+addr)}).Attempt(t.Context(), &Message{URL: "http://8.8.8.8/"}, 1)
		require.Equal(t, Unreachable, a.Outcome)
		require.Contains(t, a.Reason, "proxy", "%.20q", text)
	}
	addr, _ := serveRaw(t, func(conn net.Conn) { _, _ = conn.Read(make([]byte, 1)) })
	c := NewClient(Config{Proxy: proxyAt(t, "http://"+addr), ConnectTimeout: 20 * time.Millisecond})
	a := c.Attempt(t.Context(), &Message{URL: "http://8.8.8.8/"}, 1)
	require.Equal(t, "could not connect in time", a.Reason)
}

func TestProxy_PrintsNoCredentials(t *testing.T) {
	t.Parallel()

	proxy := proxyAt(t, "http://user:secret@proxy.example:3128")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		require.Equal(t, "sender.Proxy(http://proxy.example:3128)", fmt.Sprintf(verb, proxy))
		require.Equal(t, "sender.Proxy(http://proxy.example:3128)", fmt.Sprintf(verb, *proxy))
		require.NotContains(t, fmt.Sprintf(verb, &Config{Proxy: proxy}), "secret")
	}
	require.Equal(t, "sender.Proxy(http://proxy.example:3128)", proxy.LogValue().String())
	require.Equal(t, "sender.Proxy(none)", fmt.Sprint(&Proxy{}))
}

func FuzzReadConnected(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 Connected\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 407 Who\r\nContent-Length: 3\r\n\r\nabc"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		err := readConnected(bytes.NewReader(b))
		if err != nil {
			var connect *connectError
			require.ErrorAs(t, err, &connect)
			return
		}
		res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(b)), &http.Request{Method: http.MethodConnect})
		require.NoError(t, err)
		defer res.Body.Close()
		require.Equal(t, 2, res.StatusCode/100)
	})
}
