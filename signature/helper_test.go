package signature_test

import (
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/signature"
)

// scheme is a scheme under test, by name.
type scheme struct {
	signature.Verifier
	signature.Signer

	name string
}

const (
	secretHMAC    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	secretPrivate = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
	secretPublic  = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
	secretRaw     = "0123456789abcdef0123456789abcdef"
)

// allSchemes returns one scheme of each kind, with one key each.
func allSchemes(tb testing.TB) []scheme {
	tb.Helper()
	v1 := signature.Must(signature.NewStandardWebhooks(signature.Key{Secret: secretHMAC}))
	v1a := signature.Must(signature.NewStandardWebhooks(signature.Key{Secret: secretPrivate}))
	stripe := signature.Must(signature.NewStripe(signature.Key{Secret: secretRaw}))
	github := signature.Must(signature.NewGitHub(signature.Key{Secret: secretRaw}))
	slack := signature.Must(signature.NewSlack(signature.Key{Secret: secretRaw}))
	template := signature.Must(signature.NewTemplate(signature.Format{
		Header: "X-Signature", Encoding: signature.Base64, Separator: ",",
		TimestampHeader: "X-Timestamp", IDHeader: "X-Id", Signed: "{id}.{timestamp}.{body}",
	}, signature.Key{Secret: secretRaw}))
	return []scheme{
		{v1, v1, "StandardWebhooks"},
		{v1a, v1a, "StandardWebhooksV1a"},
		{stripe, stripe, "Stripe"},
		{github, github, "GitHub"},
		{slack, slack, "Slack"},
		{template, template, "Template"},
	}
}

const (
	testID   = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	testBody = `{"test": 2432232314}`
)

// testTime is the timestamp of the Standard Webhooks vectors.
func testTime() time.Time { return time.Unix(1614265330, 0) }

// signed returns the headers that s sets for the test request.
func signed(tb testing.TB, s signature.Signer) http.Header {
	tb.Helper()
	h := make(http.Header)
	require.NoError(tb, s.Sign(h, testID, []byte(testBody), testTime()))
	return h
}

// with returns a copy of h in which a header has other values; none: it is
// absent.
func with(h http.Header, name string, values ...string) http.Header {
	h = maps.Clone(h)
	if len(values) == 0 {
		delete(h, http.CanonicalHeaderKey(name))
		return h
	}
	h[http.CanonicalHeaderKey(name)] = values
	return h
}

// requireRefused checks that v refuses the test body with the given sentinel.
func requireRefused(tb testing.TB, want error, v signature.Verifier, h http.Header) {
	tb.Helper()
	key, err := v.Verify(h, []byte(testBody), testTime())
	require.ErrorIs(tb, err, want)
	require.ErrorIs(tb, err, signature.ErrRefused)
	require.Empty(tb, key)
}

// requireKey checks that v accepts the test body and names the given key.
func requireKey(tb testing.TB, want string, v signature.Verifier, h http.Header) {
	tb.Helper()
	key, err := v.Verify(h, []byte(testBody), testTime())
	require.NoError(tb, err)
	require.Equal(tb, want, key)
}
