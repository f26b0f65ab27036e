package slack_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/source/slack"
)

// untouched is a handler that no event may reach.
func untouched(t *testing.T) http.Handler {
	t.Helper()
	var r cactus.Registry
	r.OnOther(func(context.Context, *cactus.RawEvent, bool) error {
		t.Error("a handshake is no event")
		return nil
	})
	return cactus.NewHandler(&r, slack.New(verifier()))
}

func TestHandler_EchoesTheChallenge(t *testing.T) {
	h := untouched(t)
	for _, body := range []string{handshakeBody, ` {"type":"url_verification","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8\u0050"}`} {
		w := serve(h, signed(t, body))
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, challenge, w.Body.String())
		require.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
		require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
	}
}

func TestHandler_NeverEchoesWhatIsNotVerified(t *testing.T) {
	h := untouched(t)
	unsigned := signed(t, handshakeBody)
	unsigned.Header.Del("X-Slack-Signature")
	forged := signed(t, handshakeBody)
	forged.Header.Set("X-Slack-Signature", mentionSignature)
	old := signed(t, handshakeBody)
	require.NoError(t, verifier().Sign(old.Header, "", []byte(handshakeBody), time.Now().Add(-time.Hour)))
	for _, req := range []*http.Request{unsigned, forged, old} {
		w := serve(h, req)
		require.Equal(t, http.StatusUnauthorized, w.Code)
		require.NotContains(t, w.Body.String(), challenge)
	}

	responder, ok := slack.New(verifier()).(cactus.Responder)
	require.True(t, ok)
	req := cactus.NewRequest(nil, []byte(handshakeBody), time.Time{})
	require.Nil(t, responder.Respond(req, false))
	require.NotNil(t, responder.Respond(req, true))
}

func TestHandler_RefusesAChallengeThatIsNone(t *testing.T) {
	const want = `field "challenge": must be 1 to 256 characters of printable ASCII`
	h := untouched(t)
	for body, want := range map[string]string{
		`{"type":"url_verification"}`:                                                         want,
		`{"type":"url_verification","challenge":null}`:                                        want,
		`{"type":"url_verification","challenge":""}`:                                          want,
		`{"type":"url_verification","challenge":"a b"}`:                                       want,
		`{"type":"url_verification","challenge":"a\r\nb"}`:                                    want,
		`{"type":"url_verification","challenge":"` + strings.Repeat("a", 257) + `"}`:          want,
		`{"type":"url_verification","challenge":5}`:                                           `field "challenge": must be a string`,
		`{"type":"url_verification","challenge":["a"]}`:                                       `field "challenge": must be a string`,
		`{"type":"url_verification","challenge":"a","challenge":"b"}`:                         `field "challenge": is there twice`,
		`{"type":"url_verification","challenge":"a","type":"event_callback"}`:                 `field "type": is there twice`,
		`{"type":"event_callback","challenge":"url_verification","event":{"type":"message"}}`: `field "event_id": is missing`,
	} {
		w := serve(h, signed(t, body))
		require.Equal(t, http.StatusBadRequest, w.Code, body)
		require.Contains(t, w.Body.String(), want, body)
	}
	body := `{"type":"url_verification","challenge":"` + strings.Repeat("a", 256) + `"}`
	require.Equal(t, strings.Repeat("a", 256), serve(h, signed(t, body)).Body.String())
}

func TestHandler_AMessageAboutTheHandshakeIsAnEvent(t *testing.T) {
	var r cactus.Registry
	got := 0
	r.Handle("message", func(context.Context, *cactus.RawEvent) error { got++; return nil })
	h := cactus.NewHandler(&r, slack.New(verifier()))
	w := serve(h, signed(t, `{"type":"event_callback","event_id":"Ev1","challenge":"x","event":{"type":"message","text":"\"type\":\"url_verification\""}}`))
	require.Equal(t, http.StatusOK, w.Code)
	require.Empty(t, w.Body.String())
	require.Equal(t, 1, got)
}

func TestReceive_AHandshakeInAQueueIsNoEvent(t *testing.T) {
	var r cactus.Registry
	req := signed(t, handshakeBody)
	require.NoError(t, r.Receive(t.Context(), slack.New(verifier()), cactus.NewRequest(req.Header, []byte(handshakeBody), time.Time{})))
	envs, err := parse(handshakeBody)
	require.NoError(t, err)
	require.Empty(t, envs)
}

func FuzzParse(f *testing.F) {
	for _, body := range []string{
		mentionBody, limitedBody, handshakeBody, `{"type":"url_verification"}`, `{"type":"event_callback","event_id":"Ev1","event":{"type":"a","type":"b"}}`,
		`{"type":"a","event_time":1e9}`, `{"type":null,"team_id":"\ud800"}`, `{}`, ``,
	} {
		f.Add([]byte(body))
	}
	src := slack.New(verifier())
	f.Fuzz(func(t *testing.T, body []byte) {
		before := string(body)
		req := cactus.NewRequest(nil, body, time.Time{})
		envs, err := src.Parse(nil, req)
		response := src.(cactus.Responder).Respond(req, true)
		require.Equal(t, before, string(body))
		require.Nil(t, src.(cactus.Responder).Respond(req, false))
		if response != nil {
			require.NoError(t, err)
			require.Empty(t, envs)
			require.Regexp(t, `^[!-~]{1,256}$`, string(response.Body))
		}
		if err != nil || len(envs) == 0 {
			require.Empty(t, envs)
			return
		}
		require.Len(t, envs, 1)
		e := envs[0]
		require.Regexp(t, `^[A-Za-z0-9_.:-]{1,256}$`, e.ID)
		require.Regexp(t, `^[A-Za-z0-9][A-Za-z0-9_.:/\[\]-]*$`, e.Type)
		require.Regexp(t, `^[!-~]*$`, e.Context)
		require.NotEqual(t, "url_verification", e.Type)
		require.Contains(t, before, string(e.Data))
		require.Equal(t, before, string(e.Raw))
	})
}
