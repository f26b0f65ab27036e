package signature_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/signature"
)

func TestSlack_Verify_namesTheFailedCheck(t *testing.T) {
	s := signature.Must(signature.NewSlack(signature.Key{Secret: secretRaw}))
	good := signed(t, s)
	sig := good.Get("X-Slack-Signature")
	const stamp = "X-Slack-Request-Timestamp"
	for name, tc := range map[string]struct {
		header string
		values []string
		want   error
		text   string
	}{
		"no signature":   {"X-Slack-Signature", nil, signature.ErrNoSignature, "no X-Slack-Signature"},
		"two signatures": {"X-Slack-Signature", []string{sig, sig}, signature.ErrBadHeader, "X-Slack-Signature is repeated"},
		"other version":  {"X-Slack-Signature", []string{"v1" + sig[2:]}, signature.ErrUnsupported, "X-Slack-Signature"},
		"short":          {"X-Slack-Signature", []string{sig[:65]}, signature.ErrBadHeader, "X-Slack-Signature is malformed"},
		"wrong":          {"X-Slack-Signature", []string{"v0=" + strings.Repeat("0", 64)}, signature.ErrMismatch, "mismatch"},
		"no time":        {stamp, nil, signature.ErrBadHeader, "no " + stamp},
		"two times":      {stamp, []string{"1614265330", "1614265330"}, signature.ErrBadHeader, stamp + " is repeated"},
		"fraction":       {stamp, []string{"1614265330.0"}, signature.ErrBadHeader, stamp + " is malformed"},
		"other time":     {stamp, []string{"1614265331"}, signature.ErrMismatch, "mismatch"},
		"old":            {stamp, []string{"1614265029"}, signature.ErrTooOld, "too old"},
		"new":            {stamp, []string{"1614265631"}, signature.ErrTooNew, "future"},
	} {
		t.Run(name, func(t *testing.T) {
			h := with(good, tc.header, tc.values...)
			requireRefused(t, tc.want, s, h)
			_, err := s.Verify(h, []byte(testBody), testTime())
			require.ErrorContains(t, err, tc.text)
		})
	}
}

func TestNewSlack_refusesSecrets(t *testing.T) {
	for secret, want := range map[string]string{
		"xoxb-" + "0123456789-abcdefghij": "starts with xox and is a token",
		"xapp-" + "0123456789-abcdefghij": "app-level token",
		secretHMAC:                        "secret of another scheme",
		"0123456789abcde":                 "has 15 bytes, want the app's signing secret of at least 16",
	} {
		_, err := signature.NewSlack(signature.Key{Secret: secret})
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, `slack: key "key1" (number 1): secret`)
	}
}
