package sendertest

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
)

// newTransport returns a transport whose connections all end at handler. It keeps
// none of them, and so no goroutine, after an answer has been read.
func newTransport(handler http.Handler) *http.Transport {
	dial := func(context.Context, string, string) (net.Conn, error) {
		near, far := pipe()
		l := &listener{conn: far}
		server := &http.Server{ //nolint:gosec // a test's timeouts are its own
			Handler:  handler,
			ErrorLog: log.New(io.Discard, "", 0), //nolint:forbidigo // it discards what the test has asked for
		}
		go func() { _ = server.Serve(l) }() // ends when far is closed
		return near, nil
	}
	return &http.Transport{
		DialContext:        dial,
		DialTLSContext:     dial, // is taken to be past the handshake
		DisableKeepAlives:  true,
		DisableCompression: true,
	}
}

// conn is one end of a connection within the process.
type conn struct {
	net.Conn

	once   sync.Once
	closed chan struct{}
	reset  *atomic.Bool // shared by both ends
}

func pipe() (near, far *conn) {
	a, b := net.Pipe()
	reset := new(atomic.Bool)
	near = &conn{Conn: a, closed: make(chan struct{}), reset: reset}
	far = &conn{Conn: b, closed: make(chan struct{}), reset: reset}
	return near, far
}

// SetLinger has Close reset the connection, as that of a [net.TCPConn] with zero.
func (c *conn) SetLinger(sec int) error {
	c.reset.Store(sec == 0)
	return nil
}

// Close implements [net.Conn].
func (c *conn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// Read implements [net.Conn].
func (c *conn) Read(to []byte) (int, error) {
	n, err := c.Conn.Read(to)
	if errors.Is(err, io.EOF) && c.reset.Load() {
		err = &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	}
	return n, err
}

// listener accepts one connection, and ends with it.
type listener struct {
	conn     *conn
	accepted bool // only Serve calls Accept
}

// Accept implements [net.Listener].
func (l *listener) Accept() (net.Conn, error) {
	if !l.accepted {
		l.accepted = true
		return l.conn, nil
	}
	<-l.conn.closed
	return nil, net.ErrClosed
}

// Close implements [net.Listener].
func (l *listener) Close() error { return nil }

// Addr implements [net.Listener].
func (l *listener) Addr() net.Addr { return l.conn.LocalAddr() }
