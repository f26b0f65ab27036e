package signature_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/signature"
)

func TestStripe_Verify_namesTheFailedCheck(t *testing.T) {
	s := signature.Must(signature.NewStripe(signature.Key{Secret: secretRaw}))
	good := signed(t, s)
	header := good.Get("Stripe-Signature")
	stamp, v1, ok := strings.Cut(header, ",")
	require.True(t, ok)
	wrong := "v1=" + strings.Repeat("0", 64)
	for name, tc := range map[string]struct {
		value string
		want  error
		text  string
	}{
		"empty":              {"", signature.ErrNoSignature, "no Stripe-Signature"},
		"no pairs":           {"gibberish", signature.ErrBadHeader, "Stripe-Signature is malformed"},
		"item without =":     {header + ",v2", signature.ErrBadHeader, "malformed"},
		"no timestamp":       {v1, signature.ErrBadHeader, "malformed"},
		"empty timestamp":    {"t=," + v1, signature.ErrBadHeader, "malformed"},
		"two timestamps":     {header + "," + stamp, signature.ErrBadHeader, "two timestamps"},
		"two, one spaced":    {header + ", " + stamp, signature.ErrBadHeader, "two timestamps"},
		"leading zero":       {"t=0" + stamp[2:] + "," + v1, signature.ErrBadHeader, "malformed"},
		"sign":               {"t=+" + stamp[2:] + "," + v1, signature.ErrBadHeader, "malformed"},
		"no v1":              {stamp, signature.ErrUnsupported, "Stripe-Signature"},
		"only v0":            {stamp + ",v0" + v1[2:], signature.ErrUnsupported, "Stripe-Signature"},
		"not hex":            {stamp + ",v1=zz", signature.ErrBadHeader, "malformed"},
		"hex with other end": {header[:len(header)-1] + "g", signature.ErrBadHeader, "malformed"},
		"wrong":              {stamp + "," + wrong, signature.ErrMismatch, "mismatch"},
		"other time":         {"t=1614265331," + v1, signature.ErrMismatch, "mismatch"},
		"old":                {"t=1," + v1, signature.ErrTooOld, "too old"},
		"new":                {"t=99999999999," + v1, signature.ErrTooNew, "future"},
		"eleventh":           {stamp + strings.Repeat(","+wrong, 10) + "," + v1, signature.ErrMismatch, "mismatch"},
	} {
		t.Run(name, func(t *testing.T) {
			h := with(good, "Stripe-Signature", tc.value)
			requireRefused(t, tc.want, s, h)
			_, err := s.Verify(h, []byte(testBody), testTime())
			require.ErrorContains(t, err, tc.text)
		})
	}
	requireRefused(t, signature.ErrNoSignature, s, with(good, "Stripe-Signature"))
}

func TestStripe_Verify_acceptsLists(t *testing.T) {
	s := signature.Must(signature.NewStripe(signature.Key{Secret: secretRaw}))
	good := signed(t, s)
	stamp, v1, _ := strings.Cut(good.Get("Stripe-Signature"), ",")
	wrong := "v1=" + strings.Repeat("0", 64)
	for _, values := range [][]string{
		{v1 + "," + stamp},
		{stamp + ", " + v1 + " ,\tv0=00"},
		{stamp + ",v1=zz," + wrong + "," + v1},
		{stamp + ",," + v1 + ","},
		{stamp, v1},
		{"v1=" + strings.ToUpper(v1[3:]) + "," + stamp},
		{stamp + ",scheme=a=b," + v1},
		{stamp + strings.Repeat(","+wrong, 9) + "," + v1},
		{stamp + strings.Repeat(",v0=00", 500) + "," + v1},
	} {
		requireKey(t, "key1", s, with(good, "Stripe-Signature", values...))
	}
}

func TestStripe_Sign_ignoresTheID(t *testing.T) {
	s := signature.Must(signature.NewStripe(signature.Key{Secret: secretRaw}))
	a, b := make(http.Header), make(http.Header)
	require.NoError(t, s.Sign(a, "", []byte(testBody), testTime()))
	require.NoError(t, s.Sign(b, "any . id", []byte(testBody), testTime()))
	require.Equal(t, a, b)
}

func TestStripe_Sign_refusesTimesBefore1970(t *testing.T) {
	s := signature.Must(signature.NewStripe(signature.Key{Secret: secretRaw}))
	h := make(http.Header)
	require.ErrorIs(t, s.Sign(h, "", nil, time.Unix(-1, 0)), signature.ErrCannotSign)
	require.ErrorIs(t, s.Sign(h, "", nil, time.Unix(1e12, 0)), signature.ErrCannotSign)
	require.Empty(t, h)
	require.NoError(t, s.Sign(h, "", nil, time.Unix(0, 0)))
	require.NoError(t, s.Sign(h, "", nil, time.Unix(1e12-1, 0)))
	_, err := s.Verify(h, nil, time.Unix(1e12-1, 0))
	require.NoError(t, err)
}

func TestNewStripe_refusesSecrets(t *testing.T) {
	for secret, want := range map[string]string{
		"sk_" + "test_4eC39HqLyjWDarjtT1zdp7dc": "starts with sk_ and is a secret API key",
		"rk_" + "test_4eC39HqLyjWDarjtT1zdp7dc": "starts with rk_ and is a restricted API key",
		"pk_" + "test_4eC39HqLyjWDarjtT1zdp7dc": "starts with pk_ and is a publishable API key",
		secretPrivate:                           "Standard Webhooks private key",
		secretPublic:                            "Standard Webhooks public key",
		"whsec_123456789":                       "has 15 bytes, want an endpoint's signing secret of at least 16",
	} {
		_, err := signature.NewStripe(signature.Key{Name: "main", Secret: secret})
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, `stripe: key "main" (number 1): secret`)
		require.NotContains(t, err.Error(), secret[6:])
	}
	signature.Must(signature.NewStripe(signature.Key{Secret: secretHMAC}))
}
