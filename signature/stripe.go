package signature

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Stripe is the scheme of the Stripe-Signature header, "t=1495999758,v1=63…":
// hexadecimal HMAC-SHA256 of "{timestamp}.{body}". Several other senders use
// its form. Make it with [NewStripe], and set the fields before first use.
type Stripe struct {
	// Tolerance is how far the timestamp may be from the time of verification,
	// in either direction. Zero: [DefaultTolerance]. Negative: any timestamp is
	// accepted, for bodies that were verified when they arrived.
	Tolerance time.Duration
	// Now is the clock for calls with a zero time. Nil: [time.Now].
	Now func() time.Time

	ring      *ring
	signature *header
	twice     error
}

// NewStripe returns the scheme with the given keys. A secret is the endpoint's
// signing secret as Stripe shows it, whsec_ included, and at least 16 bytes
// long: its bytes are the key, and are not decoded. API keys are refused.
func NewStripe(keys ...Key) (*Stripe, error) {
	parse := rawSecret("an endpoint's signing secret", minSecret,
		wrongKind{"sk_", "a secret API key"},
		wrongKind{"rk_", "a restricted API key"},
		wrongKind{"pk_", "a publishable API key"},
		wrongKind{prefixPrivate, "a Standard Webhooks private key"},
		wrongKind{prefixPublic, "a Standard Webhooks public key"},
	)
	r, err := newRing("stripe", keys, parse)
	if err != nil {
		return nil, err
	}
	return &Stripe{
		ring:      r,
		signature: newHeader("Stripe-Signature", ErrNoSignature),
		twice:     under(ErrBadHeader, "Stripe-Signature has two timestamps"),
	}, nil
}

// Verify implements [Verifier]. The header is a list of name=value items: one
// t, canonical Unix seconds; and v1, of which at most ten are tried. Other
// names, v0 among them, are ignored. Spaces and tabs around an item are
// allowed, and so are empty items and several header lines, as in any header
// that is a list (stripe-go ignores an item after a space). A second t is
// refused.
func (s *Stripe) Verify(h http.Header, body []byte, at time.Time) (string, error) {
	if s.ring == nil {
		return "", ErrNoKey
	}
	lines, err := s.signature.lines(h)
	if err != nil {
		return "", err
	}
	sc := s.ring.get()
	defer s.ring.put(sc)
	text, err := s.collect(sc, lines)
	if err != nil {
		return "", err
	}
	stamp, ok := parseStamp(text)
	if !ok {
		return "", s.signature.malformed
	}
	at = instant(at, s.Now)
	if err := checkAge(stamp, at, s.Tolerance); err != nil {
		return "", err
	}
	if err := s.signature.outcome(sc); err != nil {
		return "", err
	}
	sc.text = append(sc.text, text...)
	sc.text = append(sc.text, '.')
	sc.cut = len(sc.text)
	return s.ring.match(sc, body, at)
}

// collect takes the v1 signatures and returns the text of the timestamp.
func (s *Stripe) collect(sc *scratch, lines []string) (string, error) {
	stamp := ""
	for _, rest := range lines {
		for rest != "" {
			var item string
			item, rest, _ = strings.Cut(rest, ",")
			item = trimSpace(item)
			name, value, ok := strings.Cut(item, "=")
			if !ok && item != "" {
				return "", s.signature.malformed
			}
			switch name {
			case "t":
				if value == "" {
					return "", s.signature.malformed
				}
				if stamp != "" {
					return "", s.twice
				}
				stamp = value
			case "v1":
				sc.takeHMAC(Hex, value)
			}
		}
	}
	return stamp, nil
}

// Sign implements [Signer]. It writes one v1 for every key that is valid at
// that time, in the order of the keys; there may be ten. The scheme has no id,
// so id is ignored.
func (s *Stripe) Sign(h http.Header, _ string, body []byte, at time.Time) error {
	switch {
	case s.ring == nil:
		return errNoSigningKey
	case h == nil:
		return errNilHeader
	}
	at = instant(at, s.Now)
	stamp, err := stampOf(at)
	if err != nil {
		return err
	}
	sc := s.ring.get()
	defer s.ring.put(sc)
	signers, err := s.ring.signers(sc, at, true)
	if err != nil {
		return err
	}
	sc.text = strconv.AppendInt(sc.text, stamp, 10)
	sc.out = append(append(sc.out, "t="...), sc.text...)
	sc.text = append(sc.text, '.')
	sc.cut = len(sc.text)
	for _, i := range signers {
		sc.out = append(sc.out, ",v1="...)
		sc.out = Hex.append(sc.out, sc.hmac(&s.ring.keys[i], i, body))
	}
	h[s.signature.name] = []string{string(sc.out)}
	return nil
}

// Diagnose implements [Diagnoser].
func (s *Stripe) Diagnose(h http.Header, body []byte, at time.Time) Diagnosis {
	at = instant(at, s.Now)
	_, err := s.Verify(h, body, at)
	q := inquest{
		scheme: stripeName, ring: s.ring, signed: "{timestamp}.{body}", form: "t=<seconds>,v1=<hex>", tolerance: s.Tolerance,
	}
	if s.ring != nil {
		q.signature, q.stampName = s.signature.name, s.signature.name
		q.stamp = looseItem(h[s.signature.name], "t=")
	}
	return q.diagnose(h, body, at, err)
}
