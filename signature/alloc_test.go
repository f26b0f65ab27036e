package signature_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/signature"
)

// outcome is a call of Verify and what it must return.
type outcome struct {
	name   string
	scheme signature.Verifier
	header http.Header
	body   []byte
	at     time.Time
	want   error
	allocs float64
}

// outcomes returns calls that between them return every error of every scheme.
func outcomes(t *testing.T) []outcome {
	t.Helper()
	body := []byte(testBody)
	large := bytes.Repeat([]byte("x"), 1<<19)
	expired := windowed(t, time.Time{}, testTime().Add(-time.Hour))
	var all []outcome
	for i, s := range allSchemes(t) {
		h := signed(t, s)
		mismatch := 0.0
		if s.name == "StandardWebhooksV1a" {
			mismatch = 1 // crypto/ed25519 makes an error
		}
		forLarge := make(http.Header)
		require.NoError(t, s.Sign(forLarge, testID, large, testTime()))
		add := func(want error, h http.Header, body []byte, at time.Time, allocs float64) {
			all = append(all, outcome{s.name, s, h, body, at, want, allocs})
		}
		add(nil, h, body, testTime(), 0)
		add(nil, forLarge, large, testTime(), 0)
		add(signature.ErrMismatch, h, body[1:], testTime(), mismatch)
		add(signature.ErrNoSignature, http.Header{}, body, testTime(), 0)
		for _, name := range []string{"Webhook-Signature", "Stripe-Signature", "X-Hub-Signature-256", "X-Slack-Signature", "X-Signature"} {
			value := h.Get(name)
			if value == "" {
				continue
			}
			add(signature.ErrBadHeader, with(h, name, value+"?"), body, testTime(), 0)
			if i < 5 {
				unknown := strings.NewReplacer("v1a,", "v3,", "v1,", "v3,", "v1=", "v3=", "v0=", "v3=", "sha256=", "sha1=").Replace(value)
				add(signature.ErrUnsupported, with(h, name, unknown), body, testTime(), 0)
			}
		}
		for _, name := range []string{"Webhook-Id", "Webhook-Timestamp", "X-Slack-Request-Timestamp", "X-Id", "X-Timestamp"} {
			if h.Get(name) != "" {
				add(signature.ErrBadHeader, with(h, name), body, testTime(), 0)
				add(signature.ErrBadHeader, with(h, name, "1", "1"), body, testTime(), 0)
				add(signature.ErrBadHeader, with(h, name, " . "), body, testTime(), 0)
			}
		}
		if s.name != "GitHub" {
			add(signature.ErrTooOld, h, body, testTime().Add(time.Hour), 0)
			add(signature.ErrTooNew, h, body, testTime().Add(-time.Hour), 0)
		}
	}
	for _, s := range expired {
		h := make(http.Header)
		require.NoError(t, s.Sign(h, testID, body, testTime().Add(-time.Hour)))
		switch v := s.Verifier.(type) {
		case *signature.StandardWebhooks:
			v.Tolerance = -1
		case *signature.Stripe:
			v.Tolerance = -1
		case *signature.Slack:
			v.Tolerance = -1
		}
		all = append(all, outcome{s.name, s, h, body, testTime(), signature.ErrNoKey, 0})
	}
	github := signature.Must(signature.NewGitHub(signature.Key{Secret: secretRaw}))
	return append(all, outcome{"GitHub", github, http.Header{"X-Hub-Signature": {"sha1=00"}}, body, testTime(), signature.ErrUnsupported, 0})
}

func TestVerify_allocatesNothing(t *testing.T) {
	for _, o := range outcomes(t) {
		_, err := o.scheme.Verify(o.header, o.body, o.at)
		require.ErrorIs(t, err, o.want, o.name)
		if raceEnabled {
			continue // the error above is checked all the same
		}
		got := testing.AllocsPerRun(100, func() {
			_, _ = o.scheme.Verify(o.header, o.body, o.at)
		})
		require.LessOrEqual(t, got, o.allocs, "%s: %v", o.name, o.want)
	}
}
