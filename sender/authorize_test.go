package sender

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAuthorizers_SetTheirHeaderAndPrintNothing(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		authorizer          Authorizer
		kind, header, value string
	}{
		{Basic("user", "secret"), "basic", "Authorization", "Basic dXNlcjpzZWNyZXQ="},
		{Basic("", ""), "basic", "Authorization", "Basic Og=="},
		{Bearer("secret"), "bearer", "Authorization", "Bearer secret"},
		{HeaderAuth("x-api-key", "secret"), "header:X-Api-Key", "X-Api-Key", "secret"},
	} {
		h := http.Header{}
		require.NoError(t, c.authorizer.Authorize(t.Context(), h))
		require.Equal(t, http.Header{c.header: {c.value}}, h)
		require.Equal(t, c.kind, c.authorizer.Kind())
		var log strings.Builder
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "a", c.authorizer)
		text, err := json.Marshal(c.authorizer)
		require.NoError(t, err)
		var printed strings.Builder
		printed.WriteString(log.String() + string(text))
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
			printed.WriteString(fmt.Sprintf(verb, c.authorizer) + fmt.Sprintf(verb, &Message{Authorizer: c.authorizer}))
		}
		require.NotContains(t, printed.String(), "secret")
		require.NotContains(t, printed.String(), "736563726574")
		require.NotContains(t, printed.String(), "dXNlcjpzZWNyZXQ")
	}
}

func TestAuthorizers_PanicOnWhatNoHeaderCanHave(t *testing.T) {
	t.Parallel()

	for want, build := range map[string]func(){
		"sender.Basic: the user must have no colon, and neither a control character": func() { Basic("a:b", "secret") },
		"sender.Bearer: the token must be printable ASCII without spaces":            func() { Bearer("secret x") },
		"sender.HeaderAuth: the first argument is not a header's name":               func() { HeaderAuth("X Key", "secret") },
		"sender.HeaderAuth: Webhook-Signature cannot be set":                         func() { HeaderAuth("webhook-signature", "secret") },
		"sender.HeaderAuth: the value must not be empty nor have control characters": func() { HeaderAuth("X-Key", "secret\n") },
	} {
		require.PanicsWithValue(t, want, build)
	}
	require.Panics(t, func() { Basic("a", "b\n") })
	require.Panics(t, func() { Bearer("") })
	require.Panics(t, func() { HeaderAuth("", "x") })
	require.Panics(t, func() { HeaderAuth("X-Key", " ") })
}
