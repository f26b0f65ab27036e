// Package signature signs webhooks and verifies them. Each scheme is a type of
// its own, so that the wrong one does not compile:
//
//   - [StandardWebhooks]: webhook-id, webhook-timestamp and webhook-signature,
//     symmetric (v1) and asymmetric (v1a).
//   - [Stripe]: Stripe-Signature.
//   - [GitHub]: X-Hub-Signature-256.
//   - [Slack]: X-Slack-Signature.
//   - [Template]: any other header that holds an HMAC-SHA256.
//   - [Token]: a shared secret in a header, for senders that sign nothing.
//
// A scheme is made from one or more [Key] values. Several keys are a rotation:
// a request is accepted if any key that is valid at its time matches, and
// Verify says which one did. The first example shows a whole exchange.
//
// Verification allocates nothing, neither when it succeeds nor when it fails.
// The exceptions are v1a signatures that do not match, for which crypto/ed25519
// makes an error of 16 bytes, and v1a bodies above 1 MiB. Every failed check is
// an error that matches [ErrRefused].
//
// # Headers
//
// Headers are looked up by their canonical names, which is how net/http stores
// them. Whoever fills a header map by hand, from a queue say, must use
// [http.Header.Set] or canonical keys.
//
// # Concurrency
//
// Every scheme is safe for concurrent use once its fields are set. The header
// map that is passed in is the caller's to protect.
package signature

import (
	"net/http"
	"time"
)

// DefaultTolerance is how far a signed timestamp may be from the time of
// verification, in either direction, when a scheme's Tolerance is zero.
const DefaultTolerance = 5 * time.Minute

// Verifier checks a request's signature over its raw body. It returns the name
// of the key that matched, or an error that matches [ErrRefused].
//
// At is the time at which timestamps and key windows are judged: when the
// request arrived, which for a queued body is not now. The zero time means the
// scheme's Now. Implementations keep neither the header nor the body.
type Verifier interface {
	Verify(h http.Header, body []byte, at time.Time) (key string, err error)
}

// Concealer is optional on a [Verifier] whose requests have a secret in their
// header. Conceal returns the header without it, for who keeps requests: h itself
// if it has none, and else a copy, since h belongs to others.
type Concealer interface {
	Conceal(h http.Header) http.Header
}

// Signer sets the signature headers of a request with the given raw body,
// replacing values that are there. Its errors match [ErrCannotSign], and leave
// the header as it was.
//
// At is the timestamp that is signed and the time at which key windows are
// judged; the zero time means the scheme's Now. A retry keeps the id and signs
// anew. A scheme that signs no id ignores it.
type Signer interface {
	Sign(h http.Header, id string, body []byte, at time.Time) error
}

var (
	_ Verifier = (*StandardWebhooks)(nil)
	_ Verifier = (*Stripe)(nil)
	_ Verifier = (*GitHub)(nil)
	_ Verifier = (*Slack)(nil)
	_ Verifier = (*Template)(nil)

	_ Signer = (*StandardWebhooks)(nil)
	_ Signer = (*Stripe)(nil)
	_ Signer = (*GitHub)(nil)
	_ Signer = (*Slack)(nil)
	_ Signer = (*Template)(nil)
)

// Must returns v, and panics if err is not nil. It wraps a constructor where a
// wrong key should stop the program from starting. The panic value is err,
// which never contains a secret.
func Must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
