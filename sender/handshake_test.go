package sender

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHandshake_GrantsByHeadersAlone(t *testing.T) {
	t.Parallel()

	asked := HandshakeRequest{Origin: "events.example.com", Rate: 120}
	for name, c := range map[string]struct {
		origin, rate []string
		request      HandshakeRequest
		want         Permission
	}{
		"its origin": {[]string{"Events.Example.com"}, []string{"100"}, asked, Permission{Granted: true, Rate: 100}},
		"all":        {[]string{"*"}, []string{"*"}, asked, Permission{Granted: true, AnyOrigin: true, Unlimited: true}},
		"no rate asked, none named": {
			[]string{"*"}, nil, HandshakeRequest{Origin: "a.example"}, Permission{Granted: true, AnyOrigin: true},
		},
		"a rate asked, none named": {[]string{"*"}, nil, asked, Permission{Reason: "WebHook-Allowed-Rate is missing, although a rate was asked for"}},
		"a letter that only folds to one of its": {
			[]string{"\u212aelvin.example"},
			[]string{"*"},
			HandshakeRequest{Origin: "kelvin.example"},
			Permission{Reason: "WebHook-Allowed-Origin is neither kelvin.example nor *"},
		},
		"another origin": {
			[]string{"other.example"}, []string{"*"}, asked, Permission{Reason: "WebHook-Allowed-Origin is neither events.example.com nor *"},
		},
		"two origins": {
			[]string{"events.example.com", "*"}, []string{"*"}, asked, Permission{Reason: "WebHook-Allowed-Origin is neither events.example.com nor *"},
		},
		"nothing": {nil, []string{"*"}, asked, Permission{Reason: "answered 200 without WebHook-Allowed-Origin"}},
		"nothing yet": {
			nil, nil,
			HandshakeRequest{Origin: "a.example", Callback: "https://a.example/confirm?id=1"},
			Permission{Pending: true, Reason: "answered 200 without WebHook-Allowed-Origin"},
		},
		"rate zero":     {[]string{"*"}, []string{"0"}, asked, Permission{Reason: "WebHook-Allowed-Rate is neither a positive number nor *"}},
		"rate signed":   {[]string{"*"}, []string{"+1"}, asked, Permission{Reason: "WebHook-Allowed-Rate is neither a positive number nor *"}},
		"rate empty":    {[]string{"*"}, []string{""}, asked, Permission{Reason: "WebHook-Allowed-Rate is neither a positive number nor *"}},
		"rate too much": {[]string{"*"}, []string{"99999999999"}, asked, Permission{Reason: "WebHook-Allowed-Rate is neither a positive number nor *"}},
		"two rates":     {[]string{"*"}, []string{"1", "2"}, asked, Permission{Reason: "WebHook-Allowed-Rate is neither a positive number nor *"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var got *http.Request
			rawURL, _ := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
				got = r
				for _, value := range c.origin {
					w.Header().Add("Webhook-Allowed-Origin", value)
				}
				for _, value := range c.rate {
					w.Header().Add("Webhook-Allowed-Rate", value)
				}
			})
			permission, err := loopbackClient(t, Config{}).Handshake(t.Context(), rawURL+"/hooks?x=y", c.request)
			require.NoError(t, err)
			c.want.Status = 200
			require.Equal(t, c.want, permission)
			require.Equal(t, http.MethodOptions, got.Method)
			require.Equal(t, "/hooks?x=y", got.RequestURI)
			require.Equal(t, c.request.Origin, got.Header.Get("Webhook-Request-Origin"))
			require.Equal(t, c.request.Callback, got.Header.Get("Webhook-Request-Callback"))
			if c.request.Rate > 0 {
				require.Equal(t, "120", got.Header.Get("Webhook-Request-Rate"))
				return
			}
			require.NotContains(t, got.Header, "Webhook-Request-Rate")
		})
	}
}

func TestHandshake_SaysWhatIsWrong(t *testing.T) {
	t.Parallel()

	good := HandshakeRequest{Origin: "a.example"}
	for want, c := range map[string]struct {
		rawURL  string
		request HandshakeRequest
	}{
		"handshake: url: scheme must be http or https":    {"ftp://a.example", good},
		"handshake: origin: must be a DNS name":           {"https://8.8.8.8", HandshakeRequest{}},
		"handshake: origin: must be a DNS name such as":   {"https://8.8.8.8", HandshakeRequest{Origin: "https://a.example"}},
		"handshake: origin: must be a DNS name such as e": {"https://8.8.8.8", HandshakeRequest{Origin: "a.example\r\nX: y"}},
		"handshake: rate: must not be negative":           {"https://8.8.8.8", HandshakeRequest{Origin: "a.example", Rate: -1}},
		"handshake: callback: must be an https URL":       {"https://8.8.8.8", HandshakeRequest{Origin: "a.example", Callback: "http://a.example"}},
		"handshake: callback: must be an https URL, as":   {"https://8.8.8.8", HandshakeRequest{Origin: "a.example", Callback: "https://a.example/?q= x"}},
		"handshake: address not allowed":                  {"https://10.0.0.1/?token=secret", good},
	} {
		_, err := NewClient(Config{}).Handshake(t.Context(), c.rawURL, c.request)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "secret")
	}
	_, err := NewClient(Config{}).Handshake(t.Context(), "https://10.0.0.1", good)
	require.ErrorIs(t, err, ErrBlocked)
}

func FuzzReadPermission(f *testing.F) {
	f.Add("*", "100", "a.example", 1, "")
	f.Add("a.example", "*", "a.example", 0, "https://a.example")
	f.Add("a.example\x00*", "-1", "a.example", 7, "")
	f.Fuzz(func(t *testing.T, origins, rates, origin string, rate int, callback string) {
		h := http.Header{}
		for value := range strings.SplitSeq(origins, "\x00") {
			h.Add(allowedOrigin, value)
		}
		for value := range strings.SplitSeq(rates, "\x00") {
			h.Add(allowedRate, value)
		}
		request := &HandshakeRequest{Origin: origin, Rate: rate, Callback: callback}
		p := readPermission(&http.Response{StatusCode: http.StatusOK, Header: h}, request)
		require.Equal(t, p.Granted, p.Reason == "")
		if p.Granted {
			require.True(t, origins == "*" || sameName(origins, origin))
			require.NotEqual(t, p.Unlimited, p.Rate > 0)
		}
		require.GreaterOrEqual(t, p.Rate, 0)
	})
}
