package sendertest

import (
	"net/http/httptest"
	"testing"
)

// Server is a [Receiver] on a port of this machine. Make it with [NewServer].
type Server struct {
	*Receiver

	URL string // of the form http://127.0.0.1:port

	http *httptest.Server
}

// NewServer returns a receiver with this script, see [NewReceiver], that serves
// until the test ends. Reach it with [Client].
func NewServer(tb testing.TB, steps ...Step) *Server {
	tb.Helper()
	var s Server
	// Cleanups run last first: the receiver's, which ends what hangs and drips, is
	// before this one, which waits for that.
	tb.Cleanup(func() {
		if s.http == nil { // the script was refused
			return
		}
		s.http.Close()
		s.running.Wait() // Close forgets hijacked connections
	})
	s.Receiver = NewReceiver(tb, steps...)
	s.http = httptest.NewServer(s.Receiver)
	s.URL = s.http.URL
	return &s
}
