package sender

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sync/atomic"
	"time"
)

// version is the library's, by a test: the root package is not imported.
const version = "0.1.0-dev"

const userAgent = "cactus-go/" + version

// Defaults of a [Config].
const (
	DefaultTimeout        = 15 * time.Second
	DefaultConnectTimeout = 5 * time.Second
)

// Config is how a [Client] reaches endpoints. The zero value is ready, and safe
// for URLs that strangers have chosen.
type Config struct {
	// Guard decides which addresses may be dialled. Nil is the zero Guard: public
	// addresses alone.
	Guard *Guard
	// ConnectTimeout bounds the whole way to a connection, from looking up the
	// name to TLS: default [DefaultConnectTimeout]. HeaderTimeout bounds the wait
	// for the answer's header once the request is written: default none but the
	// attempt's own time.
	ConnectTimeout, HeaderTimeout time.Duration
	// Timeout bounds an attempt whose Message has none, as a whole: default
	// [DefaultTimeout].
	Timeout time.Duration
	// ExtraCAs are trusted beside the system's. Certificates identify this client
	// to endpoints that ask for mTLS: use a Client for each identity, because
	// connections are shared.
	ExtraCAs     []*x509.Certificate
	Certificates []tls.Certificate
	// Proxy is what connections go through. Nil: none; the environment's is never
	// used.
	Proxy *Proxy
	// UnguardedTransport replaces all of the above but Timeout. No address is
	// checked then: it is for tests and for those who guard otherwise. It must
	// heed the request's context, also while an answer's body is read.
	UnguardedTransport http.RoundTripper
}

// Format writes no more than the type's name, whatever the verb: a certificate
// has a private key.
func (c Config) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "sender.Config") }

// LogValue returns what Format writes.
func (c Config) LogValue() slog.Value { return slog.StringValue("sender.Config") }

// MarshalText returns what Format writes. It serves encoding/json too, which
// would write the private keys.
func (c Config) MarshalText() ([]byte, error) { return []byte("sender.Config"), nil }

// Client makes single attempts. It is also a [Sender]. It is made with
// [NewClient] and safe for concurrent use. It keeps connections: make one and
// share it.
type Client struct {
	transport http.RoundTripper
	timeout   time.Duration
	proxied   bool
}

var errNotMade = errors.New("client: was not made with NewClient")

// NewClient returns a client. It panics if a timeout is negative, a prefix of the
// Guard is not valid, a certificate is nil, or the Proxy's URL is not one of a
// proxy. Config and what it points to must not be changed afterwards.
func NewClient(config Config) *Client {
	if err := config.check(); err != nil {
		panic("sender.NewClient: " + err.Error())
	}
	if config.Timeout == 0 {
		config.Timeout = DefaultTimeout
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = DefaultConnectTimeout
	}
	transport := config.UnguardedTransport
	if transport == nil {
		transport = newTransport(&config)
	}
	return &Client{transport: transport, timeout: config.Timeout, proxied: config.Proxy != nil && config.UnguardedTransport == nil}
}

func (c *Config) check() error {
	if c.Timeout < 0 || c.ConnectTimeout < 0 || c.HeaderTimeout < 0 {
		return errors.New("a timeout is negative")
	}
	for _, cert := range c.ExtraCAs {
		if cert == nil {
			return errors.New("a certificate of ExtraCAs is nil")
		}
	}
	if c.Guard != nil {
		for _, p := range slices.Concat(c.Guard.Allow, c.Guard.Deny) {
			if !p.IsValid() {
				return errors.New("a prefix of the Guard is not valid: make it with netip.ParsePrefix")
			}
		}
		if slices.ContainsFunc(c.Guard.NAT64, func(p netip.Prefix) bool { return !isNAT64(p) }) {
			return errors.New("a prefix of Guard.NAT64 must be of IPv6 and have 32, 40, 48, 56, 64 or 96 bits")
		}
	}
	if c.Proxy != nil {
		return c.Proxy.check()
	}
	return nil
}

// CloseIdleConnections closes the connections that no attempt is using.
func (c *Client) CloseIdleConnections() {
	if t, ok := c.transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// send sends a request, whose header and body become the transport's.
func (c *Client) send(ctx context.Context, method string, u *url.URL, h http.Header, body []byte) (*http.Response, error) {
	req := &http.Request{
		Method: method, URL: u, Host: u.Host, Header: h,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	if len(body) > 0 {
		setBody(req, body)
	}
	if u.Scheme == "https" {
		ctx = context.WithValue(ctx, dialsKey{}, new(atomic.Int32))
	}
	// Not http.Client: it follows redirects, and costs more.
	res, err := c.transport.RoundTrip(req.WithContext(ctx))
	if err == nil && res.StatusCode < http.StatusContinue {
		_ = res.Body.Close()
		return nil, errNoStatus // net/http lets 000 and +20 through
	}
	return res, err
}

var errNoStatus = errors.New("the status is below 100")
