package benchmarks

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
)

// connections is how many connections the loopback cases keep alive, unless they
// say otherwise.
const connections = 8

// loopbackBatch is how many requests they send in a round.
const loopbackBatch = 5000

// overLoopback is the Start of sending thin events to a net/http server on
// 127.0.0.1, over so many connections at once. A handler that is a [later] has done
// its work by the end of each round.
func overLoopback(newHandler func(*tally) http.Handler, gain, connections int, connect func(address string) (client, error)) func() (Work, func()) {
	return func() (Work, func()) {
		var seen tally
		listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it does not wait
		if err != nil {
			panic(err)
		}
		handler := newHandler(&seen)
		behind, _ := handler.(later)
		server := &http.Server{Handler: handler} //nolint:gosec // no stranger can reach it
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			_ = server.Serve(listener) // returns ErrServerClosed after Close
		}()
		clients := make([]client, 0, connections)
		for range connections {
			c, err := connect(listener.Addr().String())
			if err != nil {
				panic(err)
			}
			clients = append(clients, c)
		}
		ring := thinRing(standardScheme(secretKey))
		work := func(n int) error {
			before := seen.sum.Load()
			if err := exchange(clients, ring, n); err != nil {
				return err
			}
			if behind != nil {
				behind.catchUp(func() bool { return seen.sum.Load()-before >= int64(n)*int64(gain) })
			}
			if got, want := seen.sum.Load()-before, int64(n)*int64(gain); got != want {
				return fmt.Errorf("handlers have seen %d, want %d", got, want)
			}
			return nil
		}
		return work, func() {
			for _, c := range clients {
				c.close()
			}
			_ = server.Close()
			<-stopped
			if behind != nil {
				behind.stop()
			}
		}
	}
}

// exchange sends n requests, each client its share of them.
func exchange(clients []client, ring []*request, n int) error {
	results := make(chan error, len(clients))
	for i, c := range clients {
		go func() {
			for j := i; j < n; j += len(clients) {
				if err := c.send(ring[j%len(ring)]); err != nil {
					results <- err
					return
				}
			}
			results <- nil
		}()
	}
	errs := make([]error, 0, len(clients))
	for range clients {
		errs = append(errs, <-results)
	}
	return errors.Join(errs...)
}

// drain is a handler that only reads the body.
func drain(*tally) http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // a body cut short is answered all the same
	})
}

// nothing is a handler that does not even do that: what it costs is the cost of
// sending.
func nothing(*tally) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
}
