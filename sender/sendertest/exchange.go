package sendertest

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// exchange is the answer to one request in the making.
type exchange struct {
	w    http.ResponseWriter
	gone <-chan struct{} // closed when the sender is gone
	stop <-chan struct{} // closed when the test ends
}

func (e *exchange) play(s Step) {
	if s.Delay > 0 && !e.pause(s.Delay) {
		panic(http.ErrAbortHandler) // an answer of 200 would follow
	}
	switch s.Fault {
	case Resetting:
		reset(e.hijack())
		return
	case Hanging:
		e.hang()
		panic(http.ErrAbortHandler) // likewise
	case DrippingHeader:
		e.dripHeader(s)
		return
	case DrippingBody:
	}
	h := e.w.Header()
	for name, values := range s.Header {
		h[http.CanonicalHeaderKey(name)] = values
	}
	if s.RetryAfter > 0 {
		seconds := (s.RetryAfter-1)/time.Second + 1
		h.Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
	}
	e.w.WriteHeader(s.status())
	_, _ = io.WriteString(e.w, s.Body)
	if s.Fault == DrippingBody {
		e.drip(s, func() bool {
			_, err := io.WriteString(e.w, ".")
			return err == nil && http.NewResponseController(e.w).Flush() == nil
		})
	}
}

func (s Step) status() int {
	if s.Status == 0 {
		return http.StatusOK
	}
	return s.Status
}

// dripHeader writes to the connection itself, since net/http sends no half header.
func (e *exchange) dripHeader(s Step) {
	conn := e.hijack()
	defer conn.Close()
	_, _ = io.WriteString(conn, "HTTP/1.1 "+strconv.Itoa(s.status())+" Slow\r\nX-Slow: ")
	gone := make(chan struct{}) // the request's context does not follow a hijacked connection
	go func() {
		defer close(gone)
		_, _ = io.Copy(io.Discard, conn)
	}()
	e.gone = gone
	e.drip(s, func() bool {
		_, err := conn.Write([]byte{'.'})
		return err == nil
	})
	_ = conn.Close()
	<-gone
}

// drip calls next at intervals until it fails, the sender is gone or the test ends.
func (e *exchange) drip(s Step, next func() bool) {
	every := s.Every
	if every == 0 {
		every = defaultEvery
	}
	for next() && e.pause(every) {
		continue
	}
}

// pause reports whether d has passed with the sender still there.
func (e *exchange) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-e.gone:
	case <-e.stop:
	}
	return false
}

func (e *exchange) hang() {
	select {
	case <-e.gone:
	case <-e.stop:
	}
}

func (e *exchange) hijack() net.Conn {
	conn, _, err := http.NewResponseController(e.w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return conn
}

// reset closes a connection so that the other side reads an error.
func reset(conn net.Conn) {
	if c, ok := conn.(interface{ SetLinger(sec int) error }); ok {
		_ = c.SetLinger(0)
	}
	_ = conn.Close()
}
