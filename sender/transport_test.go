package sender

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// authority signs certificates for tests.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// newAuthority returns one with a name, "test CA" by default.
func newAuthority(t *testing.T, name ...string) *authority {
	t.Helper()

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: append(name, "test CA")[0]}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &authority{cert, key}
}

// issue returns a certificate for name that is valid until then.
func (a *authority) issue(t *testing.T, name string, until time.Time) tls.Certificate {
	t.Helper()

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: until,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// serveTLS returns the port of a TLS server that says which protocol it speaks.
func serveTLS(t *testing.T, config *tls.Config) string {
	t.Helper()

	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto+" "+r.TLS.ServerName)
		for _, cert := range r.TLS.PeerCertificates {
			_, _ = io.WriteString(w, " from "+cert.Subject.CommonName)
		}
	}))
	server.EnableHTTP2 = true
	server.TLS = config
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	require.NoError(t, err)
	return port
}

func TestTransport_VerifiesTLSByItsOwnAuthorities(t *testing.T) {
	t.Parallel()

	ca, stranger := newAuthority(t), newAuthority(t)
	later := time.Now().Add(time.Hour)
	dns := &fakeDNS{answers: map[string][][]string{"hooks.example.": {{"127.0.0.1"}}}}
	guard := &Guard{Allow: prefixes("127.0.0.0/8"), Resolver: dns.resolver()}
	c := loopbackClient(t, Config{Guard: guard, ExtraCAs: []*x509.Certificate{ca.cert}})
	attempt := func(c *Client, config *tls.Config) Attempt {
		return c.Attempt(t.Context(), &Message{URL: "https://hooks.example:" + serveTLS(t, config), Body: []byte("{}")}, 1)
	}
	a := attempt(c, &tls.Config{Certificates: []tls.Certificate{ca.issue(t, "hooks.example", later)}})
	require.Equal(t, Delivered, a.Outcome, a.Err)
	require.Equal(t, "HTTP/2.0 hooks.example", string(a.Body))

	for want, config := range map[string]*tls.Config{
		"TLS: certificate is signed by an unknown authority": {Certificates: []tls.Certificate{stranger.issue(t, "hooks.example", later)}},
		"TLS: certificate is for another name":               {Certificates: []tls.Certificate{ca.issue(t, "other.example", later)}},
		"TLS: certificate has expired or is not yet valid":   {Certificates: []tls.Certificate{ca.issue(t, "hooks.example", time.Now().Add(-time.Hour))}},
		"TLS: refused by the endpoint":                       {Certificates: []tls.Certificate{ca.issue(t, "hooks.example", later)}, MaxVersion: tls.VersionTLS11},
	} {
		a := attempt(c, config)
		require.Equal(t, Unreachable, a.Outcome)
		require.Equal(t, want, a.Reason)
	}
}

func TestTransport_AnHTTP2AnswerEndsInTimeToo(t *testing.T) {
	t.Parallel()

	ca := newAuthority(t)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/connect":
			return
		case "/drip":
			w.WriteHeader(http.StatusAccepted)
			_ = http.NewResponseController(w).Flush()
		}
		<-r.Context().Done()
	}))
	server.EnableHTTP2 = true
	server.TLS = &tls.Config{Certificates: []tls.Certificate{ca.issue(t, "localhost", time.Now().Add(time.Hour))}}
	server.StartTLS()
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	require.NoError(t, err)
	c := loopbackClient(t, Config{ExtraCAs: []*x509.Certificate{ca.cert}})
	a := c.Attempt(t.Context(), &Message{URL: "https://localhost:" + port + "/connect", Body: []byte("{}")}, 1)
	require.Equal(t, Delivered, a.Outcome, a.Err)
	const timeout = 2 * time.Second // of which a loaded machine may need much until the header is there
	for path, want := range map[string]Outcome{"/drip": Delivered, "/hang": TimedOut} {
		a := c.Attempt(t.Context(), &Message{URL: "https://localhost:" + port + path, Body: []byte("{}"), Timeout: timeout}, 1)
		require.Equal(t, want, a.Outcome, a.Err)
		require.Equal(t, want == Delivered, a.Truncated)
		require.GreaterOrEqual(t, a.Duration, timeout)
	}
}

func TestTransport_IdentifiesItselfByACertificate(t *testing.T) {
	t.Parallel()

	ca := newAuthority(t)
	later := time.Now().Add(time.Hour)
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	port := serveTLS(t, &tls.Config{
		Certificates: []tls.Certificate{ca.issue(t, "hooks.example", later)}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert,
	})
	dns := &fakeDNS{answers: map[string][][]string{"hooks.example.": {{"127.0.0.1"}}}}
	config := Config{Guard: &Guard{Allow: prefixes("127.0.0.0/8"), Resolver: dns.resolver()}, ExtraCAs: []*x509.Certificate{ca.cert}}
	m := &Message{URL: "https://hooks.example:" + port, Body: []byte("{}")}

	a := loopbackClient(t, config).Attempt(t.Context(), m, 1)
	require.Equal(t, Unreachable, a.Outcome, "without one")
	config.Certificates = []tls.Certificate{ca.issue(t, "us.example", later)}
	a = loopbackClient(t, config).Attempt(t.Context(), m, 1)
	require.Equal(t, Delivered, a.Outcome, a.Err)
	require.Equal(t, "HTTP/2.0 hooks.example from us.example", string(a.Body))
}

func TestTransport_BoundsTheWayToAConnection(t *testing.T) {
	t.Parallel()
	stuck := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	_, err := (&fakeDNS{}).resolver().LookupHost(t.Context(), "warm.example")
	require.Error(t, err, "package net makes its configuration at the first use, which must be outside the bubble")
	synctest.Test(t, func(t *testing.T) {
		d := newDialer(&Config{ConnectTimeout: 3 * time.Second, Guard: &Guard{Resolver: stuck}})
		for _, dial := range []func(context.Context, string, string) (net.Conn, error){d.dial, d.dialTLS} {
			begin := time.Now()
			_, err := dial(t.Context(), "tcp", "hooks.example:443")
			require.Equal(t, 3*time.Second, time.Since(begin))
			outcome, reason := classify(t.Context(), err)
			require.Equal(t, Unreachable, outcome)
			require.Equal(t, "could not connect in time", reason)
		}
	})
}

func TestTransport_TakesNothingFromTheEnvironment(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	transport := newTransport(&Config{})
	require.Nil(t, transport.Proxy)
	require.True(t, transport.DisableCompression)
	require.Zero(t, transport.MaxConnsPerHost)
	require.GreaterOrEqual(t, transport.TLSClientConfig.MinVersion, uint16(tls.VersionTLS12))
}

func TestNewClient_PanicsOnMistakes(t *testing.T) {
	t.Parallel()

	for want, config := range map[string]Config{
		"sender.NewClient: a timeout is negative":                                                          {Timeout: -1},
		"sender.NewClient: a certificate of ExtraCAs is nil":                                               {ExtraCAs: []*x509.Certificate{nil}},
		"sender.NewClient: a prefix of the Guard is not valid: make it with netip.ParsePrefix":             {Guard: &Guard{Deny: append(prefixes("10.0.0.0/8"), zeroPrefix)}},
		"sender.NewClient: a prefix of Guard.NAT64 must be of IPv6 and have 32, 40, 48, 56, 64 or 96 bits": {Guard: &Guard{NAT64: prefixes("2a00:64::/90")}},
		"sender.NewClient: Proxy.URL is nil":                                                               {Proxy: &Proxy{}},
		"sender.NewClient: Proxy.URL: scheme must be http or https":                                        {Proxy: proxyAt(t, "socks5://proxy")},
		"sender.NewClient: Proxy.URL: host is missing":                                                     {Proxy: proxyAt(t, "http://:80")},
		"sender.NewClient: Proxy.URL: must have no path and no query":                                      {Proxy: proxyAt(t, "http://u:p@proxy/x")},
	} {
		require.PanicsWithValue(t, want, func() { NewClient(config) })
	}
	require.NotPanics(t, func() { NewClient(Config{}).CloseIdleConnections() })
}

func TestReadAnswer_EndsWithTheBody(t *testing.T) {
	t.Parallel()

	kept, truncated := readAnswer(io.NopCloser(errReader{}), -1)
	require.Empty(t, kept)
	require.True(t, truncated)
}

// errReader breaks off at once, as a body in chunks does.
type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errors.Join(io.ErrUnexpectedEOF) }
