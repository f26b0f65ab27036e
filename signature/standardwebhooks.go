package signature

import (
	"crypto/ed25519"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// StandardWebhooks is the scheme of the Standard Webhooks specification 1.0.0:
// the headers webhook-id, webhook-timestamp and webhook-signature, which are
// signed as "{id}.{timestamp}.{body}". Make it with [NewStandardWebhooks], and
// set the fields before first use.
type StandardWebhooks struct {
	// Tolerance is how far the timestamp may be from the time of verification,
	// in either direction. Zero: [DefaultTolerance]. Negative: any timestamp is
	// accepted, for bodies that were verified when they arrived.
	Tolerance time.Duration
	// Now is the clock for calls with a zero time. Nil: [time.Now].
	Now func() time.Time
	// Svix has the headers be svix-id, svix-timestamp and svix-signature, as
	// senders that use Svix mostly call them. Those of the specification are not
	// looked at then, and the other way round.
	Svix bool

	ring     *ring
	standard *standardHeaders
	svix     *standardHeaders
}

// standardHeaders are the three headers under one of their names.
type standardHeaders struct{ id, stamp, signature *header }

func newStandardHeaders(prefix string) *standardHeaders {
	return &standardHeaders{
		id:        newHeader(prefix+"-Id", ErrBadHeader),
		stamp:     newHeader(prefix+"-Timestamp", ErrBadHeader),
		signature: newHeader(prefix+"-Signature", ErrNoSignature),
	}
}

// headers returns those that count. They are nil without a constructor.
func (s *StandardWebhooks) headers() *standardHeaders {
	if s.Svix {
		return s.svix
	}
	return s.standard
}

// NewStandardWebhooks returns the scheme with the given keys, whose secrets are
// standard base64 after a prefix:
//
//   - whsec_ and 24 to 64 bytes: HMAC-SHA256, signature version v1.
//   - whsk_ and the 64 bytes of an ed25519 seed and its public key: signs and
//     verifies version v1a.
//   - whpk_ and the 32 bytes of an ed25519 public key: verifies version v1a.
//
// Keys of different kinds may stand side by side.
func NewStandardWebhooks(keys ...Key) (*StandardWebhooks, error) {
	r, err := newRing("standard webhooks", keys, parseStandardSecret)
	if err != nil {
		return nil, err
	}
	return &StandardWebhooks{ring: r, standard: newStandardHeaders("Webhook"), svix: newStandardHeaders("Svix")}, nil
}

// ID returns the id of a request that Verify has accepted, which is signed.
func (s *StandardWebhooks) ID(h http.Header) string {
	if s.ring == nil {
		return ""
	}
	id, err := s.headers().id.only(h)
	if err != nil {
		return ""
	}
	return id
}

// Verify implements [Verifier]. An id is 1 to 256 visible ASCII characters
// other than the dot, and a timestamp canonical Unix seconds; a repeated id or
// timestamp is refused. Signatures may be spread over several header lines. At
// most ten are tried, of which those of versions that no valid key can check
// do not count.
//
// A v1a signature is over one piece of memory, so the body is copied for it;
// memory for up to 1 MiB is kept for the next call.
func (s *StandardWebhooks) Verify(h http.Header, body []byte, at time.Time) (string, error) {
	if s.ring == nil {
		return "", ErrNoKey
	}
	its := s.headers()
	lines, err := its.signature.lines(h)
	if err != nil {
		return "", err
	}
	id, err := its.id.only(h)
	if err != nil {
		return "", err
	}
	if !validID(id, ".") {
		return "", its.id.malformed
	}
	text, err := its.stamp.only(h)
	if err != nil {
		return "", err
	}
	stamp, ok := parseStamp(text)
	if !ok {
		return "", its.stamp.malformed
	}
	at = instant(at, s.Now)
	if err := checkAge(stamp, at, s.Tolerance); err != nil {
		return "", err
	}
	sc := s.ring.get()
	defer s.ring.put(sc)
	if err := s.collect(sc, lines, at); err != nil {
		return "", err
	}
	sc.text = append(sc.text, id...)
	sc.text = append(sc.text, '.')
	sc.text = append(sc.text, text...)
	sc.text = append(sc.text, '.')
	sc.cut = len(sc.text)
	return s.ring.match(sc, body, at)
}

// collect takes the signatures of the versions that keys valid at t can check.
func (s *StandardWebhooks) collect(sc *scratch, lines []string, t time.Time) error {
	valid := s.ring.validAt(t)
	var skipped kind
	for _, rest := range lines {
		for rest != "" {
			var one string
			one, rest, _ = strings.Cut(rest, " ")
			version, text, _ := strings.Cut(one, ",")
			switch version {
			case "v1":
				if valid&kindHMAC == 0 {
					skipped |= kindHMAC
					continue
				}
				sc.takeHMAC(Base64, text)
			case "v1a":
				if valid&kindEd25519 == 0 {
					skipped |= kindEd25519
					continue
				}
				sc.takeEd25519(text)
			}
		}
	}
	if sc.seen == 0 && skipped&s.ring.kinds != 0 {
		return ErrNoKey
	}
	return s.headers().signature.outcome(sc)
}

// Sign implements [Signer]. It writes one signature for every key that can
// sign and is valid at that time, in the order of the keys; there may be ten.
// An id is 1 to 256 visible ASCII characters other than the dot.
func (s *StandardWebhooks) Sign(h http.Header, id string, body []byte, at time.Time) error {
	switch {
	case s.ring == nil:
		return errNoSigningKey
	case h == nil:
		return errNilHeader
	case !validID(id, "."):
		return errSignID
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
	sc.text = append(sc.text, id...)
	sc.text = append(sc.text, '.')
	sc.text = strconv.AppendInt(sc.text, stamp, 10)
	sc.text = append(sc.text, '.')
	sc.cut = len(sc.text)
	for _, i := range signers {
		k := &s.ring.keys[i]
		if len(sc.out) > 0 {
			sc.out = append(sc.out, ' ')
		}
		if k.kind == kindEd25519 {
			sc.out = append(sc.out, "v1a,"...)
			sc.out = Base64.append(sc.out, ed25519.Sign(k.private, sc.join(body)))
			continue
		}
		sc.out = append(sc.out, "v1,"...)
		sc.out = Base64.append(sc.out, sc.hmac(k, i, body))
	}
	// One array for the three values; the capacities keep an Add apart.
	values := []string{id, string(sc.text[len(id)+1 : sc.cut-1]), string(sc.out)}
	its := s.headers()
	h[its.id.name] = values[0:1:1]
	h[its.stamp.name] = values[1:2:2]
	h[its.signature.name] = values[2:3:3]
	return nil
}

// Diagnose implements [Diagnoser]. Requests that are signed under the other names
// of the headers are recognised, see Svix.
func (s *StandardWebhooks) Diagnose(h http.Header, body []byte, at time.Time) Diagnosis {
	at = instant(at, s.Now)
	_, err := s.Verify(h, body, at)
	q := inquest{
		scheme: standardName, ring: s.ring, signed: "{id}.{timestamp}.{body}", form: "v1,<base64> or v1a,<base64>",
		tolerance: s.Tolerance, base64: true,
	}
	if s.ring == nil {
		return q.diagnose(h, body, at, err)
	}
	its, other := s.headers(), *s
	other.Svix = !s.Svix
	if !present(h, its.signature.name) && present(h, other.headers().signature.name) {
		return other.diagnoseNames(h, body, at, err)
	}
	q.signature, q.stampName = its.signature.name, its.stamp.name
	q.id, q.stamp = looseValue(h, its.id.name), looseValue(h, its.stamp.name)
	return q.diagnose(h, body, at, err)
}

// diagnoseNames looks into a request that err refused under the other names of
// the headers. They mean the same.
func (s *StandardWebhooks) diagnoseNames(h http.Header, body []byte, at time.Time, err error) Diagnosis {
	d := s.Diagnose(h, body, at)
	other := Finding{Cause: CauseOtherProvider, Provider: "Svix", Detail: "set the scheme's Svix"}
	if !s.Svix {
		other.Provider, other.Detail = standardName, "do not set the scheme's Svix"
	}
	if d.Err == nil {
		other.Detail += ": the signature is good then"
	}
	d.Err, d.Findings = err, append([]Finding{other}, d.Findings...)
	return d
}
