package sender_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/sender"
	"github.com/cactuscorp/cactus/sender/sendertest"
)

func TestHook_OnTheWire(t *testing.T) { // P4, P6, P10
	for name, c := range map[string]struct {
		opt               sender.Option
		payload           any
		body, contentType string
	}{
		"JSON":      {sender.JSON(), map[string]string{"wife": "Audrey"}, `{"wife":"Audrey"}`, "application/json"},
		"a form":    {sender.Form(), map[string]string{"wife": "Audrey"}, `wife=Audrey`, "application/x-www-form-urlencoded"},
		"as it is":  {sender.JSON(), `{"a":   1}`, `{"a":   1}`, "application/json"},
		"by itself": {sender.Marshal(sender.StandardJSON), map[string]any{"at": time.Unix(0, 0).UTC()}, `{"at":"1970-01-01T00:00:00Z"}`, "application/json"},
	} {
		t.Run(name, func(t *testing.T) {
			receiver := sendertest.NewReceiver(t)
			send := sender.Hook(sendertest.NewClient(receiver), func(context.Context, any) (any, error) { return c.payload, nil })
			result, err := send(t.Context(), nil, c.opt, sender.URL("https://example.com"), sender.Header("Basic", "KJSDFKJDSF"))
			require.NoError(t, err)
			require.Equal(t, 200, result.Last().Status)
			came := receiver.Received()
			require.Len(t, came, 1)
			require.Equal(t, c.body, string(came[0].Body))
			require.Equal(t, c.contentType, came[0].Header.Get("Content-Type"))
			require.Equal(t, "KJSDFKJDSF", came[0].Header.Get("Basic"))
		})
	}
}

func TestHook_TimesOutOnTheWire(t *testing.T) { // P7
	synctest.Test(t, func(t *testing.T) {
		client := sendertest.NewClient(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // or the server does not see that the client is gone
			select {
			case <-time.After(20 * time.Millisecond):
			case <-r.Context().Done():
			}
		}))
		send := sender.Hook(client, title, sender.URL("https://example.com"), sender.Retry(sender.Schedule{}))
		result, err := send(t.Context(), site, sender.Timeout(10*time.Second))
		require.NoError(t, err)
		require.True(t, result.OK())

		result, err = send(t.Context(), site, sender.Timeout(10*time.Millisecond))
		require.Error(t, err)
		require.Equal(t, sender.TimedOut, result.Last().Outcome)
		require.Equal(t, 10*time.Millisecond, result.Last().Duration)
		require.JSONEq(t, `{"title":"Website & blog"}`, string(result.Message.Body), "the payload is returned nevertheless")
		require.NotEmpty(t, result.ID)
	})
}

func TestHook_SignsWhatItSends(t *testing.T) { // P5, with the vectors of the Python package
	for secret, want := range map[string]string{
		"secret1":    "sha256=e67a669f944fe752f9d9da15c5bcb4d332fceb4940ab512090e124c52c44cfa5",
		"secret_key": "sha256=67fc5147fd8555b1080b50a1db2652036d3680d9daa48a6e5c476f2939f49107",
	} {
		body := `{"husband": "Daniel Roy Greenfeld", "wife": "Audrey Roy Greenfeld"}`
		if secret == "secret1" {
			body = `{"hash": "9d930cc754004d5790869fdfb6064f62", ` + body[1:]
		}
		signer, err := sender.LegacyHub(secret)
		require.NoError(t, err)
		receiver := sendertest.NewReceiver(t)
		send := sender.Hook(sendertest.NewClient(receiver), func(context.Context, any) (string, error) { return body, nil },
			sender.URL("https://example.com"), sender.Sign(signer))
		result, err := send(t.Context(), nil)
		require.NoError(t, err)
		require.Equal(t, "legacyhub", result.Message.SignedBy)
		require.Equal(t, want, receiver.Received()[0].Header.Get("X-Hub-Signature"))
	}
}
