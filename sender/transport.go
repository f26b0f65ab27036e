package sender

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	idleConns       = 1024
	idleConnsAHost  = 64
	idleTimeout     = 55 * time.Second // below the usual minute of load balancers
	maxAnswerHeader = 64 << 10

	// maxAddrs is how many addresses of one name are tried. A stranger's name may
	// have thousands, each of somebody else.
	maxAddrs = 16
	// maxDials is how many connections are made for one request over TLS. If HTTP/2
	// turns a request without a body away, or any before it is written, net/http
	// makes another one, without end.
	maxDials = 3
	// What HTTP/2 receives ahead of who reads it. Its defaults are 4 MiB and 1 GiB.
	aheadAStream = 64 << 10
	aheadAConn   = 1 << 20
)

// newTransport returns the transport that config describes. It is not made from
// http.DefaultTransport, which has the environment's proxies and two idle
// connections a host.
func newTransport(config *Config) *http.Transport {
	d := newDialer(config)
	return &http.Transport{
		DialContext:       d.dial,
		DialTLSContext:    d.dialTLS,
		TLSClientConfig:   d.tls,
		ForceAttemptHTTP2: true,
		HTTP2: &http.HTTP2Config{
			SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second,
			MaxReceiveBufferPerStream: aheadAStream, MaxReceiveBufferPerConnection: aheadAConn,
		},
		MaxIdleConns:           idleConns,
		MaxIdleConnsPerHost:    idleConnsAHost,
		IdleConnTimeout:        idleTimeout,
		ResponseHeaderTimeout:  config.HeaderTimeout,
		MaxResponseHeaderBytes: maxAnswerHeader,
		DisableCompression:     true, // what is kept of an answer is what came
	}
}

// A dialer makes the connections of a transport.
type dialer struct {
	guard   *Guard
	net     net.Dialer // without its control
	proxy   *Proxy     // nil: none
	timeout time.Duration
	tls     *tls.Config // for targets; its ServerName is set for each
}

func newDialer(config *Config) *dialer {
	guard := config.Guard
	return &dialer{
		guard:   guard,
		net:     net.Dialer{Resolver: guard.resolver()},
		proxy:   config.Proxy,
		timeout: config.ConnectTimeout,
		tls: &tls.Config{
			MinVersion:         tls.VersionTLS12,
			RootCAs:            trusted(config.ExtraCAs),
			Certificates:       config.Certificates,
			NextProtos:         []string{"h2", "http/1.1"},
			ClientSessionCache: tls.NewLRUClientSessionCache(0),
		},
	}
}

// trusted is the system's pool and extra. Nil is the system's.
func trusted(extra []*x509.Certificate) *x509.CertPool {
	if len(extra) == 0 {
		return nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // a machine without one
	}
	for _, cert := range extra {
		pool.AddCert(cert)
	}
	return pool
}

var errConnectTime = errors.New("connecting took too long")

// dial connects within the connect timeout.
func (d *dialer) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, d.timeout, errConnectTime)
	defer cancel()
	conn, err := d.open(ctx, network, addr)
	return conn, inTime(ctx, err)
}

// dialsKey is the key of a request's count of connections, an *atomic.Int32.
type dialsKey struct{}

var errManyDials = errors.New("no more are made for one request")

// dialTLS connects and shakes hands within the connect timeout. The certificate is
// verified for the name in addr, wherever the connection leads.
func (d *dialer) dialTLS(ctx context.Context, network, addr string) (net.Conn, error) {
	if dials, ok := ctx.Value(dialsKey{}).(*atomic.Int32); ok && dials.Add(1) > maxDials {
		return nil, &connectError{"the endpoint turns connections away", errManyDials}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, d.timeout, errConnectTime)
	defer cancel()
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	conn, err := d.open(ctx, network, addr)
	if err != nil {
		return nil, inTime(ctx, err)
	}
	config := d.tls.Clone()
	config.ServerName = host
	secured := tls.Client(conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, inTime(ctx, &connectError{tlsReason(err), withoutNames(err)})
	}
	return secured, nil
}

func (d *dialer) open(ctx context.Context, network, addr string) (net.Conn, error) {
	if d.proxy != nil {
		return d.viaProxy(ctx, addr)
	}
	guarded := d.net
	guarded.ControlContext = d.control(addr)
	return guarded.DialContext(ctx, network, addr)
}

var errManyAddrs = errors.New("the name has too many addresses")

// control is the Guard's, for one dial of addr, a name and a port. It lets no more
// than maxAddrs addresses through, and for localhost, which may be sent
// credentials without TLS, those of this machine alone (RFC 6761, section 6.3).
func (d *dialer) control(addr string) func(context.Context, string, string, syscall.RawConn) error {
	var tried atomic.Int32 // two families are dialled at a time
	host, _, _ := net.SplitHostPort(addr)
	local := isLocalhost(host)
	return func(ctx context.Context, network, address string, conn syscall.RawConn) error {
		if tried.Add(1) > maxAddrs {
			return errManyAddrs
		}
		if err := d.guard.Control(ctx, network, address, conn); err != nil {
			return err
		}
		if target, err := netip.ParseAddrPort(address); local && (err != nil || !target.Addr().Unmap().IsLoopback()) {
			return fmt.Errorf("%w: localhost leads to another machine", ErrBlocked)
		}
		return nil
	}
}

// inTime returns err, and that the time was over if that is why. A nil err stays
// nil, although the time may have ended since.
func inTime(ctx context.Context, err error) error {
	if deadline, ok := ctx.Deadline(); ok && err != nil && !time.Now().Before(deadline) {
		<-ctx.Done() // package net has timers of its own for it, which may be the first
	}
	if err != nil && errors.Is(context.Cause(ctx), errConnectTime) {
		return &connectError{"could not connect in time", errors.Join(errConnectTime, err)}
	}
	return err
}
