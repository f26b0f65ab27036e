package signature_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/signature"
)

func TestGitHub_Verify_namesTheFailedCheck(t *testing.T) {
	s := signature.Must(signature.NewGitHub(signature.Key{Secret: secretRaw}))
	good := signed(t, s)
	sig := good.Get("X-Hub-Signature-256")
	for name, tc := range map[string]struct {
		values []string
		want   error
		text   string
	}{
		"none":      {nil, signature.ErrNoSignature, "no X-Hub-Signature-256"},
		"empty":     {[]string{""}, signature.ErrNoSignature, "no X-Hub-Signature-256"},
		"two":       {[]string{sig, sig}, signature.ErrBadHeader, "X-Hub-Signature-256 is repeated"},
		"no prefix": {[]string{sig[7:]}, signature.ErrUnsupported, "X-Hub-Signature-256"},
		"upper":     {[]string{"SHA256" + sig[6:]}, signature.ErrUnsupported, "X-Hub-Signature-256"},
		"sha1":      {[]string{"sha1=" + sig[7:47]}, signature.ErrUnsupported, "X-Hub-Signature-256"},
		"short":     {[]string{sig[:70]}, signature.ErrBadHeader, "X-Hub-Signature-256 is malformed"},
		"long":      {[]string{sig + "00"}, signature.ErrBadHeader, "X-Hub-Signature-256 is malformed"},
		"list":      {[]string{sig + "," + sig}, signature.ErrBadHeader, "X-Hub-Signature-256 is malformed"},
		"wrong":     {[]string{"sha256=" + strings.Repeat("0", 64)}, signature.ErrMismatch, "mismatch"},
	} {
		t.Run(name, func(t *testing.T) {
			h := with(good, "X-Hub-Signature-256", tc.values...)
			requireRefused(t, tc.want, s, h)
			_, err := s.Verify(h, []byte(testBody), testTime())
			require.ErrorContains(t, err, tc.text)
		})
	}
}

func TestGitHub_Verify_neverFallsBackToSHA1(t *testing.T) {
	s := signature.Must(signature.NewGitHub(signature.Key{Secret: secretRaw}))
	good := signed(t, s)
	requireKey(t, "key1", s, with(good, "X-Hub-Signature", "sha1=00"))
	h := with(with(good, "X-Hub-Signature", "sha1=00"), "X-Hub-Signature-256")
	requireRefused(t, signature.ErrUnsupported, s, h)
	_, err := s.Verify(h, []byte(testBody), testTime())
	require.ErrorContains(t, err, "X-Hub-Signature is SHA-1")
	requireRefused(t, signature.ErrNoSignature, s, with(h, "X-Hub-Signature-256", ""))
}

func TestGitHub_signsAtAnyTime(t *testing.T) {
	s := signature.Must(signature.NewGitHub(signature.Key{Secret: secretRaw}))
	h := signed(t, s)
	require.NoError(t, s.Sign(h, "", []byte(testBody), time.Unix(-1, 0)))
	_, err := s.Verify(h, []byte(testBody), testTime().AddDate(50, 0, 0))
	require.NoError(t, err)
}

func TestNewGitHub_refusesSecrets(t *testing.T) {
	for secret, want := range map[string]string{
		"ghp_0123456789abcdefghij":        "starts with ghp_ and is a personal access token",
		"github_pat_0123456789abcdefghij": "personal access token",
		"ghs_0123456789abcdefghij":        "installation token",
		"-----BEGIN RSA PRIVATE KEY-----": "PEM file",
		secretHMAC:                        "secret of another scheme",
		"0123456789abcde":                 "has 15 bytes, want the webhook's secret of at least 16",
	} {
		_, err := signature.NewGitHub(signature.Key{Secret: secret})
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, `github: key "key1" (number 1): secret`)
	}
}
