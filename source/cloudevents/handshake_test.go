package cloudevents_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/source/cloudevents"
)

func TestHandshake_GrantsOnlyWhatIsAllowed(t *testing.T) {
	called := 0
	callback := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called++ }))
	defer callback.Close()

	origins := cloudevents.WithOrigins("emitter.example.com", "kelvin.example")
	for name, row := range map[string]struct {
		opts   []cloudevents.Option
		asked  []string
		status int
		origin string
		rate   string
	}{
		"the origin that is allowed gets its own name": {[]cloudevents.Option{origins}, []string{"emitter.example.com"}, 200, "emitter.example.com", "*"},
		"names are compared without regard to case":    {[]cloudevents.Option{origins}, []string{"Emitter.Example.COM"}, 200, "Emitter.Example.COM", "*"},
		"a rate is told":                                   {[]cloudevents.Option{origins, cloudevents.WithRate(60)}, []string{"emitter.example.com"}, 200, "emitter.example.com", "60"},
		"all are allowed if the user says so":              {[]cloudevents.Option{cloudevents.WithOrigins("*")}, []string{"anybody.example"}, 200, "*", "*"},
		"another origin gets nothing":                      {[]cloudevents.Option{origins}, []string{"evil.example.com"}, 403, "", ""},
		"a part of a name is another":                      {[]cloudevents.Option{origins}, []string{"a.emitter.example.com"}, 403, "", ""},
		"letters that only fold to those of a name are no": {[]cloudevents.Option{origins}, []string{"\u212aelvin.example"}, 403, "", ""},
		"a star that the sender asks for is no name":       {[]cloudevents.Option{origins}, []string{"*"}, 403, "", ""},
		"two origins are none":                             {[]cloudevents.Option{origins}, []string{"emitter.example.com", "b"}, 403, "", ""},
		"an empty origin is none":                          {[]cloudevents.Option{cloudevents.WithOrigins("*")}, []string{""}, 403, "", ""},
		"OPTIONS without an origin is no handshake":        {[]cloudevents.Option{origins}, nil, 200, "", ""},
		"without the option there is no handshake":         {nil, []string{"emitter.example.com"}, 405, "", ""},
		"binary mode changes nothing":                      {[]cloudevents.Option{origins, cloudevents.WithBinary()}, []string{"emitter.example.com"}, 200, "emitter.example.com", "*"},
	} {
		t.Run(name, func(t *testing.T) {
			var r cactus.Registry
			r.OnOther(func(context.Context, *cactus.RawEvent, bool) error { t.Error("dispatched"); return nil })
			req := httptest.NewRequestWithContext(t.Context(), http.MethodOptions, "/", http.NoBody)
			req.Header.Set("Webhook-Request-Callback", callback.URL)
			req.Header.Set("Webhook-Request-Rate", "120")
			for _, origin := range row.asked {
				req.Header.Add("Webhook-Request-Origin", origin)
			}
			w := serve(cactus.NewHandler(&r, cloudevents.New(scheme(), row.opts...)), req)
			requireStatus(t, row.status, w)
			require.Equal(t, "POST", w.Header().Get("Allow"))
			require.Equal(t, row.origin, w.Header().Get("Webhook-Allowed-Origin"))
			require.Equal(t, row.rate, w.Header().Get("Webhook-Allowed-Rate"))
		})
	}
	require.Zero(t, called)
}

func TestHandshake_ASignedOptionsRequestIsNoDelivery(t *testing.T) {
	req := delivery(structuredType, eventWith(""))
	req.Method = http.MethodOptions
	got, w := receive(t, req, cloudevents.WithOrigins("a"))
	requireStatus(t, http.StatusOK, w)
	require.Empty(t, got)
}
