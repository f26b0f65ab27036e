package signature

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"maps"
	"net/http"
	"strings"
	"time"
)

// Token is the scheme of senders that sign nothing and send a shared secret in
// a header instead, such as Amazon EventBridge, Azure Event Grid and GitLab.
// Make it with [NewToken], and set the field before first use.
//
// A token proves that the sender knows it, and no more: not that the request is
// new, and nothing about its body. Whoever sees one request can send any other
// for as long as the key is valid. So it is worth something only over TLS that
// ends where the program trusts everybody, and only while nothing writes the
// header down: a log of headers, and a queue or a store of whole requests, hold
// the secret itself. Prefer any other scheme that the sender has.
type Token struct {
	// Now is the clock for calls with a zero time, which matters only to the
	// windows of keys. Nil: [time.Now].
	Now func() time.Time

	header *header
	ring   *ring
	sums   *[]tokenSum // of the ring's keys; a pointer, so that printing prints none
}

// tokenSum is compared in place of a secret, so that no length shows.
type tokenSum = [sha256.Size]byte

// maxToken bounds a token, in bytes, and so the work for a request whose sender
// nobody knows yet.
const maxToken = 4096

var errLongToken = under(ErrBadHeader, "the token is longer than 4096 bytes")

// NewToken returns the scheme with the given header and keys. A secret is the
// whole value of the header, so one with HTTP's Basic or Bearer authentication
// begins with the word:
//
//	signature.NewToken("X-Api-Key", signature.Key{Secret: key})
//	signature.NewToken("Authorization", signature.Key{Secret: "Bearer " + key})
//	signature.NewToken("Authorization", signature.Key{
//		Secret: "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password)),
//	})
//
// It is up to 4096 bytes of printable ASCII, of which at least 16 come after its
// last space.
func NewToken(headerName string, keys ...Key) (*Token, error) {
	if headerName == "" || strings.ContainsFunc(headerName, notToken) {
		// It is not quoted: it may be a whole line, with the secret in it.
		return nil, errors.New("token: the first argument is not a header name, want one such as X-Api-Key, without its value")
	}
	parse := rawSecret("a shared secret", minSecret,
		wrongKind{prefixPrivate, "a Standard Webhooks private key"},
		wrongKind{prefixPublic, "a Standard Webhooks public key"},
		wrongKind{"-----BEGIN", "a PEM file"},
	)
	ring, err := newRing("token", keys, func(secret string) (material, error) {
		if len(secret) > maxToken || !printable(secret) {
			return material{}, errors.New("secret is not printable ASCII of at most 4096 bytes, as the value of a header must be")
		}
		if _, err := parse(secret[strings.LastIndexByte(secret, ' ')+1:]); err != nil {
			return material{}, err
		}
		return material{kind: kindHMAC, secret: []byte(secret)}, nil
	})
	if err != nil {
		return nil, err
	}
	sums := make([]tokenSum, len(ring.keys))
	for i := range ring.keys {
		sums[i] = sha256.Sum256(ring.keys[i].secret)
	}
	return &Token{header: newHeader(http.CanonicalHeaderKey(headerName), ErrNoSignature), ring: ring, sums: &sums}, nil
}

// Verify implements [Verifier]: one of the keys is the value of the header. The
// body is not looked at, because a token says nothing about it. The time matters
// only to the windows of keys. A repeated header is refused.
func (t *Token) Verify(h http.Header, _ []byte, at time.Time) (string, error) {
	if t.ring == nil {
		return "", ErrNoKey
	}
	token, err := t.header.only(h)
	if err != nil {
		return "", err
	}
	return t.Check(token, at)
}

// Check is Verify for a token that came elsewhere than in a header, such as in a
// query parameter.
func (t *Token) Check(token string, at time.Time) (string, error) {
	if t.ring == nil {
		return "", ErrNoKey
	}
	switch {
	case token == "":
		return "", ErrNoSignature
	case len(token) > maxToken:
		return "", errLongToken
	}
	at = instant(at, t.Now)
	sum := sumOf(token)
	name, valid := "", false
	for i := range t.ring.keys {
		k := &t.ring.keys[i]
		if !k.validAt(at) {
			continue
		}
		valid = true
		if subtle.ConstantTimeCompare(sum[:], (*t.sums)[i][:]) == 1 && name == "" {
			name = k.name
		}
	}
	switch {
	case !valid:
		return "", ErrNoKey
	case name == "":
		return "", ErrMismatch
	default:
		return name, nil
	}
}

// Conceal implements [Concealer]: it leaves out the token's header.
func (t *Token) Conceal(h http.Header) http.Header {
	if t.header == nil || h[t.header.name] == nil {
		return h
	}
	h = maps.Clone(h)
	delete(h, t.header.name)
	return h
}

// sumOf copies the token to the stack, so that a stranger's costs no garbage.
func sumOf(token string) tokenSum {
	var buffer [256]byte
	if len(token) > len(buffer) {
		return sumOfLong(token)
	}
	return sha256.Sum256(append(buffer[:0], token...))
}

// sumOfLong is apart, so that sumOf needs little stack.
//
//go:noinline
func sumOfLong(token string) tokenSum {
	var buffer [maxToken]byte
	return sha256.Sum256(append(buffer[:0], token...))
}

// Sign implements [Signer]: it sets the header to the first key that is valid at
// that time. The scheme has no id and covers no body, so both are ignored.
func (t *Token) Sign(h http.Header, _ string, _ []byte, at time.Time) error {
	switch {
	case t.ring == nil:
		return errNoSigningKey
	case h == nil:
		return errNilHeader
	}
	at = instant(at, t.Now)
	for i := range t.ring.keys {
		if k := &t.ring.keys[i]; k.validAt(at) {
			h[t.header.name] = []string{string(k.secret)}
			return nil
		}
	}
	return errNoSigningKey
}

var (
	_ Verifier  = (*Token)(nil)
	_ Signer    = (*Token)(nil)
	_ Concealer = (*Token)(nil)
)
