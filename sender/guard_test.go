package sender

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGuard_LetsPublicUnicastThroughAndNothingElse(t *testing.T) {
	t.Parallel()

	for _, text := range []string{
		"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
		"168.63.129.15", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.31.196.1", "198.17.255.255", "198.20.0.0", "223.255.255.255",
		"2606:4700::1111", "2001:4860::8888", "2001:200::1", "2a00::1", "::ffff:8.8.8.8",
		"64:ff9b::8.8.8.8", "2002:808:808::1", "2001:0:808:808::f7f7:f7f7",
	} {
		require.NoError(t, new(Guard).CheckAddr(netip.MustParseAddr(text)), text)
	}
	for _, text := range []string{
		"0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.0", "100.100.100.200", "100.127.255.255", "127.0.0.1", "127.255.255.255",
		"168.63.129.16", "169.254.169.254", "172.16.0.0", "172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1",
		"192.168.1.1", "198.18.0.0", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.0",
		"255.255.255.255",
		"::", "::1", "::7f00:1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:0:127.0.0.1", "::ffff:169.254.169.254",
		"64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b:0:0:1::1", "64:ff9b:1::8.8.8.8", "100::1", "100:0:0:1::1", "200::1", "1000::1",
		"2001::", "2001:0:808:808::80ff:fffe", "2001:0:a00:1::f7f7:f7f7", "2001:1::1", "2001:2::1", "2001:10::1", "2001:20::1", "2001:30::1", "2001:1ff::1",
		"2001:db8::1", "2002:7f00:1::1", "2002:a9fe:a9fe::1", "3fff::1", "3fff:fff::1", "4000::1", "5f00::1",
		"fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "2606:4700::1%eth0", "febf::1", "fec0::1", "ff02::1",
	} {
		require.ErrorIs(t, new(Guard).CheckAddr(netip.MustParseAddr(text)), ErrBlocked, text)
	}
	require.ErrorIs(t, new(Guard).CheckAddr(netip.Addr{}), ErrBlocked)
	require.ErrorIs(t, (*Guard)(nil).CheckAddr(netip.MustParseAddr("10.0.0.1")), ErrBlocked)
	require.NoError(t, (*Guard)(nil).CheckAddr(netip.MustParseAddr("8.8.8.8")))
}

func prefixes(texts ...string) (list []netip.Prefix) {
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

func TestGuard_DenyWinsOverAllowAndAllowOverTheDefault(t *testing.T) {
	t.Parallel()

	g := &Guard{Allow: prefixes("10.0.0.0/8", "8.0.0.0/8"), Deny: prefixes("10.1.0.0/16", "8.8.8.0/24", "::ffff:9.9.9.0/120", "2606:4700::/32")}
	for _, text := range []string{"10.2.0.1", "8.8.4.4", "1.1.1.1", "::ffff:10.2.0.1", "64:ff9b::10.2.0.1", "2002:a02:1::1"} {
		require.NoError(t, g.CheckAddr(netip.MustParseAddr(text)), text)
	}
	for _, text := range []string{"10.1.0.1", "8.8.8.8", "9.9.9.9", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1", "2606:4700::1", "192.168.0.1"} {
		require.ErrorIs(t, g.CheckAddr(netip.MustParseAddr(text)), ErrBlocked, text)
	}
	wide := &Guard{Allow: prefixes("::/0", "0.0.0.0/0"), Deny: prefixes("10.0.0.0/8")}
	require.NoError(t, wide.CheckAddr(netip.MustParseAddr("127.0.0.1")))
	require.ErrorIs(t, wide.CheckAddr(netip.MustParseAddr("64:ff9b::10.0.0.1")), ErrBlocked, "an embedded address is denied too")
}

// The vectors are those of section 2.4 of RFC 6052, with public addresses.
func TestGuard_SeesThroughTheNetworksOwnNAT64(t *testing.T) {
	t.Parallel()

	for prefix, c := range map[string]struct{ public, private string }{
		"2a00:db8::/32":         {"2a00:db8:808:808::", "2a00:db8:a00:1::"},
		"2a00:db8:100::/40":     {"2a00:db8:108:808:8::", "2a00:db8:10a:0:1::"},
		"2a00:db8:122::/48":     {"2a00:db8:122:808:8:800::", "2a00:db8:122:a00:0:100::"},
		"2a00:db8:122:300::/56": {"2a00:db8:122:308:8:808::", "2a00:db8:122:30a:0:1::"},
		"2a00:db8:122:344::/64": {"2a00:db8:122:344:8:808:800::", "2a00:db8:122:344:a:0:100::"},
		"2a00:db8:122:344::/96": {"2a00:db8:122:344::8.8.8.8", "2a00:db8:122:344::169.254.169.254"},
		"64:ff9b:1:fffe::/96":   {"64:ff9b:1:fffe::8.8.8.8", "64:ff9b:1:fffe::10.0.0.1"},
		"fd00:64:ff9b::/96":     {"fd00:64:ff9b::8.8.8.8", "fd00:64:ff9b::10.0.0.1"},
	} {
		g := &Guard{NAT64: prefixes(prefix)}
		require.True(t, isNAT64(g.NAT64[0]), prefix)
		require.NoError(t, g.CheckAddr(netip.MustParseAddr(c.public)), prefix)
		require.ErrorIs(t, g.CheckAddr(netip.MustParseAddr(c.private)), ErrBlocked, prefix)
		g.Deny = prefixes("8.8.8.0/24")
		require.ErrorIs(t, g.CheckAddr(netip.MustParseAddr(c.public)), ErrBlocked, prefix)
		g.Allow = prefixes("10.0.0.0/8", "169.254.0.0/16")
		require.NoError(t, g.CheckAddr(netip.MustParseAddr(c.private)), prefix)
	}
	for _, text := range []string{"64:ff9b::/95", "2a00::/33", "8.8.8.8/32", "2606:4700::1/128"} {
		p := netip.MustParsePrefix(text)
		require.False(t, isNAT64(p), text)
		require.ErrorIs(t, (&Guard{NAT64: []netip.Prefix{p}}).CheckAddr(p.Addr()), ErrBlocked, text)
	}
}

func TestGuard_ControlTakesTCPAddressesAlone(t *testing.T) {
	t.Parallel()

	g := new(Guard)
	require.NoError(t, g.Control(t.Context(), "tcp4", "8.8.8.8:443", nil))
	require.NoError(t, g.Control(t.Context(), "tcp6", "[2606:4700::1]:443", nil))
	for _, c := range [][2]string{
		{"udp4", "8.8.8.8:53"},
		{"unix", "/run/docker.sock"},
		{"tcp4", "example.com:80"},
		{"tcp4", "10.0.0.1:80"},
		{"tcp6", "[fe80::1%lo]:80"},
		{"tcp6", "[::1]:80"},
		{"tcp4", ""},
	} {
		require.ErrorIs(t, g.Control(t.Context(), c[0], c[1], nil), ErrBlocked, c)
	}
	require.NotNil(t, (&net.Dialer{ControlContext: g.Control}).ControlContext)
}

func TestGuard_CheckURLNamesTheField(t *testing.T) {
	t.Parallel()

	long := strings.Repeat("a", 64)
	for rawURL, want := range map[string]string{
		"":                                             "url: is missing",
		"https://example.com/?t=s\x00ecret":            "url: is malformed",
		"https://%31%32%37.0.0.1/":                     "url: is malformed",
		"https://[::1":                                 "url: is malformed",
		"https://a:secret/":                            "url: is malformed",
		"ftp://example.com":                            "url: scheme must be",
		"//example.com":                                "url: scheme must be",
		"example.com":                                  "url: scheme must be",
		"javascript:alert(1)":                          "url: scheme must be",
		"https://user:secret@8.8.8.8":                  "url: must have no user name",
		"https://@8.8.8.8":                             "url: must have no user name",
		"https:///path":                                "url: host is missing",
		"https:opaque":                                 "url: host is missing",
		"https://8.8.8.8/?q= HTTP/1.0":                 "url: must have no spaces",
		"https://8.8.8.8/a b":                          "url: must have no spaces",
		"https://8.8.8.8/hooks ":                       "url: must have no spaces",
		" https://8.8.8.8/":                            "url: must have no spaces",
		"https://:443":                                 "url: host is missing",
		"https://8.8.8.8:0":                            "url: port must be",
		"https://8.8.8.8:65536":                        "url: port must be",
		"https://[fe80::1%25eth0]/":                    "url: host must have no zone",
		"https://[8.8.8.8]/":                           "url: ", // by package url, and before Go 1.26 by us
		"https://bücher.example":                       "url: host must be an address or a name",
		"https://１２７.0.0.1":                            "url: host must be an address or a name",
		"https://ex%41mple%2ecom":                      "url: is malformed",
		"https://a..example":                           "url: host must be an address or a name",
		"https://.example":                             "url: host must be an address or a name",
		"https://8.8.8.8..":                            "url: host must be an address or a name",
		"https://" + long + ".example":                 "url: host must have at most",
		"https://" + strings.Repeat("a.", 200):         "url: host must have at most",
		"https://0177.0.0.1":                           "url: host looks like an IPv4",
		"https://2130706433":                           "url: host looks like an IPv4",
		"https://0x7f000001":                           "url: host looks like an IPv4",
		"https://0x7F.1":                               "url: host looks like an IPv4",
		"https://127.1":                                "url: host looks like an IPv4",
		"https://127.0.0.1.":                           "url: host looks like an IPv4",
		"https://example.0x":                           "url: host looks like an IPv4",
		"https://8.8.8.8/" + strings.Repeat("a", 8192): "url: must have at most",
		"https://10.0.0.1":                             "url: host: leads to an address that is not allowed",
		"https://[::ffff:7f00:1]:8443/":                "url: host: leads to an address that is not allowed",
		"http://169.254.169.254/latest":                "url: host: leads to an address that is not allowed",
	} {
		err := new(Guard).CheckURL(t.Context(), rawURL)
		require.ErrorContains(t, err, want, rawURL)
		require.NotContains(t, err.Error(), "secret")
		require.Equal(t, strings.Contains(want, "not allowed"), errors.Is(err, ErrBlocked), rawURL)
	}
	for _, rawURL := range []string{"https://8.8.8.8", "http://8.8.8.8:/x", "HTTPS://8.8.8.8:8443/?q#f", "https://[2606:4700::1111]:1/"} {
		require.NoError(t, (*Guard)(nil).CheckURL(t.Context(), rawURL), rawURL)
	}
}

func TestGuard_CheckURLWantsEveryAddressOfANameAllowed(t *testing.T) {
	t.Parallel()

	dns := &fakeDNS{answers: map[string][][]string{
		"public.example.":        {{"8.8.8.8", "2606:4700::1111"}},
		"mixed.example.":         {{"8.8.8.8", "10.0.0.1"}},
		"six.example.":           {{"8.8.8.8", "::ffff:127.0.0.1"}},
		"xn--bcher-kva.example.": {{"8.8.8.8"}},
	}}
	g := &Guard{Resolver: dns.resolver()}
	require.NoError(t, g.CheckURL(t.Context(), "https://public.example/hooks"))
	require.NoError(t, g.CheckURL(t.Context(), "https://PUBLIC.example.:8443/hooks"))
	require.NoError(t, g.CheckURL(t.Context(), "https://xn--bcher-kva.example"))
	for _, name := range []string{"mixed", "six"} {
		err := g.CheckURL(t.Context(), "https://"+name+".example")
		require.ErrorIs(t, err, ErrBlocked)
		require.EqualError(t, err, "url: host: leads to an address that is not allowed")
	}
	err := g.CheckURL(t.Context(), "https://missing.example/?token=secret")
	require.EqualError(t, err, "url: host: name not found")
}

func TestAttempt_IsNotLedAstrayByANameThatChanges(t *testing.T) {
	t.Parallel()

	var reached atomic.Int32
	_, port := serveHTTP(t, func(http.ResponseWriter, *http.Request) { reached.Add(1) })
	dns := &fakeDNS{answers: map[string][][]string{"rebind.example.": {{"8.8.8.8"}, {"127.0.0.1"}}}}
	guard := &Guard{Resolver: dns.resolver()}
	c := NewClient(Config{Guard: guard})
	rawURL := "http://rebind.example:" + port + "/"

	require.NoError(t, guard.CheckURL(t.Context(), rawURL), "at first it is public")
	a := c.Attempt(t.Context(), &Message{URL: rawURL, Body: []byte("{}")}, 1)
	require.Equal(t, Refused, a.Outcome)
	require.Equal(t, "address not allowed", a.Reason)
	require.ErrorIs(t, a.Err, ErrBlocked)
	require.Zero(t, reached.Load())

	open := NewClient(Config{Guard: &Guard{Allow: prefixes("127.0.0.0/8"), Resolver: dns.resolver()}})
	defer open.CloseIdleConnections()
	require.Equal(t, Delivered, open.Attempt(t.Context(), &Message{URL: rawURL}, 1).Outcome)
	require.EqualValues(t, 1, reached.Load())
}

// fakeDNS answers look-ups of a name in turn, and the last answer for ever.
type fakeDNS struct {
	answers map[string][][]string
	asked   atomic.Int32 // for A records, of all names
}

func (d *fakeDNS) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go d.serve(theirs)
		return ours, nil
	}}
}

// serve speaks DNS over a stream (RFC 1035, section 4.2.2).
func (d *fakeDNS) serve(conn net.Conn) {
	defer conn.Close()
	for {
		var length [2]byte
		if _, err := io.ReadFull(conn, length[:]); err != nil {
			return
		}
		query := make([]byte, binary.BigEndian.Uint16(length[:]))
		if _, err := io.ReadFull(conn, query); err != nil {
			return
		}
		answer := d.answer(query)
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
			return
		}
	}
}

func (d *fakeDNS) answer(query []byte) []byte {
	labels, i := []string{}, 12
	for query[i] != 0 {
		labels = append(labels, string(query[i+1:i+1+int(query[i])]))
		i += 1 + int(query[i])
	}
	name := strings.ToLower(strings.Join(labels, ".") + ".")
	kind := binary.BigEndian.Uint16(query[i+1:])
	answer := append([]byte{}, query[:2]...)
	turns, ok := d.answers[name]
	if !ok {
		answer = append(answer, 0x81, 0x83, 0, 1, 0, 0, 0, 0, 0, 0)
		return append(answer, query[12:i+5]...)
	}
	turn := int(d.asked.Load())
	if kind == 1 {
		turn = int(d.asked.Add(1)) - 1
	}
	var records []byte
	count := byte(0)
	for _, text := range turns[min(turn, len(turns)-1)] {
		addr := netip.MustParseAddr(text)
		if addr.Is4() != (kind == 1) {
			continue
		}
		count++
		records = append(records, 0xc0, 12, byte(kind>>8), byte(kind), 0, 1, 0, 0, 0, 0, 0, byte(addr.BitLen()/8))
		records = append(records, addr.AsSlice()...)
	}
	answer = append(answer, 0x81, 0x80, 0, 1, 0, count, 0, 0, 0, 0)
	return append(append(answer, query[12:i+5]...), records...)
}

func FuzzGuardAddr(f *testing.F) {
	for _, text := range []string{"8.8.8.8", "::1", "64:ff9b::1", "2002:7f00:1::", "2001:0:808:808::f7f7:f7f7", "fe80::1", "ff02::1"} {
		f.Add(netip.MustParseAddr(text).AsSlice())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		addr, ok := netip.AddrFromSlice(b)
		err := new(Guard).CheckAddr(addr)
		if !ok {
			require.Error(t, err)
			return
		}
		plain := addr.Unmap()
		if plain.IsPrivate() || plain.IsLoopback() || plain.IsMulticast() || plain.IsLinkLocalUnicast() ||
			plain.IsUnspecified() || plain.IsInterfaceLocalMulticast() || !plain.IsGlobalUnicast() {
			require.ErrorIs(t, err, ErrBlocked, addr)
		}
		require.Equal(t, err == nil, new(Guard).CheckAddr(plain) == nil, "mapped or not")
		if inner, n := embedded(plain); n == 1 {
			require.Equal(t, new(Guard).CheckAddr(inner[0]) == nil, err == nil, addr)
		}
		for bits := 0; bits <= 128 && plain.Is6(); bits++ {
			p := netip.PrefixFrom(plain, bits)
			v4, _ := translated([]netip.Prefix{p}, plain)
			require.Equal(t, isNAT64(p), v4.Is4(), p)
			if (&Guard{NAT64: []netip.Prefix{p}}).CheckAddr(addr) == nil {
				require.NoError(t, new(Guard).CheckAddr(v4), p)
			}
		}
		require.ErrorIs(t, (&Guard{Deny: []netip.Prefix{netip.PrefixFrom(plain, plain.BitLen())}, Allow: prefixes("::/0", "0.0.0.0/0")}).CheckAddr(addr), ErrBlocked)
		require.NoError(t, (&Guard{Allow: []netip.Prefix{netip.PrefixFrom(plain, plain.BitLen())}}).CheckAddr(addr))
	})
}

func FuzzCheckURL(f *testing.F) {
	for _, rawURL := range []string{
		"https://example.com/x?y=z", "http://127.1", "http://0x7f.1:80", "http://[::ffff:7f00:1]:/", "http://[fe80::1%25lo]", "https://a:b@c",
		"http://1.2.3.4:99999", "https://%31.example", "http://2130706433", "http://8.8.8.8:", "HTTP://8.8.8.8#f", "http://8.8.8.8\\@10.0.0.1",
	} {
		f.Add(rawURL)
	}
	resolver := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no network")
	}}
	f.Fuzz(func(t *testing.T, rawURL string) {
		u, err := parseTarget(rawURL)
		if err == nil {
			require.Contains(t, []string{"http", "https"}, u.Scheme)
			require.Nil(t, u.User)
			require.NotEmpty(t, u.Hostname())
			again, err := parseTarget(u.String())
			require.NoError(t, err, "what is sent is what was checked")
			require.Equal(t, u.Host, again.Host)
		} else {
			require.True(t, strings.HasPrefix(err.Error(), "url: "))
		}
		var addr netip.Addr
		if err == nil {
			if addr, err = netip.ParseAddr(u.Hostname()); err != nil {
				return // a name: no look-ups here
			}
		}
		checked := (&Guard{Resolver: resolver}).CheckURL(t.Context(), rawURL)
		require.Equal(t, err == nil && new(Guard).CheckAddr(addr) == nil, checked == nil)
	})
}

// An endpoint's owner writes the URL as a browser shows it.
func TestAttempt_EncodesWhatAQueryMustNotHave(t *testing.T) {
	t.Parallel()

	seen := make(chan string, 1)
	rawURL, _ := serveHTTP(t, func(_ http.ResponseWriter, r *http.Request) { seen <- r.RequestURI })
	for given, want := range map[string]string{
		"/h?name=Jos\u00e9&x=%C3%A9+%20": "/h?name=Jos%C3%A9&x=%C3%A9+%20",
		"/h?\xff=1":                      "/h?%FF=1",
		"/\u00e9?a=b%20c":                "/%C3%A9?a=b%20c",
		"/{id}/a%20b?t={t}":              "/%7Bid%7D/a%20b?t={t}",
		"/?":                             "/?",
	} {
		a := loopbackClient(t, Config{}).Attempt(t.Context(), &Message{URL: rawURL + given}, 1)
		require.Equal(t, Delivered, a.Outcome, a.Err)
		require.Equal(t, want, <-seen)
	}
}
