package sendertest

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/cactuscorp/cactus/sender"
)

// Client returns a client that reaches servers of this machine over the network,
// a [Server] and those of net/http/httptest, and otherwise only public addresses. Its
// idle connections are closed when the test ends.
func Client(tb testing.TB) *sender.Client {
	tb.Helper()
	client := sender.NewClient(sender.Config{Guard: &sender.Guard{Allow: []netip.Prefix{
		netip.MustParsePrefix("127.0.0.0/8"),
		netip.MustParsePrefix("::1/128"),
	}}})
	tb.Cleanup(client.CloseIdleConnections)
	return client
}

// NewClient returns a client whose requests all go to handler, whatever their URL,
// and without a network. https is not encrypted then. Every request has a
// connection of its own within the process, with net/http at both ends, so that
// what goes wrong on a connection does so here as well. Inside a testing/synctest
// bubble it takes no time.
//
// NewClient panics if handler is nil.
func NewClient(handler http.Handler) *sender.Client {
	if handler == nil {
		panic("sendertest: NewClient: the handler is nil")
	}
	return sender.NewClient(sender.Config{UnguardedTransport: newTransport(handler)})
}
