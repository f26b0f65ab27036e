package signature_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/signature"
)

func newSvix(t *testing.T) *signature.StandardWebhooks {
	t.Helper()
	s := newStandard(t, secretHMAC)
	s.Svix = true
	return s
}

// svixOf returns the headers under Svix's names.
func svixOf(h http.Header) http.Header {
	renamed := make(http.Header)
	for name, values := range h {
		renamed[strings.Replace(name, "Webhook-", "Svix-", 1)] = values
	}
	return renamed
}

func TestStandardWebhooks_Svix_readsAndWritesItsNames(t *testing.T) {
	s, standard := newSvix(t), newStandard(t, secretHMAC)
	h := make(http.Header)
	require.NoError(t, s.Sign(h, testID, []byte(testBody), testTime()))
	require.Equal(t, svixOf(signed(t, standard)), h)
	_, err := s.Verify(h, []byte(testBody), testTime())
	require.NoError(t, err)
	require.Equal(t, testID, s.ID(h))

	_, err = standard.Verify(h, []byte(testBody), testTime())
	require.ErrorIs(t, err, signature.ErrNoSignature)
	require.Empty(t, standard.ID(h))
	_, err = s.Verify(signed(t, standard), []byte(testBody), testTime())
	require.ErrorIs(t, err, signature.ErrNoSignature)
}

// What is not signed is not trusted, under the other names least of all.
func TestStandardWebhooks_Svix_mixesNoNames(t *testing.T) {
	s := newSvix(t)
	h := svixOf(signed(t, newStandard(t, secretHMAC)))
	h.Set("Webhook-Id", "another")
	_, err := s.Verify(h, []byte(testBody), testTime())
	require.NoError(t, err)
	require.Equal(t, testID, s.ID(h))

	h["Webhook-Timestamp"] = h["Svix-Timestamp"]
	h.Del("Svix-Timestamp")
	_, err = s.Verify(h, []byte(testBody), testTime())
	require.EqualError(t, err, "signature: bad header: no Svix-Timestamp")
	require.Empty(t, new(signature.StandardWebhooks).ID(h))
	require.Empty(t, (&signature.StandardWebhooks{Svix: true}).ID(h))
	_, err = (&signature.StandardWebhooks{Svix: true}).Verify(h, nil, testTime())
	require.ErrorIs(t, err, signature.ErrNoKey)
}

func TestStandardWebhooks_Svix_DiagnoseKnowsTheOtherNames(t *testing.T) {
	s := newSvix(t)
	d := s.Diagnose(signed(t, newStandard(t, secretHMAC)), []byte(testBody), testTime())
	require.ErrorIs(t, d.Err, signature.ErrNoSignature)
	require.Equal(t, "Standard Webhooks: there are headers of Standard Webhooks: "+
		"do not set the scheme's Svix: the signature is good then", d.String())
	d = s.Diagnose(http.Header{}, nil, testTime())
	require.Contains(t, d.String(), "want Svix-Signature")
	d = s.Diagnose(svixOf(signed(t, newStandard(t, secretHMAC))), []byte(testBody+"\n"), testTime())
	require.True(t, d.Has(signature.CauseBodyChanged), d.String())
}

// Many senders use Svix, whose headers have its own name.
func ExampleStandardWebhooks_svix() {
	scheme := signature.Must(signature.NewStandardWebhooks(signature.Key{Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}))
	scheme.Svix = true

	h := http.Header{}
	h.Set("Svix-Id", "msg_p5jXN8AQM9LWM0D4loKWxJek")
	h.Set("Svix-Timestamp", "1614265330")
	h.Set("Svix-Signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
	fmt.Println(scheme.Verify(h, []byte(`{"test": 2432232314}`), time.Unix(1614265330, 0)))
	fmt.Println(scheme.ID(h))
	// Output:
	// key1 <nil>
	// msg_p5jXN8AQM9LWM0D4loKWxJek
}
