package sender

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// ErrBlocked is the parent of every refusal of an address by a [Guard].
var ErrBlocked = errors.New("sender: address not allowed")

// Guard decides which addresses may be dialled for URLs that strangers choose.
// The zero value, and a nil one, let public unicast addresses through and nothing
// else: not what the two special-purpose registries of IANA (RFC 6890) list as
// reserved, private, local or for documentation, no multicast, and no address
// with a zone. An IPv4 address that is embedded in an IPv6 one (mapped, NAT64,
// 6to4, Teredo) is judged itself, and those of ISATAP are never public. Every port
// is allowed.
//
// Public addresses of one's own that trust their neighbours belong into Deny.
//
// A Guard is safe for concurrent use and must not be changed once it is used.
type Guard struct {
	// Allow lets addresses through that are not public: those of tests, or of a
	// private network. Deny wins over Allow. An IPv4 prefix is also held against
	// addresses embedded in IPv6 ones.
	Allow, Deny []netip.Prefix
	// NAT64 are the prefixes of one's own network that lead to IPv4 (RFC 6052), of
	// 32, 40, 48, 56, 64 or 96 bits. They look like any other, so without this an
	// address in them may lead to a private one. The well-known 64:ff9b::/96 is
	// among them already.
	NAT64 []netip.Prefix
	// Resolver looks names up, for CheckURL and for connections. Nil is
	// [net.DefaultResolver], which also knows the names of this machine's own
	// network. Whether one exists can then be told from a Reason: an address that
	// is not allowed is another one than a name that is not found. Give a resolver
	// of public names if that matters.
	Resolver *net.Resolver
}

// CheckURL is an early check of a URL that a customer supplies: its scheme is http
// or https, it has a host and no user name or password, and its host is an address
// that is allowed, or a name of which every address is. It looks names up for as
// long as ctx lets it.
//
// It does not replace [Guard.Control], because a name may lead elsewhere by the
// time it is dialled. Its errors begin with "url: ", have neither the URL nor an
// address in their text and may be shown to the customer. One that is about an
// address matches [ErrBlocked].
func (g *Guard) CheckURL(ctx context.Context, rawURL string) error {
	u, err := parseTarget(rawURL)
	if err != nil {
		return err
	}
	addrs, err := g.lookup(ctx, u.Hostname())
	if err != nil {
		return &shownError{"url: host: " + lookupReason(err), err}
	}
	for _, addr := range addrs {
		if err := g.CheckAddr(addr); err != nil {
			return &shownError{"url: host: leads to an address that is not allowed", err}
		}
	}
	return nil
}

// CheckAddr returns an error that matches [ErrBlocked] unless addr may be dialled.
func (g *Guard) CheckAddr(addr netip.Addr) error {
	if why := g.verdict(addr); why != "" {
		return fmt.Errorf("%w: %s: %s", ErrBlocked, addr, why)
	}
	return nil
}

// Control is a ControlContext of [net.Dialer]: it checks the address that is
// really dialled, after its name was resolved. Note that a Dialer with a
// ControlContext ignores its Control.
func (g *Guard) Control(_ context.Context, network, address string, _ syscall.RawConn) error {
	if network != "tcp4" && network != "tcp6" {
		return fmt.Errorf("%w: network %q is not TCP", ErrBlocked, network)
	}
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: not an address and a port", ErrBlocked)
	}
	return g.CheckAddr(target.Addr())
}

// lookup returns at least one address of host, which may be an address itself.
func (g *Guard) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}, nil
	}
	addrs, err := g.resolver().LookupNetIP(ctx, "ip", host)
	if err == nil && len(addrs) == 0 {
		err = &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return addrs, err
}

func (g *Guard) resolver() *net.Resolver {
	if g == nil || g.Resolver == nil {
		return net.DefaultResolver
	}
	return g.Resolver
}

// verdict says why addr is blocked, and nothing if it is not.
func (g *Guard) verdict(addr netip.Addr) string {
	addr = addr.Unmap()
	if !addr.IsValid() {
		return "no address"
	}
	if addr.Zone() != "" {
		return "it has a zone"
	}
	inner, count := embedded(addr)
	if g != nil {
		if v4, ok := translated(g.NAT64, addr); ok {
			inner[0], count = v4, 1
		}
		if contains(g.Deny, addr) {
			return "denied"
		}
		for _, v4 := range inner[:count] {
			if contains(g.Deny, v4) {
				return "denied"
			}
		}
		if contains(g.Allow, addr) {
			return ""
		}
	}
	if count == 0 {
		return special(addr)
	}
	for _, v4 := range inner[:count] {
		if why := g.verdict(v4); why != "" {
			return "embedded " + why
		}
	}
	return ""
}

// contains reports whether one of prefixes has addr. A prefix of mapped addresses
// is read as the IPv4 prefix that it means.
func contains(prefixes []netip.Prefix, addr netip.Addr) bool {
	for _, p := range prefixes {
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// shownError has a text that may be shown to anybody, and a cause.
type shownError struct {
	text string
	err  error
}

func (e *shownError) Error() string { return e.text }
func (e *shownError) Unwrap() error { return e.err }
