// Package loopback lets the examples of sending reach receivers that they start
// themselves.
package loopback

import (
	"net/netip"

	"github.com/cactuscorp/cactus/sender"
)

// NewClient returns a client that may reach this machine. The guard of a client
// refuses addresses that are not public unless it is told otherwise, because the
// URLs of webhooks are chosen by strangers. In your program it is
// sender.NewClient(sender.Config{}).
func NewClient() *sender.Client {
	return sender.NewClient(sender.Config{
		Guard: &sender.Guard{Allow: []netip.Prefix{
			netip.MustParsePrefix("127.0.0.0/8"),
			netip.MustParsePrefix("::1/128"),
		}},
	})
}
