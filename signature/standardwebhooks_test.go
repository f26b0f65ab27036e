package signature_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/signature"
)

func newStandard(tb testing.TB, secrets ...string) *signature.StandardWebhooks {
	tb.Helper()
	keys := make([]signature.Key, len(secrets))
	for i, s := range secrets {
		keys[i].Secret = s
	}
	s, err := signature.NewStandardWebhooks(keys...)
	require.NoError(tb, err)
	return s
}

func TestStandardWebhooks_Verify_namesTheFailedCheck(t *testing.T) {
	s := newStandard(t, secretHMAC)
	good := signed(t, s)
	sig := good.Get("Webhook-Signature")
	requireKey(t, "key1", s, good)
	for name, tc := range map[string]struct {
		header string
		values []string
		want   error
		text   string
	}{
		"no signature":             {"Webhook-Signature", nil, signature.ErrNoSignature, "no Webhook-Signature"},
		"empty signature":          {"Webhook-Signature", []string{""}, signature.ErrNoSignature, "no Webhook-Signature"},
		"only a space":             {"Webhook-Signature", []string{" "}, signature.ErrUnsupported, "Webhook-Signature"},
		"no version":               {"Webhook-Signature", []string{sig[3:]}, signature.ErrUnsupported, "Webhook-Signature"},
		"other version":            {"Webhook-Signature", []string{"v2" + sig[2:]}, signature.ErrUnsupported, "Webhook-Signature"},
		"version no key can check": {"Webhook-Signature", []string{"v1a" + sig[2:]}, signature.ErrUnsupported, "Webhook-Signature"},
		"nothing after version":    {"Webhook-Signature", []string{"v1,"}, signature.ErrBadHeader, "Webhook-Signature is malformed"},
		"version alone":            {"Webhook-Signature", []string{"v1"}, signature.ErrBadHeader, "Webhook-Signature is malformed"},
		"no padding":               {"Webhook-Signature", []string{strings.TrimSuffix(sig, "=")}, signature.ErrBadHeader, "malformed"},
		"one byte more":            {"Webhook-Signature", []string{strings.TrimSuffix(sig, "=") + "A"}, signature.ErrBadHeader, "malformed"},
		"stray bits":               {"Webhook-Signature", []string{strings.TrimSuffix(sig, "E=") + "F="}, signature.ErrBadHeader, "malformed"},
		"line break inside":        {"Webhook-Signature", []string{sig[:10] + "\n" + sig[11:]}, signature.ErrBadHeader, "malformed"},
		"url alphabet":             {"Webhook-Signature", []string{strings.ReplaceAll(sig, "+", "-")}, signature.ErrBadHeader, "malformed"},
		"trailing comma":           {"Webhook-Signature", []string{sig + ","}, signature.ErrBadHeader, "malformed"},
		"no id":                    {"Webhook-Id", nil, signature.ErrBadHeader, "no Webhook-Id"},
		"empty id":                 {"Webhook-Id", []string{""}, signature.ErrBadHeader, "no Webhook-Id"},
		"two ids":                  {"Webhook-Id", []string{testID, testID}, signature.ErrBadHeader, "Webhook-Id is repeated"},
		"dot in id":                {"Webhook-Id", []string{"msg.1"}, signature.ErrBadHeader, "Webhook-Id is malformed"},
		"space in id":              {"Webhook-Id", []string{"msg 1"}, signature.ErrBadHeader, "Webhook-Id is malformed"},
		"non-ASCII id":             {"Webhook-Id", []string{"msgé"}, signature.ErrBadHeader, "Webhook-Id is malformed"},
		"long id":                  {"Webhook-Id", []string{strings.Repeat("a", 257)}, signature.ErrBadHeader, "Webhook-Id is malformed"},
		"other id":                 {"Webhook-Id", []string{"msg_1"}, signature.ErrMismatch, "mismatch"},
		"longest id":               {"Webhook-Id", []string{strings.Repeat("a", 256)}, signature.ErrMismatch, "mismatch"},
		"no timestamp":             {"Webhook-Timestamp", nil, signature.ErrBadHeader, "no Webhook-Timestamp"},
		"two timestamps":           {"Webhook-Timestamp", []string{"1614265330", "1614265330"}, signature.ErrBadHeader, "Webhook-Timestamp is repeated"},
		"sign":                     {"Webhook-Timestamp", []string{"+1614265330"}, signature.ErrBadHeader, "Webhook-Timestamp is malformed"},
		"leading zero":             {"Webhook-Timestamp", []string{"01614265330"}, signature.ErrBadHeader, "Webhook-Timestamp is malformed"},
		"milliseconds":             {"Webhook-Timestamp", []string{"1614265330000"}, signature.ErrBadHeader, "Webhook-Timestamp is malformed"},
		"other timestamp":          {"Webhook-Timestamp", []string{"1614265331"}, signature.ErrMismatch, "mismatch"},
		"zero":                     {"Webhook-Timestamp", []string{"0"}, signature.ErrTooOld, "too old"},
		"far future":               {"Webhook-Timestamp", []string{"999999999999"}, signature.ErrTooNew, "future"},
	} {
		t.Run(name, func(t *testing.T) {
			h := with(good, tc.header, tc.values...)
			requireRefused(t, tc.want, s, h)
			_, err := s.Verify(h, []byte(testBody), testTime())
			require.ErrorContains(t, err, tc.text)
		})
	}
}

func TestStandardWebhooks_Verify_joinsLines(t *testing.T) {
	s := newStandard(t, secretHMAC)
	good := signed(t, s)
	requireKey(t, "key1", s, with(good, "Webhook-Signature", "", "v1,BAD v2,BAD", good.Get("Webhook-Signature")))
	requireKey(t, "key1", s, with(good, "Webhook-Signature", "  v1,BAD  "+good.Get("Webhook-Signature")+" "))
}

func TestStandardWebhooks_Verify_triesTenSignatures(t *testing.T) {
	s := newStandard(t, secretHMAC)
	good := signed(t, s)
	sig := good.Get("Webhook-Signature")
	wrong := "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= "
	unknown := strings.Repeat("v2"+wrong[2:], 500) + strings.Repeat("v1a"+wrong[2:], 500)
	requireKey(t, "key1", s, with(good, "Webhook-Signature", unknown+strings.Repeat(wrong, 9)+sig))
	requireRefused(t, signature.ErrMismatch, s, with(good, "Webhook-Signature", strings.Repeat(wrong, 10)+sig))
	requireRefused(t, signature.ErrMismatch, s, with(good, "Webhook-Signature", strings.Repeat(wrong, 10), sig))
	requireRefused(t, signature.ErrBadHeader, s, with(good, "Webhook-Signature", strings.Repeat("v1,BAD ", 10)+sig))
}

func TestStandardWebhooks_mixesKinds(t *testing.T) {
	s := signature.Must(signature.NewStandardWebhooks(
		signature.Key{Name: "symmetric", Secret: secretHMAC},
		signature.Key{Name: "asymmetric", Secret: secretPrivate},
	))
	h := signed(t, s)
	v1, v1a, ok := strings.Cut(h.Get("Webhook-Signature"), " ")
	require.True(t, ok)
	requireKey(t, "symmetric", s, h)
	requireKey(t, "symmetric", s, with(h, "Webhook-Signature", v1))
	requireKey(t, "asymmetric", s, with(h, "Webhook-Signature", v1a))
	requireKey(t, "asymmetric", s, with(h, "Webhook-Signature", "v1,BAD "+v1a))
	requireKey(t, "key1", newStandard(t, secretPublic), h)
	requireKey(t, "key1", newStandard(t, secretHMAC), h)
	requireRefused(t, signature.ErrMismatch, s, with(h, "Webhook-Signature", v1a[:10]+"A"+v1a[11:]))
	requireRefused(t, signature.ErrBadHeader, s, with(h, "Webhook-Signature", "v1a,"+v1[3:]))
	requireRefused(t, signature.ErrBadHeader, s, with(h, "Webhook-Signature", "v1,"+v1a[4:]))
}

func TestStandardWebhooks_Verify_keyOfTheVersionExpired(t *testing.T) {
	s := signature.Must(signature.NewStandardWebhooks(
		signature.Key{Name: "old", Secret: secretHMAC, NotAfter: testTime().Add(-time.Second)},
		signature.Key{Name: "new", Secret: secretPublic},
	))
	requireRefused(t, signature.ErrNoKey, s, signed(t, newStandard(t, secretHMAC)))
	requireKey(t, "new", s, signed(t, newStandard(t, secretPrivate)))
}

func TestStandardWebhooks_Sign_needsASigningKey(t *testing.T) {
	s := newStandard(t, secretPublic)
	h := make(http.Header)
	err := s.Sign(h, testID, nil, testTime())
	require.ErrorIs(t, err, signature.ErrCannotSign)
	require.NotErrorIs(t, err, signature.ErrRefused)
	require.ErrorContains(t, err, "no key that can sign")
	require.Empty(t, h)
}

func TestStandardWebhooks_Sign_refusesIDs(t *testing.T) {
	s := newStandard(t, secretHMAC)
	for _, id := range []string{"", "a.b", "a b", "a\nb", "é", "\x7f", strings.Repeat("a", 257)} {
		h := make(http.Header)
		require.ErrorIs(t, s.Sign(h, id, nil, testTime()), signature.ErrCannotSign, "%q", id)
		require.Empty(t, h)
	}
	require.NoError(t, s.Sign(make(http.Header), strings.Repeat("~", 256), nil, testTime()))
}

func TestStandardWebhooks_Sign_replacesHeaders(t *testing.T) {
	s := newStandard(t, secretHMAC)
	h := signed(t, s)
	h.Add("Webhook-Id", "second")
	require.Equal(t, []string{"1614265330"}, h.Values("Webhook-Timestamp"))
	require.NoError(t, s.Sign(h, testID, []byte(testBody), testTime()))
	require.Equal(t, []string{testID}, h.Values("Webhook-Id"))
	requireKey(t, "key1", s, h)
}

func TestNewStandardWebhooks_refusesSecrets(t *testing.T) {
	seed := []byte(strings.Repeat("s", ed25519.SeedSize))
	other := slices.Concat(seed, make([]byte, 32))
	enc := base64.StdEncoding.EncodeToString
	for secret, want := range map[string]string{
		"w":                                      "no known prefix",
		"MfKQ9r8GKYqrTwjUPD8ILPZI":               "no known prefix",
		"hwsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw": "no known prefix",
		"whsec_%":                                "not standard base64",
		"whsec_":                                 "has 0 bytes",
		"whsec_wronglength":                      "not standard base64",
		"whsec_MfKQ9r8GKYqr\nTwjUPD8ILPZIo2LaLaSw": "not standard base64",
		"whsec_" + enc(make([]byte, 23)):           "has 23 bytes after whsec_, want 24 to 64",
		"whsec_" + enc(make([]byte, 65)):           "has 65 bytes after whsec_, want 24 to 64",
		"whsk_" + enc(make([]byte, 63)):            "has 63 bytes after whsk_, want 64",
		"whsk_" + enc(make([]byte, 32)):            "has 32 bytes after whsk_, want 64",
		"whsk_" + enc(other):                       "does not belong to its seed",
		"whpk_" + enc(make([]byte, 33)):            "has 33 bytes after whpk_, want 32",
		"whpk_" + enc(make([]byte, 32)):            "small order",
		"whsec_" + enc(make([]byte, 32)):           "only zero bytes",
	} {
		_, err := signature.NewStandardWebhooks(signature.Key{Name: "main", Secret: secret})
		require.ErrorContains(t, err, want, secret)
		require.ErrorContains(t, err, `standard webhooks: key "main" (number 1): `)
	}
	for _, n := range []int{24, 64} {
		newStandard(t, "whsec_"+enc([]byte(strings.Repeat("s", n))))
	}
}
