package signature

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"net/http"
	"strings"
	"time"
)

// Diagnoser is optional on a [Verifier]: it finds out why a request is refused.
// All schemes of this package are one.
//
// Diagnose takes what Verify takes and is for refused requests only, some of
// them, and never before the sender is answered: it costs many times what
// Verify does, and how long it takes tells what it has found. It hashes at most
// 64 MiB for one request. Of bodies above 256 KiB it looks at the headers, the
// time and the windows of keys alone. It does not change h or body.
type Diagnoser interface {
	Diagnose(h http.Header, body []byte, at time.Time) Diagnosis
}

// Diagnose finds out why v refuses a request: it asks v if that is a [Diagnoser].
// Of any other verifier it knows the error that Verify returns and so, at most,
// whether there was a signature that could be read. It costs what [Diagnoser]
// says.
func Diagnose(v Verifier, h http.Header, body []byte, at time.Time) Diagnosis {
	if d, ok := v.(Diagnoser); ok {
		return d.Diagnose(h, body, at)
	}
	_, err := v.Verify(h, body, at)
	d := Diagnosis{Err: err}
	if err != nil {
		d.add(Finding{Cause: causeOf(err), Detail: "its verifier says no more"})
	}
	return d
}

// causeOf returns what an error alone says. Its text may be a stranger's.
func causeOf(err error) Cause {
	switch {
	case errors.Is(err, ErrNoSignature):
		return CauseNoSignature
	case errors.Is(err, ErrBadHeader):
		return CauseBadHeader
	case errors.Is(err, ErrUnsupported):
		return CauseUnsupported
	default:
		return CauseUnexplained
	}
}

var (
	_ Diagnoser = (*StandardWebhooks)(nil)
	_ Diagnoser = (*Stripe)(nil)
	_ Diagnoser = (*GitHub)(nil)
	_ Diagnoser = (*Slack)(nil)
	_ Diagnoser = (*Template)(nil)
	_ Diagnoser = (*Token)(nil)
)

// Bounds of one diagnosis.
const (
	maxDiagnosed     = 256 << 10 // bytes of a body
	maxHashed        = 64 << 20  // bytes that are hashed in all
	maxDiagnosedKeys = 8
	minFIPSKey       = 14 // bytes; below it crypto/hmac may panic
)

// inquest is one diagnosis: what a scheme knows of a request that it refused.
type inquest struct {
	scheme    string
	ring      *ring  // nil: the scheme was not made with its constructor
	signature string // the header's canonical name
	form      string // how the header is written, for the reader
	stampName string // the header that holds the timestamp
	stamp, id string // as they came
	signed    string // the layout of what is signed, as in a Format
	tolerance time.Duration
	base64    bool // secrets are base64 after whsec_

	hmacs    [][]byte
	ed25519s [][]byte
	keys     []*ringKey
	left     int // bytes that may still be hashed
}

// diagnose finds out why err refused a request that arrived at the time at.
func (q *inquest) diagnose(h http.Header, body []byte, at time.Time, err error) Diagnosis {
	d := Diagnosis{Scheme: q.scheme, Err: err}
	switch {
	case err == nil:
		return d
	case q.ring == nil:
		d.add(Finding{Cause: CauseNoKeys, Detail: "make it with its constructor"})
		return d
	case !present(h, q.signature):
		d.Findings = absent(h, q.scheme, q.signature)
		return d
	case errors.Is(err, ErrUnsupported):
		d.add(Finding{Cause: CauseUnsupported, Detail: q.versions(h[q.signature])})
	case errors.Is(err, ErrBadHeader):
		d.add(Finding{Cause: CauseBadHeader, Detail: q.malformation(err)})
	}
	q.prepare(h[q.signature], at)
	skew, skewed := q.skew(at)
	if skewed {
		d.add(Finding{Cause: CauseClockSkew, Skew: skew})
	}
	if k := q.match(q.signed, body); k != nil {
		q.good(&d, k, at)
		return d
	}
	d.Findings = append(d.Findings, q.explain(body)...)
	return d
}

func (d *Diagnosis) add(f Finding) { d.Findings = append(d.Findings, f) }

// prepare collects the signatures and sorts the keys, valid ones first.
func (q *inquest) prepare(lines []string, at time.Time) {
	q.hmacs, q.ed25519s = looseSignatures(lines)
	q.left = maxHashed
	var others []*ringKey
	for i := range q.ring.keys {
		if k := &q.ring.keys[i]; k.validAt(at) {
			q.keys = append(q.keys, k)
		} else {
			others = append(others, k)
		}
	}
	q.keys = append(q.keys, others...)
	q.keys = q.keys[:min(len(q.keys), maxDiagnosedKeys)]
}

// skew returns how far the timestamp is from the arrival, and whether that is
// too far.
func (q *inquest) skew(at time.Time) (time.Duration, bool) {
	stamp, ok := parseStamp(q.stamp)
	if !ok {
		return 0, false
	}
	return time.Unix(stamp, 0).Sub(at), checkAge(stamp, at, q.tolerance) != nil
}

// good notes what is wrong with a request whose signature is that of k.
func (q *inquest) good(d *Diagnosis, k *ringKey, at time.Time) {
	switch {
	case !k.notBefore.IsZero() && at.Before(k.notBefore):
		d.add(Finding{Cause: CauseKeyNotYetValid, Key: k.name, Since: k.notBefore})
	case !k.validAt(at):
		d.add(Finding{Cause: CauseKeyExpired, Key: k.name, Since: k.notAfter})
	case len(d.Findings) > 0 && d.Findings[len(d.Findings)-1].Cause == CauseClockSkew:
		last := &d.Findings[len(d.Findings)-1]
		last.Key, last.Detail = k.name, "a replay, a queue without the time of arrival, or a clock that is wrong"
	default:
		d.add(Finding{Cause: CauseHeaderForm, Key: k.name, Detail: "want " + q.form})
	}
}

// explain looks for a mistake that makes the signature, and returns guesses if
// there is none.
func (q *inquest) explain(body []byte) []Finding {
	if len(body) > maxDiagnosed {
		return []Finding{{Cause: CauseUnexplained, Detail: "the body is too large to try its encodings"}}
	}
	if len(q.hmacs)+len(q.ed25519s) > 0 {
		for _, try := range [...]func([]byte) (Finding, bool){q.tryBodies, q.trySecrets, q.tryMessages} {
			if f, ok := try(body); ok {
				return []Finding{f}
			}
		}
	}
	findings := q.suspectSecrets()
	if len(body) == 0 {
		findings = append(findings, Finding{Cause: CauseBodyEmpty, Detail: "something may have read it before"})
	}
	detail := "probably another secret, or forged"
	switch {
	case len(q.hmacs)+len(q.ed25519s) == 0:
		detail = "the header holds nothing that could be one"
	case q.left < 0:
		detail = "not everything was tried, because the body is large and there are many keys"
	}
	return append(findings, Finding{Cause: CauseUnexplained, Detail: detail})
}

func (q *inquest) tryBodies(body []byte) (Finding, bool) {
	for change, variant := range bodyVariants(body) {
		if k := q.match(q.signed, variant); k != nil {
			return Finding{Cause: CauseBodyChanged, Key: k.name, Detail: change}, true
		}
		if q.left < 0 { // the rest would be made for nothing
			break
		}
	}
	return Finding{}, false
}

func (q *inquest) trySecrets(body []byte) (Finding, bool) {
	before, after := q.render(q.signed)
	for _, k := range q.keys {
		if k.kind != kindHMAC {
			continue
		}
		for reading, secret := range secretVariants(k.secret, q.base64) {
			if len(secret) >= minFIPSKey && q.matches(secret, before, body, after) {
				return Finding{Cause: CauseSecretRead, Key: k.name, Detail: reading}, true
			}
		}
	}
	return Finding{}, false
}

// messages are the layouts that senders sign.
var messages = [...]string{
	"{body}", "{timestamp}.{body}", "{id}.{body}", "{id}.{timestamp}.{body}", "v0:{timestamp}:{body}",
	"{timestamp}:{body}", "{timestamp}{body}", "{id}{timestamp}{body}", "{timestamp}.{id}.{body}", "{body}{timestamp}", "",
}

func (q *inquest) tryMessages(body []byte) (Finding, bool) {
	for _, signed := range messages {
		if signed == q.signed || strings.Contains(signed, "{id}") && q.id == "" ||
			strings.Contains(signed, "{timestamp}") && q.stamp == "" {
			continue
		}
		if k := q.match(signed, body); k != nil {
			what := `"` + signed + `"`
			if signed == "" {
				what = "no body"
			}
			return Finding{Cause: CauseMessage, Key: k.name, Detail: what + `, want "` + q.signed + `"`}, true
		}
	}
	return Finding{}, false
}

// render returns what is signed before and after the body.
func (q *inquest) render(signed string) (before, after string) {
	fill := strings.NewReplacer(string(fieldID), q.id, string(fieldTimestamp), q.stamp) // in one pass: an id may look like a field
	before, after, _ = strings.Cut(signed, string(fieldBody))
	return fill.Replace(before), fill.Replace(after)
}

// match returns the first key that made one of the signatures over body, or
// nil. A layout without {body} is over no body.
func (q *inquest) match(signed string, body []byte) *ringKey {
	if !strings.Contains(signed, string(fieldBody)) {
		body = nil
	}
	before, after := q.render(signed)
	for _, k := range q.keys {
		if k.kind == kindEd25519 && q.verifies(k.public, before, body, after) ||
			k.kind == kindHMAC && q.matches(k.secret, before, body, after) {
			return k
		}
	}
	return nil
}

func (q *inquest) matches(secret []byte, before string, body []byte, after string) bool {
	if len(q.hmacs) == 0 || !q.spend(len(before)+len(body)+len(after)) {
		return false
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(before))
	mac.Write(body)
	mac.Write([]byte(after))
	sum := mac.Sum(nil)
	for _, s := range q.hmacs {
		if hmac.Equal(s, sum) {
			return true
		}
	}
	return false
}

// ed25519Cost is what verifying costs beside the hash, in bytes hashed.
const ed25519Cost = 64 << 10

func (q *inquest) verifies(public ed25519.PublicKey, before string, body []byte, after string) bool {
	for _, s := range q.ed25519s {
		if !q.spend(len(before) + len(body) + len(after) + ed25519Cost) {
			return false
		}
		message := append(append([]byte(before), body...), after...)
		if ed25519.Verify(public, message, s) {
			return true
		}
	}
	return false
}

// spend reports whether n bytes more may be hashed. Whether they may depends on
// sizes alone, and the body that came is hashed before any other.
func (q *inquest) spend(n int) bool {
	if q.left < 0 {
		return false
	}
	q.left -= n + 1<<10
	return true
}
