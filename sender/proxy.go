package sender

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Proxy is an HTTP proxy that every connection goes through, by CONNECT, for http
// URLs too. Its own address is not held against the [Guard]. It prints without its
// user name and password.
type Proxy struct {
	// URL is the proxy's: http or https, with a host and perhaps a user name and
	// password, which are sent as Proxy-Authorization.
	URL *url.URL
	// Filters says that the proxy itself keeps requests from addresses that they
	// must not reach. Then it is told the target's name. Otherwise the name is
	// looked up here, the Guard decides, and the proxy is told the address, so
	// that nothing can change in between.
	Filters bool
}

// Format prints the proxy's scheme and host, whatever the verb.
func (p Proxy) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, p.label()) }

// LogValue returns the proxy's scheme and host.
func (p Proxy) LogValue() slog.Value { return slog.StringValue(p.label()) }

func (p *Proxy) label() string {
	if p.URL == nil {
		return "sender.Proxy(none)"
	}
	return "sender.Proxy(" + p.URL.Scheme + "://" + p.URL.Host + ")"
}

// check returns what is wrong with the proxy, without its URL.
func (p *Proxy) check() error {
	switch {
	case p.URL == nil:
		return errors.New("Proxy.URL is nil")
	case p.URL.Scheme != "http" && p.URL.Scheme != "https":
		return errors.New("Proxy.URL: scheme must be http or https")
	case p.URL.Hostname() == "":
		return errors.New("Proxy.URL: host is missing")
	case p.URL.Path != "" && p.URL.Path != "/", p.URL.RawQuery != "":
		return errors.New("Proxy.URL: must have no path and no query")
	}
	return nil
}

// address is the proxy's, with a port.
func (p *Proxy) address() string {
	port := p.URL.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[p.URL.Scheme]
	}
	return net.JoinHostPort(p.URL.Hostname(), port)
}

// viaProxy connects to target, a name and a port, through the proxy.
func (d *dialer) viaProxy(ctx context.Context, target string) (net.Conn, error) {
	if d.proxy.Filters {
		return d.tunnel(ctx, target)
	}
	host, port, err := net.SplitHostPort(target)
	if err != nil {
		return nil, err
	}
	addrs, err := d.guard.lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	var first error
	for _, addr := range addrs[:min(len(addrs), maxAddrs)] {
		conn, err := d.pinned(ctx, addr, port)
		if err == nil {
			return conn, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

func (d *dialer) pinned(ctx context.Context, addr netip.Addr, port string) (net.Conn, error) {
	if err := d.guard.CheckAddr(addr); err != nil {
		return nil, err
	}
	return d.tunnel(ctx, net.JoinHostPort(addr.Unmap().String(), port))
}

// tunnel returns a connection to target through the proxy.
func (d *dialer) tunnel(ctx context.Context, target string) (net.Conn, error) {
	conn, err := d.toProxy(ctx)
	if err != nil {
		return nil, &connectError{"could not connect to the proxy", err}
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	err = d.proxy.connect(conn, target)
	if !stop() {
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

func (d *dialer) toProxy(ctx context.Context) (net.Conn, error) {
	var plain net.Dialer
	conn, err := plain.DialContext(ctx, "tcp", d.proxy.address())
	if err != nil || d.proxy.URL.Scheme == "http" {
		return conn, err
	}
	secured := tls.Client(conn, &tls.Config{
		MinVersion: tls.VersionTLS12,
		RootCAs:    d.tls.RootCAs,
		ServerName: d.proxy.URL.Hostname(),
	})
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secured, nil
}

// connect asks the proxy at the other end of conn for a tunnel (RFC 9110, section
// 9.3.6).
func (p *Proxy) connect(conn net.Conn, target string) error {
	var request strings.Builder
	request.WriteString("CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\nUser-Agent: " + userAgent + "\r\n")
	if user := p.URL.User; user != nil {
		password, _ := user.Password()
		encoded := base64.StdEncoding.EncodeToString([]byte(user.Username() + ":" + password))
		request.WriteString("Proxy-Authorization: Basic " + encoded + "\r\n")
	}
	request.WriteString("\r\n")
	if _, err := io.WriteString(conn, request.String()); err != nil {
		return &connectError{"the connection to the proxy was lost", err}
	}
	return readConnected(conn)
}

// readConnected reads the head of a proxy's answer to CONNECT. If it is 2xx, there
// is no body, whatever the head says.
func readConnected(r io.Reader) error {
	reader := bufio.NewReaderSize(io.LimitReader(r, maxAnswerHeader), 4096)
	res, err := http.ReadResponse(reader, &http.Request{Method: http.MethodConnect}) //nolint:bodyclose // it would wait for the body
	if err != nil {
		return &connectError{"the proxy gave no valid answer", withoutAnswer(err, "malformed")}
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		reason := fmt.Sprintf("the proxy answered %d", res.StatusCode)
		return &connectError{reason, errors.New(reason)}
	}
	if reader.Buffered() > 0 {
		return &connectError{"the proxy gave no valid answer", errors.New("the proxy sent something before it was asked")}
	}
	return nil
}
