package sender

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/cactuscorp/cactus/signature"
)

// LegacySigner is a [signature.Signer] of a scheme that is older than Standard
// Webhooks, for receivers that know no other. Make it with [LegacyHub] or
// [LegacyWhisperer]. Neither signs an id or a time, so that whoever sees one
// request can send it again at any time.
//
// It never shows its secret when it is formatted, logged or marshalled, and is
// safe for concurrent use.
type LegacySigner struct {
	name   string
	header string
	sum    func(body []byte) []byte // a function, so that printing shows no secret
}

var _ signature.Signer = (*LegacySigner)(nil)

// LegacyHub signs like the Python package webhooks: x-hub-signature is "sha256="
// and the hexadecimal SHA-256 of the secret followed by the body.
//
// That is not an HMAC, although WebSub and GitHub put one under a name like this.
// Who has seen one signed body can append to it and sign the result without the
// secret. Use it for receivers that check just this, and for nothing new.
//
// The secret is used as it is. An empty or blank one is refused.
func LegacyHub(secret string) (*LegacySigner, error) {
	if err := checkLegacySecret("LegacyHub", secret); err != nil {
		return nil, err
	}
	return &LegacySigner{"legacyhub", "X-Hub-Signature", func(body []byte) []byte {
		h := sha256.New()
		_, _ = io.WriteString(h, secret)
		_, _ = h.Write(body)
		return h.Sum(nil)
	}}, nil
}

// LegacyWhisperer signs like Django Whisperer: X-Whisperer-Signature is "sha256="
// and the hexadecimal HMAC-SHA256 of the body.
//
// The secret is used as it is. An empty or blank one is refused, of which
// Whisperer thinks as of none.
func LegacyWhisperer(secret string) (*LegacySigner, error) {
	if err := checkLegacySecret("LegacyWhisperer", secret); err != nil {
		return nil, err
	}
	return &LegacySigner{"legacywhisperer", "X-Whisperer-Signature", func(body []byte) []byte {
		h := hmac.New(sha256.New, []byte(secret))
		_, _ = h.Write(body)
		return h.Sum(nil)
	}}, nil
}

func checkLegacySecret(function, secret string) error {
	if strings.TrimSpace(secret) == "" {
		return fmt.Errorf("%s: the secret is empty, want the one that the receiver has", function)
	}
	return nil
}

var (
	errLegacyUnmade = fmt.Errorf("%w: the signer was not made with LegacyHub or LegacyWhisperer", signature.ErrCannotSign)
	errLegacyHeader = fmt.Errorf("%w: the header map is nil", signature.ErrCannotSign)
	errLegacyText   = errors.New("sender: a LegacySigner has a secret and cannot be read back")
)

// Sign implements [signature.Signer]. The schemes have neither an id nor a time,
// so both are ignored.
func (l *LegacySigner) Sign(h http.Header, _ string, body []byte, _ time.Time) error {
	switch {
	case l == nil || l.sum == nil:
		return errLegacyUnmade
	case h == nil:
		return errLegacyHeader
	}
	h[l.header] = []string{"sha256=" + hex.EncodeToString(l.sum(body))}
	return nil
}

// Kind returns the name of the scheme, "legacyhub" or "legacywhisperer", which is
// what a stored [Message] says of its signer. It is empty for one that was not made
// with either.
func (l *LegacySigner) Kind() string {
	if l == nil {
		return ""
	}
	return l.name
}

// String returns the name of the scheme.
func (l LegacySigner) String() string { return l.name }

// Format writes the name of the scheme, whatever the verb.
func (l LegacySigner) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, l.name) }

// LogValue returns the name of the scheme.
func (l LegacySigner) LogValue() slog.Value { return slog.StringValue(l.name) }

// MarshalText returns the name of the scheme. It serves encoding/json too.
func (l LegacySigner) MarshalText() ([]byte, error) { return []byte(l.name), nil }

// UnmarshalText always fails: what MarshalText writes has no secret.
func (l *LegacySigner) UnmarshalText([]byte) error { return errLegacyText }
