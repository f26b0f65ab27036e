package slack_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/source/slack"
)

func TestNew_PanicsWithoutAVerifier(t *testing.T) {
	require.PanicsWithValue(t, "slack: New needs a verifier", func() { slack.New(nil) })
}

// TestVector uses a signature that slack-go's tests publish.
func TestVector(t *testing.T) {
	at := time.Unix(1531431954, 0)
	header := map[string][]string{
		"X-Slack-Signature":         {mentionSignature},
		"X-Slack-Request-Timestamp": {strconv.FormatInt(at.Unix(), 10)},
	}
	src := slack.New(verifier())
	req := cactus.NewRequest(header, []byte(mentionBody), at)
	key, err := src.Verify(t.Context(), req)
	require.NoError(t, err)
	require.Equal(t, "main", key)
	envs, err := src.Parse(nil, req)
	require.NoError(t, err)
	require.Len(t, envs, 1)
	e := envs[0]
	require.Equal(t, cactus.Meta{ID: "TvBP7LRED7", Type: "app_mention", Created: at.UTC(), Context: "XXXXXXXXX"}, e.Meta)
	requireBytes(t, mentionBody, e.Raw)
	require.True(t, e.RelatedObject.IsZero())
	var data map[string]string
	require.NoError(t, json.Unmarshal(e.Data, &data))
	require.Equal(t, "<@EEEEEEEEE> hello world", data["text"])

	_, err = src.Verify(t.Context(), cactus.NewRequest(header, []byte(mentionBody), at.Add(time.Hour)))
	require.ErrorIs(t, err, signature.ErrRefused)
}

func TestHandler_DispatchesTheInnerEvent(t *testing.T) {
	var got []mention
	var left time.Duration
	var r cactus.Registry
	cactus.On(&r, func(ctx context.Context, e *mention) error {
		deadline, _ := ctx.Deadline()
		left = deadline.Sub(e.ReceivedAt)
		got = append(got, *e)
		return nil
	})
	h := cactus.NewHandler(&r, slack.New(verifier()))
	require.Equal(t, http.StatusOK, serve(h, signed(t, mentionBody)).Code)

	retry := signed(t, mentionBody)
	retry.Header.Set("X-Slack-Retry-Num", "1")
	retry.Header.Set("X-Slack-Retry-Reason", "http_timeout")
	require.Equal(t, http.StatusOK, serve(h, retry).Code)

	require.Len(t, got, 2, "at least once: a retry is for the deduplication")
	for _, e := range got {
		require.Equal(t, "TvBP7LRED7", e.ID)
		require.Empty(t, e.DedupeID, "the ID it is")
		require.Equal(t, "main", e.Key)
		require.Equal(t, "AAAAAAAAA", e.Data.User)
		require.Equal(t, "YYYYYYYYY", e.App)
	}
	require.Equal(t, 2500*time.Millisecond, left)
}

func TestHandler_Refuses(t *testing.T) {
	h := cactus.NewHandler(new(cactus.Registry), slack.New(verifier()))
	with := func(change func(*http.Request)) *http.Request {
		req := signed(t, mentionBody)
		change(req)
		return req
	}
	tests := map[string]struct {
		req    *http.Request
		status int
		text   string
	}{
		"a GET":            {with(func(r *http.Request) { r.Method = http.MethodGet }), http.StatusMethodNotAllowed, "method"},
		"a form":           {with(func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }), http.StatusUnsupportedMediaType, "content type"},
		"a body too large": {with(func(r *http.Request) { r.ContentLength = 1<<20 + 1 }), http.StatusRequestEntityTooLarge, "too large"},
		"no signature":     {with(func(r *http.Request) { r.Header.Del("X-Slack-Signature") }), http.StatusUnauthorized, ""},
		"another time":     {with(func(r *http.Request) { r.Header.Set("X-Slack-Request-Timestamp", "1531431954") }), http.StatusUnauthorized, ""},
		"no event":         {signed(t, `{"type":"event_callback","event_id":"Ev1"}`), http.StatusBadRequest, `field "event": is missing`},
	}
	for name, tt := range tests {
		w := serve(h, tt.req)
		require.Equal(t, tt.status, w.Code, name)
		require.Contains(t, w.Body.String(), tt.text, name)
	}
}

func TestParse_ReadsTheEnvelope(t *testing.T) {
	at := time.Unix(1700000000, 0).UTC()
	tests := []struct {
		body string
		want cactus.Meta
		data string
	}{
		{
			`{"event":{"type":"message","subtype":"bot_message"},"type":"event_callback","event_id":"Ev1"}`,
			cactus.Meta{ID: "Ev1", Type: "message"},
			`{"type":"message","subtype":"bot_message"}`,
		},
		{
			`{"event":{"nested":{"type":"x"},"type":"reaction_added"},"type":"event_callback","event_id":"Ev1","event_time":1700000000,"team_id":null}`,
			cactus.Meta{ID: "Ev1", Type: "reaction_added", Created: at},
			`{"nested":{"type":"x"},"type":"reaction_added"}`,
		},
		{
			` {"\u0074ype":"event\u005fcallback","event_id":"E\u00761","team_id":"\u0054","event":{ "type" : "app\u005fmention" },"event_time":0} `,
			cactus.Meta{ID: "Ev1", Type: "app_mention", Created: time.Unix(0, 0).UTC(), Context: "T"},
			`{ "type" : "app\u005fmention" }`,
		},
		{
			`{"type":"event_callback","event_id":"Ev1","event_time":null,"challenge":"x","event":{"type":"link_shared"}}`,
			cactus.Meta{ID: "Ev1", Type: "link_shared"},
			`{"type":"link_shared"}`,
		},
		{
			`{"type":"something_new","event_id":"Ev2","event_time":1700000000,"event":{}}`,
			cactus.Meta{ID: "Ev2", Type: "something_new", Created: at},
			`{"type":"something_new","event_id":"Ev2","event_time":1700000000,"event":{}}`,
		},
	}
	for _, tt := range tests {
		e := parseOne(t, tt.body)
		require.Equal(t, tt.want, e.Meta, tt.body)
		require.Equal(t, tt.data, string(e.Data))
		require.Equal(t, tt.body, string(e.Raw))
	}
}

func TestParse_AnotherTypeIsAnEventOfItsOwn(t *testing.T) {
	sum := sha256.Sum256([]byte(limitedBody))
	e := parseOne(t, limitedBody)
	require.Equal(t, cactus.Meta{ID: "sha256:" + hex.EncodeToString(sum[:]), Type: "app_rate_limited", Context: "T123456"}, e.Meta)
	requireBytes(t, limitedBody, e.Data)
	requireBytes(t, limitedBody, e.Raw)

	later := parseOne(t, strings.Replace(limitedBody, "1518467820", "1518467880", 1))
	require.NotEqual(t, e.ID, later.ID, "the next minute")

	var r cactus.Registry
	var minute int64
	r.Handle("app_rate_limited", func(_ context.Context, e *cactus.RawEvent) error {
		var data struct {
			Minute int64 `json:"minute_rate_limited"`
		}
		err := json.Unmarshal(e.Data, &data)
		minute = data.Minute
		return err
	})
	require.Equal(t, http.StatusOK, serve(cactus.NewHandler(&r, slack.New(verifier())), signed(t, limitedBody)).Code)
	require.Equal(t, int64(1518467820), minute)
}

func TestParse_RefusesAndNamesTheField(t *testing.T) {
	const (
		seconds = `field "event_time": must be a number of whole seconds since 1970`
		grammar = "has a byte that is none of A-Z a-z 0-9 _ . : / [ ] -"
	)
	callback := func(rest string) string { return `{"type":"event_callback","event_id":"Ev1",` + rest + `}` }
	tests := []struct{ body, want string }{
		{``, "body: is empty"},
		{`[]`, "body: must be a JSON object"},
		{`payload={}`, "body: must be a JSON object"},
		{`{"type":"a"} {}`, "body: data after the object at byte 13"},
		{`{}`, `field "type": is missing`},
		{`{"type":null}`, `field "type": is missing`},
		{`{"type":""}`, `field "type": is missing`},
		{`{"type":1}`, `field "type": must be a string`},
		{`{"type":"a b"}`, `field "type": ` + grammar},
		{`{"type":"a","\u0074ype":"b"}`, `field "type": is there twice`},
		{`{"type":"event_callback","event":{"type":"a"}}`, `field "event_id": is missing`},
		{`{"type":"event_callback","event_id":"a/b","event":{"type":"a"}}`, `field "event_id": has a byte that is none of A-Z a-z 0-9 _ . : -`},
		{`{"type":"event_callback","event_id":5,"event":{"type":"a"}}`, `field "event_id": must be a string`},
		{`{"type":"a","event_id":"a b"}`, `field "event_id": has a byte that is none of A-Z a-z 0-9 _ . : -`},
		{`{"event_id":"a","event_id":"a"}`, `field "event_id": is there twice`},
		{callback(`"event":{"type":"a"},"team_id":[]`), `field "team_id": must be a string`},
		{callback(`"event":{"type":"a"},"team_id":"T 1"`), `field "team_id": has a byte that is not printable ASCII`},
		{callback(`"event":{"type":"a"},"team_id":"T\n"`), `field "team_id": has a byte that is not printable ASCII`},
		{callback(`"team_id":"T","team_id":"U"`), `field "team_id": is there twice`},
		{callback(`"event_time":"1700000000"`), seconds},
		{callback(`"event_time":1.5`), seconds},
		{callback(`"event_time":1e9`), seconds},
		{callback(`"event_time":-1`), seconds},
		{callback(`"event_time":253402300800`), seconds},
		{callback(`"event_time":99999999999999999999`), seconds},
		{callback(`"event_time":1,"event_time":1`), `field "event_time": is there twice`},
		{callback(`"a":1`), `field "event": is missing`},
		{callback(`"event":null`), `field "event": is missing`},
		{callback(`"event":"a"`), `field "event": must be an object`},
		{callback(`"event":{"type":"a"},"event":{"type":"b"}`), `field "event": is there twice`},
		{callback(`"event":{}`), `field "event.type": is missing`},
		{callback(`"event":{"type":null}`), `field "event.type": must be a string`},
		{callback(`"event":{"type":""}`), `field "event.type": is empty`},
		{callback(`"event":{"type":"a*"}`), `field "event.type": ` + grammar},
		{callback(`"event":{"type":"a","type":"b"}`), `field "event.type": is there twice`},
	}
	for _, tt := range tests {
		envs, err := parse(tt.body)
		require.EqualError(t, err, tt.want, tt.body)
		require.Empty(t, envs)
	}
}

func TestParse_AllocatesLittle(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	src := slack.New(verifier())
	req := cactus.NewRequest(nil, []byte(mentionBody), time.Now())
	dst := make([]cactus.Envelope, 0, 1)
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() {
		if _, err := src.Parse(dst[:0], req); err != nil {
			panic(err)
		}
	}), 3.0, "the type, the id and the team")
}

func BenchmarkParse(b *testing.B) {
	src := slack.New(verifier())
	req := cactus.NewRequest(nil, []byte(mentionBody), time.Now())
	dst := make([]cactus.Envelope, 0, 1)
	b.SetBytes(int64(len(mentionBody)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := src.Parse(dst[:0], req); err != nil {
			b.Fatal(err)
		}
	}
}
