package benchmarks

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
)

// client sends requests over one connection that is kept alive. The answer must
// be a 200 or a 202, without a body.
type client interface {
	send(r *request) error
	close()
}

// userClient is net/http's.
type userClient struct {
	transport *http.Transport
	address   string
}

func connectUser(address string) (client, error) {
	return &userClient{&http.Transport{MaxConnsPerHost: 1, DisableCompression: true}, address}, nil
}

func (c *userClient) send(r *request) error {
	out := r.Request // a copy: the transport may still read the last one
	target := *r.URL
	target.Scheme, target.Host = "http", c.address
	out.URL, out.Body = &target, io.NopCloser(bytes.NewReader(r.body.content))
	response, err := c.transport.RoundTrip(&out)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // of an empty body
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusAccepted || response.ContentLength != 0 {
		return fmt.Errorf("answered with status %d and %d bytes", response.StatusCode, response.ContentLength)
	}
	return nil
}

func (c *userClient) close() { c.transport.CloseIdleConnections() }

// bareClient writes requests by hand and reads no more of an answer than it
// must, so that as much as possible of what is measured is the server.
type bareClient struct {
	conn   net.Conn
	answer *bufio.Reader
	text   bytes.Buffer
}

func connectBare(address string) (client, error) {
	conn, err := net.Dial("tcp", address) //nolint:noctx // to ourselves
	if err != nil {
		return nil, err
	}
	return &bareClient{conn: conn, answer: bufio.NewReader(conn)}, nil
}

func (c *bareClient) send(r *request) error {
	c.text.Reset()
	c.text.WriteString("POST /webhooks HTTP/1.1\r\nHost: localhost\r\n")
	for name, values := range r.Header {
		c.text.WriteString(name)
		c.text.WriteString(": ")
		c.text.WriteString(values[0])
		c.text.WriteString("\r\n")
	}
	c.text.WriteString("\r\n")
	c.text.Write(r.body.content)
	if _, err := c.conn.Write(c.text.Bytes()); err != nil {
		return err
	}
	empty := false
	for first := true; ; first = false {
		line, err := c.answer.ReadSlice('\n')
		switch {
		case err != nil:
			return fmt.Errorf("read answer: %w", err)
		case first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) && !bytes.HasPrefix(line, []byte("HTTP/1.1 202 ")):
			return fmt.Errorf("answered with %q", line)
		case string(line) == "Content-Length: 0\r\n":
			empty = true
		case string(line) == "\r\n" && empty:
			return nil
		case string(line) == "\r\n":
			return errors.New("answered with a body")
		}
	}
}

func (c *bareClient) close() { _ = c.conn.Close() }
