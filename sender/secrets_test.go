package sender

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// plainToken is an Authorizer whose kind hides nothing by itself.
type plainToken string

func (plainToken) Kind() string { return "plain" }

func (p plainToken) Authorize(_ context.Context, h http.Header) error {
	h["Authorization"] = []string{string(p)}
	return nil
}

func TestConfig_PrintsNoSecret(t *testing.T) {
	t.Parallel()

	const secret = "s3cret"
	_, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	proxy := proxyAt(t, "http://user:"+secret+"@proxy.example")
	config := Config{Proxy: proxy, Certificates: []tls.Certificate{{PrivateKey: key}, {PrivateKey: other}}}
	settings := newSettings()
	settings.apply([]Option{URL("https://example.com/" + secret), Authorize(plainToken(secret)), Header("X-Api-Key", secret)})
	require.NoError(t, settings.check())
	call, err := newCall(&settings, nil)
	require.NoError(t, err)
	attempt := Attempt{Number: 1, Outcome: Delivered, Status: 200, Header: http.Header{"Set-Cookie": {secret}}, Body: []byte(secret)}
	record := AttemptRecord{Message: &Message{Body: []byte(secret)}, Attempt: attempt, values: &value{key: "k", value: secret}}
	next := Simple(NewClient(config), settings.URL)
	handshake := HandshakeRequest{Origin: "us.example", Callback: settings.URL}
	for _, v := range []any{
		next, handshake, &handshake, *proxy, proxy, config, &config, settings, &settings, call, attempt, &attempt, record, &record,
		Note{Message: record.Message, Attempt: &attempt},
	} {
		for _, verb := range []string{"%v", "%#v", "%s", "%q", "%x", "%d"} {
			text := fmt.Sprintf(verb, v)
			require.NotContains(t, text, secret, "%s of %T", verb, v)
			require.NotContains(t, text, fmt.Sprintf("%x", secret), "%s of %T", verb, v)
			require.NotContains(t, text, numbers([]byte(secret)), "%s of %T", verb, v)
			require.NotContains(t, text, "0x73, 0x33, 0x63", "%s of %T", verb, v)
			require.NotContains(t, text, numbers(key[:4]), "%s of %T", verb, v)
		}
	}
	for _, v := range []any{next, handshake, *proxy, proxy, config, &config, settings, &settings, call, attempt, &attempt, record, &record, Note{Message: record.Message, Attempt: &attempt}, Note{}, AttemptRecord{}} {
		var log strings.Builder
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		require.NotContains(t, log.String(), secret, "%T", v)
		require.NotContains(t, log.String(), "panicked", "%T", v)
		require.NotContains(t, log.String(), "czNjcmV0", "%T in base64", v)
		require.NotContains(t, log.String(), other.D.String(), "%T", v)
		require.NotContains(t, log.String(), numbers(key[:4]), "%T", v)
	}
	for _, v := range []any{*proxy, proxy, config, &config, settings, &settings, call} {
		require.NotContains(t, fmt.Sprintf("%+v", v), secret, "%T", v)
		text, err := json.Marshal(v)
		if err != nil {
			continue // it has functions
		}
		require.NotContains(t, string(text), secret, "%T", v)
		require.NotContains(t, string(text), other.D.String(), "%T", v)
	}
}

// numbers is how fmt writes bytes within other values.
func numbers(b []byte) string { return strings.Trim(fmt.Sprintf("%d", b), "[]") }
