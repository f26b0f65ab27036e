package sender

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/signature"
)

// headers is an endpoint that keeps the headers that come, and fails the first.
type headers struct {
	mu   sync.Mutex
	came []http.Header
}

func (h *headers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.came = append(h.came, r.Header)
	if len(h.came) == 1 {
		w.WriteHeader(http.StatusInternalServerError)
	}
}

func TestIDHeader_TellsARetryFromANewMessage(t *testing.T) {
	t.Parallel()

	legacy := Sign(signature.Must(LegacyWhisperer("secret")))
	hub := Sign(signature.Must(signature.NewGitHub(signature.Key{Secret: "not the secret of a webhook"})))
	svix := signature.Must(signature.NewStandardWebhooks(signature.Key{Secret: secret}))
	svix.Svix = true
	for name, c := range map[string]struct {
		opts []Option
		want string // the header; "": none
	}{
		"unsigned":                   {nil, "Webhook-Id"},
		"a form":                     {[]Option{Form()}, "Webhook-Id"},
		"a legacy signature":         {[]Option{legacy}, "Webhook-Id"},
		"another's signature":        {[]Option{hub, IDHeader("X-GitHub-Delivery")}, "X-Github-Delivery"},
		"a signature with an id":     {[]Option{Secret(secret)}, "Webhook-Id"},
		"the same under two names":   {[]Option{Secret(secret), IDHeader("idempotency-key")}, "Idempotency-Key"},
		"a signature, and no other":  {[]Option{Secret(secret), IDHeader("")}, "Webhook-Id"},
		"the name of Svix":           {[]Option{IDHeader("svix-id")}, "Svix-Id"},
		"a signature as Svix has it": {[]Option{Sign(svix)}, "Webhook-Id"},
		"the same, under its name":   {[]Option{Sign(svix), IDHeader("svix-id")}, "Svix-Id"},
		"none is asked for":          {[]Option{IDHeader("")}, ""},
		"there is none":              {[]Option{NoID()}, ""},
		"it is empty":                {[]Option{ID(func() string { return "" })}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			endpoint := &headers{}
			rawURL, _ := serveHTTP(t, endpoint.ServeHTTP)
			result, err := Hook(loopbackClient(t, Config{}), same, c.opts...)(t.Context(), greenfelds, URL(rawURL))
			require.NoError(t, err)
			require.Len(t, endpoint.came, 2)
			for _, h := range endpoint.came {
				if c.want != "" {
					require.Equal(t, []string{result.ID}, h[c.want])
					continue
				}
				for _, values := range h {
					require.NotContains(t, values, result.ID)
				}
				require.NotContains(t, h, "Webhook-Id")
			}
		})
	}
}

func TestIDHeader_IsStoredWithTheMessage(t *testing.T) {
	t.Parallel()

	endpoint := &headers{}
	rawURL, _ := serveHTTP(t, endpoint.ServeHTTP)
	m, err := NewMessage(`{}`, URL(rawURL), MessageID("evt_1"), IDHeader("X-Delivery"))
	require.NoError(t, err)
	text, err := json.Marshal(m)
	require.NoError(t, err)
	var loaded Message
	require.NoError(t, json.Unmarshal(text, &loaded))
	loaded.Signer = benchScheme() // of one who signs what others have queued
	loopbackClient(t, Config{}).Attempt(t.Context(), &loaded, 1)
	require.Equal(t, []string{"evt_1"}, endpoint.came[0]["X-Delivery"])
	require.Equal(t, []string{"evt_1"}, endpoint.came[0]["Webhook-Id"])
}

func TestIDHeader_RefusesWhatIsNoIDsHeader(t *testing.T) {
	t.Parallel()

	for name, want := range map[string]string{
		"Host": "belongs to the URL", "Webhook-Signature": "belongs to a Signer", "A b": "is not a header's name",
		"X-A\r\nX-B": "is not a header's name", "Cookie": "has another meaning", "authorization": "has another meaning",
		"Content-Type": "has another meaning", "User-Agent": "has another meaning", "X-Taken": "is set to something else",
	} {
		_, err := NewMessage(`{}`, URL(where), Header("X-Taken", "1"), IDHeader(name))
		require.ErrorContains(t, err, "option IDHeader: id: header ")
		require.ErrorContains(t, err, want)
	}
	a := loopbackClient(t, Config{}).Attempt(t.Context(), &Message{ID: "a", IDHeader: "x-lower", URL: where}, 1)
	require.Equal(t, Refused, a.Outcome)
	require.ErrorContains(t, a.Err, "must be written X-Lower")
}

func TestIDHeader_TakesNoIDThatIsNoHeadersValue(t *testing.T) {
	t.Parallel()

	c := loopbackClient(t, Config{})
	for _, id := range []string{"a\r\nHost: b", "a b", "ü", "\x7f", strings.Repeat("a", 257)} {
		_, err := NewMessage(`{}`, URL(where), MessageID(id))
		require.EqualError(t, err, "id: must be 1 to 256 visible ASCII characters, because header Webhook-Id has it")
		a := c.Attempt(t.Context(), &Message{ID: id, IDHeader: "X-Mine", URL: where}, 1)
		require.Equal(t, Refused, a.Outcome)
		_, err = NewMessage(`{}`, URL(where), MessageID(id), IDHeader(""))
		require.NoError(t, err, "it is not sent")
	}
	_, err := NewMessage(`{}`, URL(where), MessageID("order.61/1"))
	require.NoError(t, err)
}

func TestIDHeader_IsNobodyElses(t *testing.T) {
	t.Parallel()

	m := &Message{ID: "evt_1", IDHeader: "X-Mine", URL: "http://127.0.0.1:1", Authorizer: HeaderAuth("x-mine", "s3cret")}
	a := loopbackClient(t, Config{}).Attempt(t.Context(), m, 1)
	require.Equal(t, Refused, a.Outcome)
	require.EqualError(t, a.Err, "authorizer: header X-Mine: must have the message's id")

	m.Authorizer, m.Signer = nil, badSigner(func(h http.Header) error { delete(h, "X-Mine"); return nil })
	a = loopbackClient(t, Config{}).Attempt(t.Context(), m, 1)
	require.EqualError(t, a.Err, "signer: header X-Mine: must have the message's id")

	var seen string
	m.Signer = badSigner(func(h http.Header) error { seen = h.Get("X-Mine"); return context.Canceled })
	loopbackClient(t, Config{}).Attempt(t.Context(), m, 1)
	require.Equal(t, "evt_1", seen, "a Signer may sign it")
}

func TestMessage_PrintsOddIDsAndHostsInOneLine(t *testing.T) {
	t.Parallel()

	id := "evt\n{\"level\":\"error\"}\x1b[31m" + strings.Repeat("x", 1000)
	result, err := Hook(&scripted{}, same, URL(where))(t.Context(), greenfelds, MessageID(id))
	require.Error(t, err)
	require.Equal(t, `failed: webhook "evt\n{\"level\":\"error\"}\x1b[31mxxxxxxxxxxxxxx..." to https://example.com/...: the message could not be made`, result.String())
	require.Equal(t, "message evt_1 to an invalid URL (0 bytes)", (&Message{ID: "evt_1", URL: "https://exam\u202eple.com"}).String())
}

// Messages that were stored before they had an IDHeader go out as they did then.
func TestIDHeader_IsNotMadeUpForAStoredMessageWithoutOne(t *testing.T) {
	t.Parallel()

	endpoint := &headers{}
	rawURL, _ := serveHTTP(t, endpoint.ServeHTTP)
	c := loopbackClient(t, Config{})
	for signed, want := range map[string][]string{"": nil, `,"signed_by":"legacyhub"`: {"evt_1"}} {
		var m Message
		require.NoError(t, json.Unmarshal([]byte(`{"id":"evt_1","url":"`+rawURL+`","body":"e30="`+signed+`}`), &m))
		if signed != "" {
			m.Signer = benchScheme() // another than it was: SignedBy does not mind
		}
		endpoint.came = nil
		c.Attempt(t.Context(), &m, 1)
		require.Equal(t, want, endpoint.came[0]["Webhook-Id"], signed)
	}
}
