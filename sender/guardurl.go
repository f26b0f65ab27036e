package sender

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of a URL and its host, in bytes. That of a host is DNS's own.
const (
	maxURL   = 8192
	maxHost  = 253
	maxLabel = 63
)

// Errors of a URL never quote it: a query often has a token in it.
var (
	errURLMissing  = errors.New("url: is missing")
	errURLLong     = errors.New("url: must have at most 8192 bytes")
	errURLSpace    = errors.New("url: must have no spaces; write %20 for one that is meant")
	errURLSyntax   = errors.New("url: is malformed, want one such as https://example.com/hooks")
	errURLScheme   = errors.New("url: scheme must be http or https")
	errURLUser     = errors.New("url: must have no user name or password")
	errURLNoHost   = errors.New("url: host is missing")
	errURLPort     = errors.New("url: port must be 1 to 65535")
	errURLZone     = errors.New("url: host must have no zone")
	errURLHost     = errors.New("url: host must be an address or a name of letters, digits, '-', '_' and '.'; write others in their xn-- form")
	errURLNumber   = errors.New("url: host looks like an IPv4 address but is not four decimal numbers without leading zeros")
	errURLHostLong = errors.New("url: host must have at most 253 bytes, and 63 between two dots")
)

// parseTarget returns the URL to which something may be sent, as far as its text
// can tell. An empty port is taken off.
func parseTarget(rawURL string) (*url.URL, error) {
	switch {
	case rawURL == "":
		return nil, errURLMissing
	case len(rawURL) > maxURL:
		return nil, errURLLong
	case strings.Contains(rawURL, " "):
		return nil, errURLSpace // package url takes it into a query, and so into the request line
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, errURLSyntax
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errURLScheme
	case u.User != nil:
		return nil, errURLUser
	case u.Opaque != "" || u.Hostname() == "":
		return nil, errURLNoHost
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return nil, errURLPort
		}
	}
	u.Host = strings.TrimSuffix(u.Host, ":")
	u.RawQuery = escapeNonASCII(u.RawQuery)
	return u, checkHost(u)
}

// escapeNonASCII percent-encodes what package url lets through in a query but HTTP
// has no place for. Of a path it does so itself.
func escapeNonASCII(query string) string {
	if !strings.ContainsFunc(query, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return query
	}
	var b strings.Builder
	for i := range len(query) { // byte by byte: UTF-8 or not
		if c := query[i]; c >= utf8.RuneSelf {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// checkHost holds u's host against what is an address or a name for everybody. What
// the C library takes for an address (0x7f.1, 0177.0.0.1, 2130706433) is neither.
func checkHost(u *url.URL) error {
	host := u.Hostname()
	if strings.HasPrefix(u.Host, "[") {
		addr, err := netip.ParseAddr(host)
		switch {
		case err != nil || !addr.Is6():
			return errURLHost
		case addr.Zone() != "":
			return errURLZone
		}
		return nil
	}
	if strings.ContainsFunc(host, notHostname) {
		return errURLHost
	}
	return checkName(host)
}

func checkName(host string) error {
	if _, err := netip.ParseAddr(host); err == nil {
		return nil
	}
	name := strings.TrimSuffix(host, ".")
	if len(name) > maxHost {
		return errURLHostLong
	}
	last := ""
	for label := range strings.SplitSeq(name, ".") {
		switch {
		case label == "":
			return errURLHost
		case len(label) > maxLabel:
			return errURLHostLong
		}
		last = label
	}
	if looksNumeric(last) {
		return errURLNumber
	}
	return nil
}

func notHostname(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	default:
		return r != '-' && r != '_' && r != '.'
	}
}

// looksNumeric reports whether a host that ends in label is an IPv4 address for
// browsers and for inet_aton (the WHATWG URL Standard's "ends in a number").
func looksNumeric(label string) bool {
	if hex, ok := strings.CutPrefix(strings.ToLower(label), "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}
