package signature

import (
	"net/http"
	"time"
)

// GitHub is the scheme of the X-Hub-Signature-256 header, "sha256=75…":
// hexadecimal HMAC-SHA256 of the body. Neither SHA-1, in X-Hub-Signature, nor
// SHA-512 is accepted. Make it with [NewGitHub], and set the field before first
// use.
//
// There is no timestamp, so that a request can be replayed for as long as its
// key is valid. No other header is signed, X-GitHub-Event and X-GitHub-Delivery
// included.
type GitHub struct {
	// Now is the clock for calls with a zero time, which matters only to the
	// windows of keys. Nil: [time.Now].
	Now func() time.Time

	scheme *headerScheme
	sha1   error
}

// legacyHeader holds the SHA-1 signature that GitHub sends beside the other.
const legacyHeader = "X-Hub-Signature"

// NewGitHub returns the scheme with the given keys. A secret is the webhook's
// secret as it is, and at least 16 bytes long. Access tokens are refused.
func NewGitHub(keys ...Key) (*GitHub, error) {
	scheme, err := Format{Header: "X-Hub-Signature-256", Prefix: "sha256="}.compile()
	if err != nil {
		return nil, err
	}
	parse := rawSecret("the webhook's secret", minSecret,
		wrongKind{"ghp_", "a personal access token"},
		wrongKind{"github_pat_", "a personal access token"},
		wrongKind{"gho_", "an OAuth token"},
		wrongKind{"ghu_", "a user token"},
		wrongKind{"ghs_", "an installation token"},
		wrongKind{"ghr_", "a refresh token"},
		wrongKind{"-----BEGIN", "a PEM file"},
		wrongKind{prefixHMAC, "a secret of another scheme"},
		wrongKind{prefixPrivate, "a Standard Webhooks private key"},
		wrongKind{prefixPublic, "a Standard Webhooks public key"},
	)
	scheme.ring, err = newRing("github", keys, parse)
	if err != nil {
		return nil, err
	}
	return &GitHub{
		scheme: scheme,
		sha1:   under(ErrUnsupported, legacyHeader+" is SHA-1, and there is no X-Hub-Signature-256"),
	}, nil
}

// Verify implements [Verifier]. The time matters only to the windows of keys. A
// repeated X-Hub-Signature-256 is refused.
func (g *GitHub) Verify(h http.Header, body []byte, at time.Time) (string, error) {
	if g.scheme != nil && len(h[g.scheme.signature.name]) == 0 && len(h[legacyHeader]) > 0 {
		return "", g.sha1
	}
	return g.scheme.verify(h, body, at, clock{now: g.Now})
}

// Sign implements [Signer]. The header holds one signature: the first key that
// is valid at that time signs. The scheme has no id, so id is ignored.
func (g *GitHub) Sign(h http.Header, id string, body []byte, at time.Time) error {
	return g.scheme.sign(h, id, body, at, g.Now)
}

// Diagnose implements [Diagnoser].
func (g *GitHub) Diagnose(h http.Header, body []byte, at time.Time) Diagnosis {
	d := g.scheme.diagnose(gitHubName, h, body, at, clock{now: g.Now})
	if g.scheme != nil && !present(h, g.scheme.signature.name) && present(h, legacyHeader) {
		_, d.Err = g.Verify(h, body, at)
		d.add(Finding{Cause: CauseUnsupported, Detail: legacyHeader + " is SHA-1, want X-Hub-Signature-256"})
	}
	return d
}
