package signature_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/signature"
)

const (
	secretOld = "whsec_b2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xk"
	secretNew = "whsec_bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3"
)

// A rotation: the receiver takes both keys, the sender signs with both for a
// day.
func TestRotation(t *testing.T) {
	change := testTime()
	overlap := change.Add(24 * time.Hour)
	receiver := signature.Must(signature.NewStandardWebhooks(
		signature.Key{Name: "old", Secret: secretOld, NotAfter: overlap},
		signature.Key{Name: "new", Secret: secretNew},
	))
	sender := signature.Must(signature.NewStandardWebhooks(
		signature.Key{Name: "new", Secret: secretNew, NotBefore: change},
		signature.Key{Name: "old", Secret: secretOld, NotAfter: overlap},
	))
	for at, want := range map[time.Time]struct {
		key        string
		signatures int
	}{
		change.Add(-1):  {"old", 1},
		change:          {"old", 2},
		overlap:         {"old", 2},
		overlap.Add(1):  {"new", 1},
		overlap.Add(24): {"new", 1},
	} {
		h := make(http.Header)
		require.NoError(t, sender.Sign(h, testID, []byte(testBody), at))
		require.Len(t, strings.Fields(h.Get("Webhook-Signature")), want.signatures)
		key, err := receiver.Verify(h, []byte(testBody), at)
		require.NoError(t, err)
		require.Equal(t, want.key, key)
	}
}

func TestWindow_bothEndsAreIncluded(t *testing.T) {
	from, to := testTime(), testTime().Add(time.Minute)
	for _, s := range windowed(t, from, to) {
		h := make(http.Header)
		require.NoError(t, s.Sign(h, testID, []byte(testBody), from), s.name)
		require.ErrorIs(t, s.Sign(make(http.Header), testID, nil, from.Add(-1)), signature.ErrCannotSign)
		require.ErrorIs(t, s.Sign(make(http.Header), testID, nil, to.Add(1)), signature.ErrCannotSign)
		for at, want := range map[time.Time]error{
			from.Add(-1): signature.ErrNoKey,
			from:         nil,
			to:           nil,
			to.Add(1):    signature.ErrNoKey,
		} {
			_, err := s.Verify(h, []byte(testBody), at)
			require.ErrorIs(t, err, want, "%s at %v", s.name, at)
		}
	}
}

// windowed returns every scheme, with a key that is valid from one time to
// another.
func windowed(tb testing.TB, from, to time.Time) []scheme {
	tb.Helper()
	key := func(secret string) signature.Key {
		return signature.Key{Secret: secret, NotBefore: from, NotAfter: to}
	}
	standard := signature.Must(signature.NewStandardWebhooks(key(secretPrivate)))
	stripe := signature.Must(signature.NewStripe(key(secretRaw)))
	github := signature.Must(signature.NewGitHub(key(secretRaw)))
	slack := signature.Must(signature.NewSlack(key(secretRaw)))
	template := signature.Must(signature.NewTemplate(signature.Format{Header: "X"}, key(secretRaw)))
	return []scheme{
		{standard, standard, "StandardWebhooks"},
		{stripe, stripe, "Stripe"},
		{github, github, "GitHub"},
		{slack, slack, "Slack"},
		{template, template, "Template"},
	}
}

func TestTolerance_isTheSameOnBothSides(t *testing.T) {
	for _, s := range timestamped(t, 0, nil) {
		h := signed(t, s)
		for offset, want := range map[time.Duration]error{
			-5*time.Minute - 1: signature.ErrTooNew,
			-5 * time.Minute:   nil,
			0:                  nil,
			5 * time.Minute:    nil,
			5*time.Minute + 1:  signature.ErrTooOld,
		} {
			_, err := s.Verify(h, []byte(testBody), testTime().Add(offset))
			require.ErrorIs(t, err, want, "%s %v", s.name, offset)
		}
	}
	for _, s := range timestamped(t, time.Second, nil) {
		h := signed(t, s)
		_, err := s.Verify(h, []byte(testBody), testTime().Add(time.Second))
		require.NoError(t, err, s.name)
		_, err = s.Verify(h, []byte(testBody), testTime().Add(time.Second+1))
		require.ErrorIs(t, err, signature.ErrTooOld, s.name)
	}
}

func TestTolerance_negativeChecksNothing(t *testing.T) {
	for _, s := range timestamped(t, -1, nil) {
		h := signed(t, s)
		for _, years := range []int{-50, 50} {
			_, err := s.Verify(h, []byte(testBody), testTime().AddDate(years, 0, 0))
			require.NoError(t, err, s.name)
		}
	}
}

func TestVerify_zeroTimeIsThePresent(t *testing.T) {
	for _, s := range timestamped(t, 0, testTime) {
		h := make(http.Header)
		require.NoError(t, s.Sign(h, testID, []byte(testBody), time.Time{}), s.name)
		_, err := s.Verify(h, []byte(testBody), testTime())
		require.NoError(t, err, s.name)
		_, err = s.Verify(h, []byte(testBody), time.Time{})
		require.NoError(t, err, s.name)
	}
	synctest.Test(t, func(t *testing.T) {
		for _, s := range timestamped(t, 0, nil) {
			h := make(http.Header)
			require.NoError(t, s.Sign(h, testID, []byte(testBody), time.Time{}), s.name)
			time.Sleep(5 * time.Minute)
			_, err := s.Verify(h, []byte(testBody), time.Time{})
			require.NoError(t, err, s.name)
			received := time.Now()
			time.Sleep(time.Second)
			_, err = s.Verify(h, []byte(testBody), time.Time{})
			require.ErrorIs(t, err, signature.ErrTooOld, s.name)
			_, err = s.Verify(h, []byte(testBody), received)
			require.NoError(t, err, "%s: a queued body is judged by the time of receipt", s.name)
		}
	})
}

// timestamped returns every scheme that signs a timestamp, with its fields set.
func timestamped(tb testing.TB, tolerance time.Duration, now func() time.Time) []scheme {
	tb.Helper()
	standard := signature.Must(signature.NewStandardWebhooks(signature.Key{Secret: secretHMAC}))
	standard.Tolerance, standard.Now = tolerance, now
	stripe := signature.Must(signature.NewStripe(signature.Key{Secret: secretRaw}))
	stripe.Tolerance, stripe.Now = tolerance, now
	slack := signature.Must(signature.NewSlack(signature.Key{Secret: secretRaw}))
	slack.Tolerance, slack.Now = tolerance, now
	f := signature.Format{Header: "X", TimestampHeader: "Y", Signed: "{body}\n{timestamp}"}
	template := signature.Must(signature.NewTemplate(f, signature.Key{Secret: secretRaw}))
	template.Tolerance, template.Now = tolerance, now
	return []scheme{
		{standard, standard, "StandardWebhooks"},
		{stripe, stripe, "Stripe"},
		{slack, slack, "Slack"},
		{template, template, "Template"},
	}
}

func TestSign_withManyKeys(t *testing.T) {
	keys := make([]signature.Key, 0, 11)
	for i := range 11 {
		keys = append(keys, signature.Key{Secret: secretRaw + strings.Repeat("x", i)})
	}
	stripe := signature.Must(signature.NewStripe(keys...))
	err := stripe.Sign(make(http.Header), "", nil, testTime())
	require.ErrorIs(t, err, signature.ErrCannotSign)
	require.ErrorContains(t, err, "more than ten")
	ten := signature.Must(signature.NewStripe(keys[:10]...))
	h := signed(t, ten)
	requireKey(t, "key1", stripe, h)
	last := signature.Must(signature.NewStripe(signature.Key{Name: "last", Secret: keys[9].Secret}))
	requireKey(t, "last", last, h)

	// One signature is all that the scheme has room for.
	github := signature.Must(signature.NewGitHub(keys...))
	requireKey(t, "key1", github, signed(t, github))
}

func TestZeroSchemes_refuse(t *testing.T) {
	for _, s := range []scheme{
		{new(signature.StandardWebhooks), new(signature.StandardWebhooks), "StandardWebhooks"},
		{new(signature.Stripe), new(signature.Stripe), "Stripe"},
		{new(signature.GitHub), new(signature.GitHub), "GitHub"},
		{new(signature.Slack), new(signature.Slack), "Slack"},
		{new(signature.Template), new(signature.Template), "Template"},
	} {
		requireRefused(t, signature.ErrNoKey, s, http.Header{"X-Hub-Signature": {"sha1=00"}})
		require.ErrorIs(t, s.Sign(make(http.Header), testID, nil, testTime()), signature.ErrCannotSign)
	}
}

func TestSchemes_takeNilHeaders(t *testing.T) {
	for _, s := range allSchemes(t) {
		requireRefused(t, signature.ErrNoSignature, s, nil)
		require.ErrorIs(t, s.Sign(nil, testID, nil, testTime()), signature.ErrCannotSign)
	}
}

func TestSchemes_coverTheWholeBody(t *testing.T) {
	for _, s := range allSchemes(t) {
		h := signed(t, s)
		for i := range testBody {
			body := []byte(testBody)
			body[i] ^= 1
			_, err := s.Verify(h, body, testTime())
			require.ErrorIs(t, err, signature.ErrMismatch, s.name)
		}
	}
}

func TestSchemes_areSafeForConcurrentUse(t *testing.T) {
	for _, s := range allSchemes(t) {
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				body := []byte(strings.Repeat("x", i*100))
				h := make(http.Header)
				for range 50 {
					if err := s.Sign(h, testID, body, testTime()); err != nil {
						t.Error(err)
					}
					if _, err := s.Verify(h, body, testTime()); err != nil {
						t.Error(err)
					}
					if _, err := s.Verify(h, append(body, ' '), testTime()); err == nil {
						t.Error("a changed body was accepted")
					}
				}
			})
		}
		wg.Wait()
	}
}
