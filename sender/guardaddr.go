package sender

import (
	"net/netip"
	"slices"
)

// A block is a range of addresses that is not for public unicast.
type block struct {
	prefix netip.Prefix
	name   string
}

// blocks4 are the entries of IANA's IPv4 Special-Purpose Address Registry that are
// not globally reachable (https://www.iana.org/assignments/iana-ipv4-special-registry),
// multicast (RFC 5771), and one address that is public in name only. The anycast
// entries that are reachable (192.31.196.0/24, 192.52.193.0/24, 192.175.48.0/24)
// are public, those within 192.0.0.0/24 serve no webhooks.
var blocks4 = []block{
	{netip.MustParsePrefix("0.0.0.0/8"), "this network"},
	{netip.MustParsePrefix("10.0.0.0/8"), "private use"},
	{netip.MustParsePrefix("100.64.0.0/10"), "shared address space"},
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback"},
	{netip.MustParsePrefix("168.63.129.16/32"), "Azure's platform, as seen from inside"},
	{netip.MustParsePrefix("169.254.0.0/16"), "link local"},
	{netip.MustParsePrefix("172.16.0.0/12"), "private use"},
	{netip.MustParsePrefix("192.0.0.0/24"), "IETF protocol assignments"},
	{netip.MustParsePrefix("192.0.2.0/24"), "documentation"},
	{netip.MustParsePrefix("192.88.99.0/24"), "deprecated 6to4 relays"},
	{netip.MustParsePrefix("192.168.0.0/16"), "private use"},
	{netip.MustParsePrefix("198.18.0.0/15"), "benchmarking"},
	{netip.MustParsePrefix("198.51.100.0/24"), "documentation"},
	{netip.MustParsePrefix("203.0.113.0/24"), "documentation"},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved or broadcast"},
}

// global6 is all of IPv6 that IANA assigns for global unicast
// (https://www.iana.org/assignments/ipv6-address-space). Outside are, among
// others, ::/96, 64:ff9b:1::/48, 100::/64, 5f00::/16, fc00::/7, fe80::/10,
// fec0::/10 and ff00::/8; they are named for who reads the error.
var (
	global6  = netip.MustParsePrefix("2000::/3")
	outside6 = []block{
		{netip.MustParsePrefix("::/128"), "unspecified"},
		{netip.MustParsePrefix("::1/128"), "loopback"},
		{netip.MustParsePrefix("::/96"), "deprecated IPv4-compatible"},
		{netip.MustParsePrefix("64:ff9b:1::/48"), "NAT64 for local use"},
		{netip.MustParsePrefix("100::/64"), "discard only"},
		{netip.MustParsePrefix("5f00::/16"), "segment routing"},
		{netip.MustParsePrefix("fc00::/7"), "unique local"},
		{netip.MustParsePrefix("fe80::/10"), "link local"},
		{netip.MustParsePrefix("fec0::/10"), "deprecated site local"},
		{netip.MustParsePrefix("ff00::/8"), "multicast"},
	}
)

// blocks6 are the entries within global6 of IANA's IPv6 Special-Purpose Address
// Registry (https://www.iana.org/assignments/iana-ipv6-special-registry).
// 2001::/23 has benchmarking, ORCHID and others, and nothing that serves webhooks.
var blocks6 = []block{
	{netip.MustParsePrefix("2001::/23"), "IETF protocol assignments"},
	{netip.MustParsePrefix("2001:db8::/32"), "documentation"},
	{netip.MustParsePrefix("3fff::/20"), "documentation"},
}

var (
	nat64  = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052
	sixTo4 = netip.MustParsePrefix("2002::/16")    // RFC 3056
	teredo = netip.MustParsePrefix("2001::/32")    // RFC 4380
)

// translated returns the IPv4 address that addr stands for in one of prefixes, as
// section 2.2 of RFC 6052 has it: its bytes follow the prefix, but none is the
// ninth. A prefix of another length stands for no address, and so for none that is
// allowed.
func translated(prefixes []netip.Prefix, addr netip.Addr) (v4 netip.Addr, ok bool) {
	for _, p := range prefixes {
		if !p.Contains(addr) {
			continue
		}
		if !isNAT64(p) {
			return netip.Addr{}, true
		}
		b, out, at := addr.As16(), [4]byte{}, p.Bits()/8
		for i := range out {
			if at == 8 {
				at++
			}
			out[i] = b[at]
			at++
		}
		return netip.AddrFrom4(out), true
	}
	return netip.Addr{}, false
}

// isNAT64 reports whether p is as long as RFC 6052 allows.
func isNAT64(p netip.Prefix) bool {
	return p.Addr().Is6() && !p.Addr().Is4In6() && slices.Contains([]int{32, 40, 48, 56, 64, 96}, p.Bits())
}

// special says what kind of special purpose addr has, and nothing if it is public
// unicast. It is neither mapped nor zoned and embeds no address.
func special(addr netip.Addr) string {
	if addr.Is4() {
		return blockOf(blocks4, addr, "")
	}
	if !global6.Contains(addr) {
		return blockOf(outside6, addr, "not global unicast")
	}
	if b := addr.As16(); b[8]&^2 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe {
		return "ISATAP" // RFC 5214: a tunnel within a site
	}
	return blockOf(blocks6, addr, "")
}

func blockOf(blocks []block, addr netip.Addr, otherwise string) string {
	for i := range blocks {
		if blocks[i].prefix.Contains(addr) {
			return blocks[i].name
		}
	}
	return otherwise
}

// embedded returns the IPv4 addresses to which a packet for addr is carried on: up
// to two, a Teredo server and its client.
func embedded(addr netip.Addr) (inner [2]netip.Addr, count int) {
	if !addr.Is6() {
		return inner, 0
	}
	b := addr.As16()
	switch {
	case nat64.Contains(addr):
		inner[0] = netip.AddrFrom4([4]byte(b[12:16]))
		return inner, 1
	case sixTo4.Contains(addr):
		inner[0] = netip.AddrFrom4([4]byte(b[2:6]))
		return inner, 1
	case teredo.Contains(addr):
		inner[0] = netip.AddrFrom4([4]byte(b[4:8]))
		inner[1] = netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]})
		return inner, 2
	default:
		return inner, 0
	}
}
