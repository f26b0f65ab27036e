package sender

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// serveRawTLS runs script with each connection after the handshake, and returns
// the port.
func serveRawTLS(t *testing.T, config *tls.Config, script func(conn net.Conn)) (port string, conns *atomic.Int32) {
	t.Helper()

	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	require.NoError(t, err)
	conns = serveConns(t, listener, script)
	_, port, err = net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	return port, conns
}

// net/http makes a new connection for a request without a body whenever HTTP/2
// turns the one before away, without end.
func TestAttempt_MakesFewConnectionsToWhoTurnsThemAway(t *testing.T) {
	t.Parallel()

	ca := newAuthority(t)
	port, conns := serveRawTLS(t, &tls.Config{
		Certificates: []tls.Certificate{ca.issue(t, "localhost", time.Now().Add(time.Hour))}, NextProtos: []string{"h2"},
	}, func(conn net.Conn) {
		const settings, goAway = "\x00\x00\x00\x04\x00\x00\x00\x00\x00", "\x00\x00\x08\x07\x00\x00\x00\x00\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00"
		_, _ = io.WriteString(conn, settings+goAway)
		_, _ = io.Copy(io.Discard, conn)
	})
	rawURL := "https://localhost:" + port
	for _, body := range []string{"", "{}"} {
		conns.Store(0)
		c := loopbackClient(t, Config{Timeout: time.Second, ExtraCAs: []*x509.Certificate{ca.cert}})
		a := c.Attempt(t.Context(), &Message{URL: rawURL, Body: []byte(body)}, 1)
		require.Equal(t, Unreachable, a.Outcome, a.Err)
		require.Contains(t, []string{"the endpoint turns connections away", "the connection was lost before an answer came"}, a.Reason)
		require.LessOrEqual(t, int(conns.Load()), maxDials)
	}
	conns.Store(0)
	c := loopbackClient(t, Config{Timeout: time.Second, ExtraCAs: []*x509.Certificate{ca.cert}})
	_, err := c.Handshake(t.Context(), rawURL, HandshakeRequest{Origin: "us.example"})
	require.Error(t, err)
	require.LessOrEqual(t, int(conns.Load()), maxDials)
}

func TestTransport_TellsARefusalFromAHandshakeThatFailed(t *testing.T) {
	t.Parallel()

	ca := newAuthority(t)
	certs := []tls.Certificate{ca.issue(t, "localhost", time.Now().Add(time.Hour))}
	c := loopbackClient(t, Config{ExtraCAs: []*x509.Certificate{ca.cert}})
	for name, config := range map[string]*tls.Config{
		"an old version":          {Certificates: certs, MaxVersion: tls.VersionTLS11},
		"no certificate, TLS 1.2": {Certificates: certs, ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12},
		"no certificate, TLS 1.3": {Certificates: certs, ClientAuth: tls.RequireAnyClientCert, NextProtos: []string{"http/1.1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			a := c.Attempt(t.Context(), &Message{URL: "https://localhost:" + serveTLS(t, config), Body: []byte("{}")}, 1)
			require.Equal(t, Unreachable, a.Outcome)
			if config.MaxVersion == 0 && a.Reason == "the connection was lost before an answer came" {
				return // TLS 1.3 refuses after the handshake, and the alert is lost if the request comes first
			}
			require.Equal(t, "TLS: refused by the endpoint", a.Reason, a.Err)
		})
	}
}

// A chain can name authorities as it likes, and crypto/x509 repeats the names.
func TestTransport_AChainBringsNoTextIntoTheError(t *testing.T) {
	t.Parallel()

	evil := newAuthority(t, "evil\nlevel=INFO")
	leaf := evil.issue(t, "localhost", time.Now().Add(time.Hour))
	leaf.Certificate = append(leaf.Certificate, newAuthority(t, "evil\nlevel=INFO").cert.Raw)
	port := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{leaf}})
	a := loopbackClient(t, Config{}).Attempt(t.Context(), &Message{URL: "https://localhost:" + port}, 1)
	require.Equal(t, "TLS: certificate is signed by an unknown authority", a.Reason)
	require.NotContains(t, a.Err.Error(), "evil")
	require.ErrorAs(t, a.Err, new(x509.UnknownAuthorityError))
}
