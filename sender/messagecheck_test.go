package sender

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCheckHeader_KeepsWhatBelongsToOthers(t *testing.T) {
	t.Parallel()

	for _, name := range []string{
		"Host", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Te", "Trailer", "Upgrade", "Expect",
		"Proxy-Authorization", "Proxy-Connection", "Webhook-Id", "Webhook-Timestamp", "Webhook-Signature", "Svix-Signature",
		"Stripe-Signature", "X-Hub-Signature", "X-Hub-Signature-256", "X-Slack-Signature", "X-Whisperer-Signature",
	} {
		require.ErrorContains(t, checkHeader(name, []string{"x"}), "header "+name+": cannot be set, it belongs to ")
		require.Error(t, checkHeader(strings.ToLower(name), []string{"x"}))
	}
	for _, name := range []string{"Content-Type", "User-Agent", "Idempotency-Key", "X-Mine", "Accept", "Webhook-Request-Origin", "Ce-Id"} {
		require.NoError(t, checkHeader(name, []string{"x", "", "a\tb", "é"}), name)
	}
	for name := range reserved {
		require.Equal(t, http.CanonicalHeaderKey(name), name)
	}
}

func FuzzCheckHeader(f *testing.F) {
	f.Add("X-Mine", "value")
	f.Add("x-mine", "a\r\nHost: b")
	f.Add("Host", "b")
	f.Add("X Mine:", "\x00")
	f.Add("Ä", "ü")
	f.Fuzz(func(t *testing.T, name, value string) {
		if checkHeader(name, []string{value}) != nil {
			return
		}
		var wire bytes.Buffer
		wire.WriteString("POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 0\r\n")
		wire.WriteString(name + ": " + value + "\r\n\r\n")
		req, err := http.ReadRequest(bufio.NewReader(&wire))
		require.NoError(t, err)
		require.Equal(t, "here", req.Host)
		require.Len(t, req.Header, 2, "the header is one header")
		require.Equal(t, []string{strings.Trim(value, " \t")}, req.Header[name])
	})
}
