package signature_test

import (
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/signature"
)

// vector is a row of testdata/vectors.json, which collects signatures that
// other implementations and documentation published.
type vector struct {
	Scheme    string `json:"scheme"`
	Expect    string `json:"expect"`
	Secret    string `json:"secret"`
	SecretKey string `json:"secret_key"`
	PublicKey string `json:"public_key"`
	ID        string `json:"id"`
	Timestamp int64  `json:"timestamp"`
	Body      string `json:"body"`
	Signature string `json:"signature"`
	Header    string `json:"header"`
	Source    string `json:"source"`
}

func (v vector) time() time.Time { return time.Unix(v.Timestamp, 0) }

// standardHeader returns the headers of a Standard Webhooks row.
func (v vector) standardHeader(sig string) http.Header {
	return http.Header{
		"Webhook-Id":        {v.ID},
		"Webhook-Timestamp": {strconv.FormatInt(v.Timestamp, 10)},
		"Webhook-Signature": {sig},
	}
}

func readVectors(tb testing.TB) []vector {
	tb.Helper()
	b, err := os.ReadFile("testdata/vectors.json")
	require.NoError(tb, err)
	var rows []vector
	require.NoError(tb, json.Unmarshal(b, &rows))
	return rows
}

// TestVectors checks every row. The count of rows by outcome makes sure that a
// row of a scheme that the test does not know cannot pass unnoticed.
func TestVectors(t *testing.T) {
	rows := readVectors(t)
	count := make(map[string]int)
	for i, v := range rows {
		t.Run(strconv.Itoa(i)+" "+v.Scheme, func(t *testing.T) {
			switch {
			case v.Scheme == "standard-webhooks/v1" && v.Expect == "reject":
				count["refused"]++
				checkRejected(t, rows[0], v)
			case v.Scheme == "standard-webhooks/v1":
				count["accepted"]++
				s := signature.Must(signature.NewStandardWebhooks(signature.Key{Name: "k", Secret: v.Secret}))
				checkBoth(t, v, s, s, v.standardHeader(v.Signature))
			case v.Scheme == "standard-webhooks/v1a-ed25519":
				count["accepted"]++
				s := signature.Must(signature.NewStandardWebhooks(signature.Key{Name: "k", Secret: v.SecretKey}))
				public := signature.Must(signature.NewStandardWebhooks(signature.Key{Name: "k", Secret: v.PublicKey}))
				checkBoth(t, v, s, s, v.standardHeader(v.Signature))
				checkBoth(t, v, public, s, v.standardHeader(v.Signature))
			case v.Scheme == "stripe/v1":
				count["accepted"]++
				s := signature.Must(signature.NewStripe(signature.Key{Name: "k", Secret: v.Secret}))
				checkBoth(t, v, s, s, http.Header{"Stripe-Signature": {v.Header}})
			case v.Scheme == "github/sha256":
				count["accepted"]++
				s := signature.Must(signature.NewGitHub(signature.Key{Name: "k", Secret: v.Secret}))
				checkBoth(t, v, s, s, http.Header{"X-Hub-Signature-256": {v.Header}})
			case strings.HasPrefix(v.Scheme, "github/"):
				count["refused"]++
				s := signature.Must(signature.NewGitHub(signature.Key{Name: "k", Secret: v.Secret}))
				for _, name := range []string{"X-Hub-Signature", "X-Hub-Signature-256"} {
					_, err := s.Verify(http.Header{name: {v.Header}}, []byte(v.Body), v.time())
					require.ErrorIs(t, err, signature.ErrUnsupported)
				}
			case v.Scheme == "slack/v0":
				count["accepted"]++
				s := signature.Must(signature.NewSlack(signature.Key{Name: "k", Secret: v.Secret}))
				checkBoth(t, v, s, s, http.Header{
					"X-Slack-Signature":         {v.Header},
					"X-Slack-Request-Timestamp": {strconv.FormatInt(v.Timestamp, 10)},
				})
			case v.Scheme == "cloudevents/header-percent-encoding":
				count["skipped"]++ // not a signature
			default:
				t.Errorf("no check for scheme %q", v.Scheme)
			}
		})
	}
	require.Equal(t, map[string]int{"accepted": 10, "refused": 4, "skipped": 1}, count)
	require.Len(t, rows, 15)
}

// checkBoth verifies the vector's header, and signs its request to get the same
// header.
func checkBoth(t *testing.T, v vector, verifier signature.Verifier, signer signature.Signer, want http.Header) {
	t.Helper()
	key, err := verifier.Verify(want, []byte(v.Body), v.time())
	require.NoError(t, err, v.Source)
	require.Equal(t, "k", key)
	got := make(http.Header)
	require.NoError(t, signer.Sign(got, v.ID, []byte(v.Body), v.time()))
	require.Equal(t, want, got)
	_, err = verifier.Verify(want, []byte(v.Body+" "), v.time())
	require.ErrorIs(t, err, signature.ErrMismatch)
}

// checkRejected checks a wrong signature of the good row's request: alone, and
// in the lists that the row's note describes.
func checkRejected(t *testing.T, good, bad vector) {
	t.Helper()
	s := signature.Must(signature.NewStandardWebhooks(signature.Key{Secret: good.Secret}))
	verify := func(sig string) error {
		_, err := s.Verify(good.standardHeader(sig), []byte(good.Body), good.time())
		return err
	}
	require.ErrorIs(t, verify(bad.Signature), signature.ErrMismatch)
	require.ErrorIs(t, verify("v1,"), signature.ErrBadHeader)
	require.ErrorIs(t, verify("v2,"+strings.TrimPrefix(good.Signature, "v1,")), signature.ErrUnsupported)
	require.NoError(t, verify("v1,BAD v2,BAD "+good.Signature+" v1,BAD"))
	v2 := "v2" + strings.TrimPrefix(bad.Signature, "v1")
	require.NoError(t, verify(strings.Join([]string{bad.Signature, v2, good.Signature, bad.Signature}, " ")))
}
