package sender_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/sender"
	"github.com/cactuscorp/cactus/signature"
)

func TestLegacySigners_SignAsTheirSystemsDo(t *testing.T) {
	const couple = `"husband": "Daniel Roy Greenfeld", "wife": "Audrey Roy Greenfeld"}`
	tests := []struct {
		make                       func(string) (*sender.LegacySigner, error)
		secret, body, header, want string
	}{
		{
			sender.LegacyHub, "secret1", `{"hash": "9d930cc754004d5790869fdfb6064f62", ` + couple,
			"x-hub-signature", "e67a669f944fe752f9d9da15c5bcb4d332fceb4940ab512090e124c52c44cfa5",
		},
		{
			sender.LegacyHub, "secret_key", `{` + couple,
			"x-hub-signature", "67fc5147fd8555b1080b50a1db2652036d3680d9daa48a6e5c476f2939f49107",
		},
		{
			sender.LegacyWhisperer, "secret", `{"event": {"type": "package-created", "uuid": "da81e85139824c6187dd1e58a7d3f971"}, "payload": {"id": 61}}`,
			"X-Whisperer-Signature", "403d1ee568077d550b2162408687efc63e12427a21150c707e65757092f3ef78",
		},
	}
	for _, tt := range tests {
		s, err := tt.make(tt.secret)
		require.NoError(t, err)
		h := http.Header{}
		h.Set(tt.header, "what was there")
		require.NoError(t, s.Sign(h, "", []byte(tt.body), time.Time{}))
		require.Equal(t, "sha256="+tt.want, h.Get(tt.header))
		require.Len(t, h, 1)
	}
}

func TestLegacySigners_RefuseWhatTheyCannotSignWith(t *testing.T) {
	for _, secret := range []string{"", " \n"} {
		_, err := sender.LegacyHub(secret)
		require.EqualError(t, err, "LegacyHub: the secret is empty, want the one that the receiver has")
		_, err = sender.LegacyWhisperer(secret)
		require.EqualError(t, err, "LegacyWhisperer: the secret is empty, want the one that the receiver has")
	}
	s := signature.Must(sender.LegacyHub("secret"))
	require.Empty(t, (*sender.LegacySigner)(nil).Kind())
	require.ErrorIs(t, s.Sign(nil, "", nil, time.Time{}), signature.ErrCannotSign)
	require.ErrorIs(t, new(sender.LegacySigner).Sign(http.Header{}, "", nil, time.Time{}), signature.ErrCannotSign)
	require.ErrorIs(t, (*sender.LegacySigner)(nil).Sign(http.Header{}, "", nil, time.Time{}), signature.ErrCannotSign)
}

func TestLegacySigners_NeverShowTheirSecret(t *testing.T) {
	const secret = "hunter2-hunter2"
	for _, s := range []*sender.LegacySigner{
		signature.Must(sender.LegacyHub(secret)), signature.Must(sender.LegacyWhisperer(secret)),
	} {
		var out strings.Builder
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%T", "%t", "%c"} {
			fmt.Fprintf(&out, verb, s)
			fmt.Fprintf(&out, verb, *s)
			fmt.Fprintf(&out, verb, struct{ s any }{s})
			fmt.Fprintf(&out, verb, struct{ s sender.LegacySigner }{*s})
			fmt.Fprintf(&out, verb, []any{s, *s})
		}
		text, err := json.Marshal([]any{s, *s})
		require.NoError(t, err)
		out.Write(text)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "signer", s, "value", *s)
		require.NotContains(t, out.String(), secret)
		require.NotContains(t, out.String(), "hunter2")
		require.NotContains(t, strings.ToLower(out.String()), "68756e74657232", "hexadecimal")
		require.NotContains(t, out.String(), "104 117 110", "bytes")
		require.Contains(t, []string{"legacyhub", "legacywhisperer"}, s.String())
		require.Equal(t, s.String(), s.Kind())
		require.Error(t, json.Unmarshal([]byte(`"x"`), s))
	}
}
