package signature

import (
	"net/http"
	"time"
)

// Slack is the scheme of the X-Slack-Signature header, "v0=a2…": hexadecimal
// HMAC-SHA256 of "v0:{timestamp}:{body}", with the timestamp in
// X-Slack-Request-Timestamp. Make it with [NewSlack], and set the fields before
// first use.
type Slack struct {
	// Tolerance is how far the timestamp may be from the time of verification,
	// in either direction. Zero: [DefaultTolerance], which is Slack's advice.
	// Negative: any timestamp is accepted, for bodies that were verified when
	// they arrived.
	Tolerance time.Duration
	// Now is the clock for calls with a zero time. Nil: [time.Now].
	Now func() time.Time

	scheme *headerScheme
}

// NewSlack returns the scheme with the given keys. A secret is the app's
// signing secret as Slack shows it, and at least 16 bytes long. Tokens are
// refused.
func NewSlack(keys ...Key) (*Slack, error) {
	scheme, err := Format{
		Header:          "X-Slack-Signature",
		Prefix:          "v0=",
		TimestampHeader: "X-Slack-Request-Timestamp",
		Signed:          "v0:{timestamp}:{body}",
	}.compile()
	if err != nil {
		return nil, err
	}
	parse := rawSecret("the app's signing secret", minSecret,
		wrongKind{"xox", "a token"},
		wrongKind{"xapp-", "an app-level token"},
		wrongKind{prefixHMAC, "a secret of another scheme"},
		wrongKind{prefixPrivate, "a Standard Webhooks private key"},
		wrongKind{prefixPublic, "a Standard Webhooks public key"},
	)
	scheme.ring, err = newRing("slack", keys, parse)
	if err != nil {
		return nil, err
	}
	return &Slack{scheme: scheme}, nil
}

// Verify implements [Verifier]. Signatures of another version than v0 are
// unsupported, and a repeated header is refused.
func (s *Slack) Verify(h http.Header, body []byte, at time.Time) (string, error) {
	return s.scheme.verify(h, body, at, clock{s.Tolerance, s.Now})
}

// Sign implements [Signer]. The header holds one signature: the first key that
// is valid at that time signs. The scheme has no id, so id is ignored.
func (s *Slack) Sign(h http.Header, id string, body []byte, at time.Time) error {
	return s.scheme.sign(h, id, body, at, s.Now)
}

// Diagnose implements [Diagnoser].
func (s *Slack) Diagnose(h http.Header, body []byte, at time.Time) Diagnosis {
	return s.scheme.diagnose(slackName, h, body, at, clock{s.Tolerance, s.Now})
}
