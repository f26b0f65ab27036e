package sender

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
)

// Authorizer adds credentials to each attempt, after everything else is in the
// header. It is called concurrently, and only if nobody on the way can read along:
// over HTTPS, or to this machine itself.
type Authorizer interface {
	// Kind names it in a stored [Message]: "basic", "bearer" and so on. It is no
	// secret.
	Kind() string
	// Authorize sets headers in h: it replaces values and does not change those
	// that are there, which are the message's. A header of the message's own
	// cannot be replaced. An error refuses the attempt; it must not have the
	// credentials in it.
	Authorize(ctx context.Context, h http.Header) error
}

// credential is an Authorizer that sets one header to one value. No verb prints
// the value.
type credential struct {
	kind, header string
	value        string
}

// Basic authorizes with a user's name and password, after RFC 7617. Its Kind is
// "basic". It panics if user has a colon, or either a control character.
func Basic(user, password string) Authorizer {
	if strings.Contains(user, ":") || strings.ContainsFunc(user+password, notFieldValue) {
		panic("sender.Basic: the user must have no colon, and neither a control character")
	}
	encoded := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
	return &credential{"basic", "Authorization", "Basic " + encoded}
}

// Bearer authorizes with a token, after RFC 6750. Its Kind is "bearer". It panics
// if token is empty or is not printable ASCII without spaces.
func Bearer(token string) Authorizer {
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		panic("sender.Bearer: the token must be printable ASCII without spaces")
	}
	return &credential{"bearer", "Authorization", "Bearer " + token}
}

// HeaderAuth authorizes with a header of that name and value. Its Kind is
// "header:" and the canonical name. It panics if name is no header's or one of
// those that a [Message] cannot have, or if value is empty or has control
// characters.
func HeaderAuth(name, value string) Authorizer {
	switch {
	case !isToken(name):
		panic("sender.HeaderAuth: the first argument is not a header's name")
	case reserved[http.CanonicalHeaderKey(name)] != "":
		panic("sender.HeaderAuth: " + http.CanonicalHeaderKey(name) + " cannot be set")
	case strings.TrimSpace(value) == "" || strings.ContainsFunc(value, notFieldValue):
		panic("sender.HeaderAuth: the value must not be empty nor have control characters")
	}
	name = http.CanonicalHeaderKey(name)
	return &credential{"header:" + name, name, value}
}

// Kind implements [Authorizer].
func (c *credential) Kind() string { return c.kind }

// Authorize implements [Authorizer].
func (c *credential) Authorize(_ context.Context, h http.Header) error {
	h[c.header] = []string{c.value}
	return nil
}

// Format prints the kind, whatever the verb.
func (c *credential) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "sender."+c.kind+"(redacted)")
}

// LogValue returns the kind.
func (c *credential) LogValue() slog.Value { return slog.StringValue(c.kind) }

// MarshalText returns the kind: fields are unexported, but an encoder that walks
// them by reflection asks here first.
func (c *credential) MarshalText() ([]byte, error) { return []byte(c.kind), nil }
