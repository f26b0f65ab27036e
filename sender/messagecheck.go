package sender

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// reserved are the headers that a message cannot have of its own, by their
// canonical names, and whose they are.
var reserved = func() map[string]string {
	names := map[string]string{}
	for owner, list := range map[string]string{
		"the URL":        "Host",
		"the body":       "Content-Length Transfer-Encoding Trailer",
		"the connection": "Connection Keep-Alive Proxy-Connection Proxy-Authenticate Proxy-Authorization Te Upgrade Expect Http2-Settings",
		"the ID":         "Webhook-Id Svix-Id",
		"a Signer": "Webhook-Timestamp Webhook-Signature Svix-Timestamp Svix-Signature " +
			"Stripe-Signature X-Hub-Signature X-Hub-Signature-256 X-Slack-Signature X-Slack-Request-Timestamp " +
			"X-Whisperer-Signature X-Basecamp-Signature Calendly-Webhook-Signature Linear-Signature Paddle-Signature " +
			"Paypal-Transmission-Sig Typeform-Signature X-Discourse-Event-Signature X-Docusign-Signature-1 " +
			"X-Dropbox-Signature X-Gitea-Signature X-Gitlab-Token X-Hubspot-Signature-V3 X-Line-Signature " +
			"X-Shopify-Hmac-Sha256 X-Signature-Ed25519 X-Signature-Timestamp X-Square-Hmacsha256-Signature " +
			"X-Twilio-Signature X-Zm-Signature X-Zm-Request-Timestamp",
	} {
		for name := range strings.FieldsSeq(list) {
			names[name] = owner
		}
	}
	return names
}()

// target returns the URL, or what is wrong with the message itself, whatever
// endpoint it goes to: its URL, its headers, its timeout. The error names the field,
// and has no value in it. Addresses are not looked up, and a signer or authorizer
// may be missing: those are for the attempt.
func (m *Message) target() (*url.URL, error) {
	if m == nil {
		return nil, errors.New("message: is nil")
	}
	if m.Timeout < 0 {
		return nil, errors.New("timeout: must not be negative")
	}
	u, err := parseTarget(m.URL)
	if err != nil {
		return nil, err
	}
	for name, values := range m.Header {
		if err := checkHeader(name, values); err != nil {
			return nil, err
		}
	}
	return u, checkIDHeader(m.IDHeader, m.ID, m.Header)
}

func checkHeader(name string, values []string) error {
	switch {
	case !isToken(name):
		return fmt.Errorf("header %q: is not a header's name", name)
	case http.CanonicalHeaderKey(name) != name:
		return fmt.Errorf("header %q: must be written %s", name, http.CanonicalHeaderKey(name))
	}
	if owner, ok := reserved[name]; ok {
		return fmt.Errorf("header %s: cannot be set, it belongs to %s", name, owner)
	}
	for _, value := range values {
		if strings.ContainsFunc(value, notFieldValue) {
			return fmt.Errorf("header %s: must have no control characters", name)
		}
	}
	return nil
}

// isToken is the grammar of RFC 9110, section 5.6.2.
func isToken(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
			return false
		default:
			return !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
		}
	})
}

func notFieldValue(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// mayCarryCredentials reports whether nobody between here and u can read along:
// HTTPS, or a connection that does not leave this machine.
func (c *Client) mayCarryCredentials(u *url.URL) bool {
	if u.Scheme == "https" {
		return true
	}
	if c.proxied {
		return false // loopback would be the proxy's
	}
	host := u.Hostname()
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback() || isLocalhost(host)
}

// isLocalhost reports whether host is the name that a dialer takes nowhere else.
func isLocalhost(host string) bool {
	return strings.EqualFold(strings.TrimSuffix(host, "."), "localhost")
}
