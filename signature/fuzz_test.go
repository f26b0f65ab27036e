package signature_test

import (
	"bytes"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/signature"
)

// checkRoundTrip signs a request, which must then verify, and changes one byte
// of its body, which must then be refused. It tolerates a refusal to sign.
func checkRoundTrip(tb testing.TB, v signature.Verifier, s signature.Signer, id string, body []byte, at time.Time) {
	tb.Helper()
	h := make(http.Header)
	if err := s.Sign(h, id, body, at); err != nil {
		require.ErrorIs(tb, err, signature.ErrCannotSign)
		require.Empty(tb, h)
		return
	}
	_, err := v.Verify(h, body, at)
	require.NoError(tb, err)
	if len(body) > 0 {
		i := int(at.Unix()&0xffff) % len(body)
		changed := bytes.Clone(body)
		changed[i] ^= byte(1 << (len(body) % 8))
		_, err = v.Verify(h, changed, at)
		require.ErrorIs(tb, err, signature.ErrMismatch)
	}
	_, err = v.Verify(h, append(bytes.Clone(body), '0'), at)
	require.ErrorIs(tb, err, signature.ErrMismatch)
}

// checkForged verifies a request that nobody signed: it must be refused, with
// an error that names the check.
func checkForged(tb testing.TB, v signature.Verifier, h http.Header, body []byte, at time.Time) {
	tb.Helper()
	key, err := v.Verify(h, body, at)
	require.Empty(tb, key)
	require.ErrorIs(tb, err, signature.ErrRefused)
	for _, want := range []error{
		signature.ErrNoSignature, signature.ErrBadHeader, signature.ErrUnsupported,
		signature.ErrTooOld, signature.ErrTooNew, signature.ErrMismatch,
	} {
		if errors.Is(err, want) {
			return
		}
	}
	tb.Errorf("error %v names no check", err)
}

func FuzzStandardWebhooksVerify(f *testing.F) {
	s := signature.Must(signature.NewStandardWebhooks(
		signature.Key{Secret: secretHMAC}, signature.Key{Secret: secretPrivate}))
	f.Add("msg_1", "1614265330", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "", []byte(testBody))
	f.Add("msg.1", "01", "v1,BAD v2,BAD v1a,BAD", "v1,", []byte{})
	f.Add("", "-1", ", ,v1", " ", []byte(nil))
	f.Add("m", "999999999999", "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==", "", []byte("x"))
	f.Fuzz(func(t *testing.T, id, stamp, first, second string, body []byte) {
		h := http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {stamp}, "Webhook-Signature": {first, second}}
		if first+second != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
			checkForged(t, s, h, body, testTime())
		}
		checkRoundTrip(t, s, s, id, body, testTime().Add(time.Duration(len(first))*time.Second))
	})
}

func FuzzStripeHeader(f *testing.F) {
	s := signature.Must(signature.NewStripe(signature.Key{Secret: secretRaw}, signature.Key{Secret: secretHMAC}))
	f.Add("t=1614265330,v1=6340073448544f68e8673f5d451fd66d10b9facf9c1c36f23c174994d49f2091", "", []byte(testBody), int64(1614265330))
	f.Add("t=1,t=1", "v1=", []byte("x"), int64(-1))
	f.Add(" t = 1 ,, v1=zz,=,v0", ",", []byte(""), int64(1e12))
	f.Fuzz(func(t *testing.T, first, second string, body []byte, at int64) {
		checkForged(t, s, http.Header{"Stripe-Signature": {first, second}}, body, testTime())
		checkRoundTrip(t, s, s, first, body, time.Unix(at, 0))
	})
}

func FuzzGitHubHeader(f *testing.F) {
	s := signature.Must(signature.NewGitHub(signature.Key{Secret: secretRaw}))
	f.Add("sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17", "sha1=00", []byte(testBody))
	f.Add("sha256=", "", []byte("x"))
	f.Add("sha512=00", "sha256=", []byte(""))
	f.Fuzz(func(t *testing.T, header, legacy string, body []byte) {
		h := http.Header{"X-Hub-Signature-256": {header}, "X-Hub-Signature": {legacy}}
		checkForged(t, s, h, body, testTime())
		delete(h, "X-Hub-Signature-256")
		checkForged(t, s, h, body, testTime())
		checkRoundTrip(t, s, s, header, body, testTime().Add(time.Duration(len(header))*time.Second))
	})
}

func FuzzSlackHeader(f *testing.F) {
	s := signature.Must(signature.NewSlack(signature.Key{Secret: secretRaw}))
	f.Add("v0=adada4ed31709aef585c2580ca3267678c6a8eaeb7e0c1aca3ee57b656886b2c", "1614265330", []byte(testBody), int64(1614265330))
	f.Add("v1=", "x", []byte("x"), int64(-1))
	f.Add("v0", "0", []byte(""), int64(0))
	f.Fuzz(func(t *testing.T, header, stamp string, body []byte, at int64) {
		h := http.Header{"X-Slack-Signature": {header}, "X-Slack-Request-Timestamp": {stamp}}
		checkForged(t, s, h, body, testTime())
		checkRoundTrip(t, s, s, header, body, time.Unix(at, 0))
	})
}

// FuzzTemplate makes any format, and checks those that are not refused.
func FuzzTemplate(f *testing.F) {
	f.Add("X-Sig", "sha256=", "", "", "", "", 0, "value", "id", []byte(testBody))
	f.Add("X-Sig", "v1,", " ", "X-Time", "X-Id", "{id}.{timestamp}.{body}", 1, "v1,00 v1,11", "id", []byte("x"))
	f.Add("X-Sig", "v0=", "|", "X-Time", "", "v0:{timestamp}:{body}", 0, "v0=|", "", []byte(""))
	f.Add("X-Sig", "", ";", "", "X-Id", "{body}\n{id}", 1, "é;", "a.b", []byte("{id}"))
	f.Fuzz(func(t *testing.T, header, prefix, separator, stampHeader, idHeader, signed string, encoding int, value, id string, body []byte) {
		s, err := signature.NewTemplate(signature.Format{
			Header: header, Prefix: prefix, Separator: separator, Encoding: signature.Encoding(encoding),
			TimestampHeader: stampHeader, IDHeader: idHeader, Signed: signed,
		}, signature.Key{Secret: secretRaw}, signature.Key{Secret: secretHMAC})
		if err != nil {
			require.ErrorContains(t, err, "template: format's ")
			return
		}
		h := make(http.Header)
		for name, v := range map[string]string{header: value, stampHeader: "1614265330", idHeader: id} {
			if name != "" {
				h.Set(name, v)
			}
		}
		checkForged(t, s, h, body, testTime())
		checkRoundTrip(t, s, s, id, body, testTime().Add(time.Duration(len(value))*time.Second))
	})
}
