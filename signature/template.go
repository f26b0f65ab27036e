package signature

import (
	"fmt"
	"net/http"
	"time"
)

// Template is a scheme that a [Format] describes. Make it with [NewTemplate],
// and set the fields before first use.
type Template struct {
	// Tolerance is how far the timestamp may be from the time of verification,
	// in either direction. Zero: [DefaultTolerance]. Negative: any timestamp is
	// accepted, for bodies that were verified when they arrived. It has no
	// meaning for a format without a timestamp.
	Tolerance time.Duration
	// Now is the clock for calls with a zero time. Nil: [time.Now].
	Now func() time.Time

	scheme *headerScheme
}

// NewTemplate returns the scheme that f describes, with the given keys. The
// bytes of a secret are the key: a secret that its sender would decode first
// must be decoded by the caller.
func NewTemplate(f Format, keys ...Key) (*Template, error) {
	scheme, err := f.compile()
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	shortest := f.MinSecret
	if shortest == 0 {
		shortest = minSecret
	}
	parse := rawSecret("a shared secret", shortest,
		wrongKind{prefixPrivate, "a Standard Webhooks private key"},
		wrongKind{prefixPublic, "a Standard Webhooks public key"},
	)
	scheme.ring, err = newRing("template", keys, parse)
	if err != nil {
		return nil, err
	}
	return &Template{scheme: scheme}, nil
}

// Verify implements [Verifier]. Without a Separator, a repeated signature
// header is refused; with one, header lines are read as one list, and at most
// ten signatures are tried.
func (t *Template) Verify(h http.Header, body []byte, at time.Time) (string, error) {
	return t.scheme.verify(h, body, at, clock{t.Tolerance, t.Now})
}

// Sign implements [Signer]. With a Separator it writes one signature for every
// key that is valid at that time, in the order of the keys; there may be ten.
// Without one, the first key that is valid signs. The id is ignored unless it
// is signed.
func (t *Template) Sign(h http.Header, id string, body []byte, at time.Time) error {
	return t.scheme.sign(h, id, body, at, t.Now)
}

// Diagnose implements [Diagnoser].
func (t *Template) Diagnose(h http.Header, body []byte, at time.Time) Diagnosis {
	return t.scheme.diagnose(templateName, h, body, at, clock{t.Tolerance, t.Now})
}
