package benchmarks

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strconv"
)

// receiver is an endpoint of webhooks. It adds to its tally how many bytes each
// body has, and answers 200 with answerBody.
type receiver struct {
	url  string
	stop func()
}

const answerBody = "ok"

// startReceiver serves each connection to a port of 127.0.0.1 by serve, which
// returns when the connection is closed.
func startReceiver(serve func(net.Conn)) receiver {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it does not wait
	if err != nil {
		panic(err)
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // closed
			}
			go serve(conn)
		}
	}()
	return receiver{"http://" + listener.Addr().String() + "/hooks", func() { _ = listener.Close() }}
}

// bareReceiver reads no more of a request than where it ends, and allocates
// nothing for it, so that what is measured is the sender: all allocations are, and
// as much as possible of the time.
func bareReceiver(seen *tally) receiver {
	answer := []byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n" +
		"Date: Sat, 04 Oct 2025 15:13:32 GMT\r\nContent-Length: 2\r\n\r\n" + answerBody)
	return startReceiver(func(conn net.Conn) {
		defer conn.Close()
		from := bufio.NewReader(conn)
		for {
			length, err := readRequest(from)
			if err != nil {
				return
			}
			seen.sum.Add(int64(length))
			if _, err := conn.Write(answer); err != nil {
				return
			}
		}
	})
}

// readRequest reads a request and returns the length of its body.
func readRequest(from *bufio.Reader) (length int, err error) {
	for {
		line, err := from.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		if len(line) == len("\r\n") {
			return from.Discard(length)
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, err
			}
		}
	}
}

// httpReceiver is one of package net/http, which is what most endpoints cost at
// least.
func httpReceiver(seen *tally) receiver {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it does not wait
	if err != nil {
		panic(err)
	}
	server := &http.Server{ //nolint:gosec // no stranger can reach it
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n, _ := io.Copy(io.Discard, r.Body) // what is missing is missing in the tally
			seen.sum.Add(n)
			_, _ = io.WriteString(w, answerBody)
		}),
	}
	go func() { _ = server.Serve(listener) }() // returns ErrServerClosed after Close
	return receiver{"http://" + listener.Addr().String() + "/hooks", func() { _ = server.Close() }}
}
