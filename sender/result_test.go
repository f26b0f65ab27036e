package sender

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/signature"
)

func someResult(tb testing.TB) *Result {
	tb.Helper()
	m, err := NewMessage(greenfelds, URL(where), MessageID("evt_1"), Timeout(time.Second), Header("X-A", "a"),
		Secret(secret), Authorize(fixedToken{}))
	require.NoError(tb, err)
	return &Result{
		State: Failed, ID: m.ID, URL: m.URL, Message: m, Reason: "it was the last", Err: errors.New("10.0.0.1"),
		Attempts: []Attempt{
			{
				Number: 1, Outcome: Rejected, Status: 500, Header: http.Header{"A": {"b"}}, Body: []byte("no\x1b[2J"), Truncated: true,
				RetryAfter: time.Second, Start: time.Unix(1, 0).UTC(), Duration: 12 * time.Millisecond, Reason: "status 500",
			},
			{Number: 2, Outcome: TimedOut, Start: time.Unix(2, 0).UTC(), Duration: time.Second, Reason: "no answer in time"},
		},
	}
}

func TestResult_ReadsWell(t *testing.T) {
	r := someResult(t)
	want := "failed: webhook evt_1 to https://example.com/...\n" +
		"  attempt 1: rejected, status 500, 12ms: status 500\n" +
		"  attempt 2: timed out, 1s: no answer in time\n" +
		"  given up: it was the last"
	for _, text := range []string{r.String(), fmt.Sprint(r), fmt.Sprintf("%v", *r), fmt.Sprintf("%s", r), fmt.Sprintf("%#v", r)} {
		require.Equal(t, want, text)
	}
	whole := fmt.Sprintf("%+v", r)
	require.Contains(t, whole, " to "+where+"\n  posted: {\"husband\"")
	require.Contains(t, whole, "\n    answer: no [2J")
	require.NotContains(t, whole, secret)

	require.Equal(t, "failed: webhook to no URL: there is no URL", Result{State: Failed, Reason: "there is no URL"}.String())
	require.Equal(t, "state(0): webhook x to https://example.com", Result{ID: "x", URL: "https://example.com"}.String())
	require.Contains(t, Result{URL: "://"}.String(), "an invalid URL")
	require.Equal(t, 2, r.Last().Number)
	require.Zero(t, new(Result).Last())
}

func TestPrintable_IsBounded(t *testing.T) {
	require.Equal(t, strings.Repeat("x", 255)+"... (257 bytes)", printable([]byte(strings.Repeat("x", 255)+"é")))
	require.Equal(t, "not text", printable([]byte{0xff, 0xfe}))
	require.Equal(t, "not text... (300 bytes)", printable(bytes.Repeat([]byte{0x80}, 300)))
}

func TestResult_LogsAndFormatsNoSecret(t *testing.T) {
	r := someResult(t)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("sent", "result", r, "message", r.Message)
	text := log.String() + fmt.Sprintf("%v %+v %#v %s %d", r.Message, *r.Message, r.Message, r.Message, r.Message)
	require.Contains(t, text, `"state":"failed","id":"evt_1","to":"https://example.com/..."`)
	require.Contains(t, text, "message evt_1 to https://example.com/... (")
	for _, hidden := range []string{"hidden", "Greenfeld", "whsec_", secret[6:], "10.0.0.1"} {
		require.NotContains(t, text, hidden)
	}
}

func TestResult_RoundTrip(t *testing.T) {
	r := someResult(t)
	text, err := json.Marshal(r)
	require.NoError(t, err)
	require.NotContains(t, string(text), secret[6:])
	require.NotContains(t, string(text), "10.0.0.1")
	var got Result
	require.NoError(t, json.Unmarshal(text, &got))
	again, err := json.Marshal(got)
	require.NoError(t, err)
	require.Equal(t, string(text), string(again))

	require.Equal(t, "standardwebhooks", got.Message.SignedBy)
	require.Equal(t, "token", got.Message.AuthorizedBy)
	require.Nil(t, got.Message.Signer)
	require.Nil(t, got.Message.Authorizer)
	got.Message.Signer, got.Message.Authorizer = r.Message.Signer, r.Message.Authorizer
	require.Equal(t, r.Message, got.Message)
	require.Equal(t, r.Attempts, got.Attempts)
}

func TestState_IsText(t *testing.T) {
	for state := Sent; state <= Failed; state++ {
		text, err := state.MarshalText()
		require.NoError(t, err)
		var got State
		require.NoError(t, got.UnmarshalText(text))
		require.Equal(t, state, got)
	}
	_, err := State(0).MarshalText()
	require.Error(t, err)
	require.ErrorContains(t, new(State).UnmarshalText([]byte("done")), "must be one of sent, queued, failed")
}

type named struct{ signature.Signer }

func (named) Kind() string { return "ours" }

func TestSignerName(t *testing.T) {
	key := signature.Key{Secret: "0123456789abcdef"}
	require.Empty(t, SignerName(nil))
	require.Equal(t, "github", SignerName(signature.Must(signature.NewGitHub(key))))
	require.Equal(t, "ours", SignerName(named{}))
}

// FuzzResult_JSON: whatever is read can be written, and is then the same.
func FuzzResult_JSON(f *testing.F) {
	text, err := json.Marshal(someResult(f))
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte(`{"state":"queued","url":"","message":{"url":"x","body":null,"header":{"a":null}},"attempts":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var r Result
		if json.Unmarshal(data, &r) != nil || r.State == 0 {
			return
		}
		for i := range r.Attempts {
			if r.Attempts[i].Outcome == 0 {
				return
			}
		}
		_ = fmt.Sprintf("%v %+v %v", r, &r, r.Message)
		first, err := json.Marshal(r)
		if err != nil {
			return // a time outside RFC 3339
		}
		var again Result
		require.NoError(t, json.Unmarshal(first, &again))
		second, err := json.Marshal(again)
		require.NoError(t, err)
		require.Equal(t, string(first), string(second))
	})
}

type nameless struct{ signature.Signer }

func (nameless) Kind() string { return "" }

func (nameless) Authorize(context.Context, http.Header) error { return nil }

// A message that is loaded must show that its credentials are missing.
func TestMessage_ItsJSONAlwaysNamesTheCredentials(t *testing.T) {
	require.Equal(t, "nameless", SignerName(nameless{}))
	_, err := NewMessage(1, URL(where), Authorize(nameless{}))
	require.EqualError(t, err, "option Authorize: the authorizer's Kind is empty")

	scheme := signature.Must(signature.NewStandardWebhooks(signature.Key{Secret: secret}))
	for _, by := range []any{
		Message{ID: "evt_1", URL: where, Signer: scheme, Authorizer: Bearer("token")},
		&Message{ID: "evt_1", URL: where, Signer: scheme, Authorizer: Bearer("token")},
	} {
		text, err := json.Marshal(by)
		require.NoError(t, err)
		var got Message
		require.NoError(t, json.Unmarshal(text, &got))
		require.Equal(t, "standardwebhooks", got.SignedBy)
		require.Equal(t, "bearer", got.AuthorizedBy)
	}
	_, err = json.Marshal(Message{Authorizer: nameless{}})
	require.ErrorContains(t, err, "the authorizer's Kind is empty")
}

func TestNewMessage_RefusesAnIDThatCannotBeSigned(t *testing.T) {
	for _, id := range []string{"a.b", "a b", "a\nb", "\u00e9", strings.Repeat("a", 257)} {
		_, err := NewMessage(1, URL(where), MessageID(id), Secret(secret))
		require.ErrorContains(t, err, "the id must be 1 to 256 visible ASCII characters without a dot", "%q", id)
	}
	_, err := NewMessage(1, URL(where), MessageID("a.b"))
	require.NoError(t, err)
}
