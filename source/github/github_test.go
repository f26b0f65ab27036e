package github_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/source/github"
)

func TestNew_PanicsWithoutAVerifier(t *testing.T) {
	require.PanicsWithValue(t, "github: New needs a verifier", func() { github.New(nil) })
}

// push is an event with a field of the user's own.
type push struct {
	cactus.Full[struct {
		Ref string `json:"ref"`
	}]

	Repository struct {
		ID   int64  `json:"id"`
		Name string `json:"full_name"`
	} `json:"repository"`
}

func (push) EventType() string { return "push" }

const pushBody = `{"ref":"refs/heads/main","repository":{"id":17273051,"full_name":"octo-org/octo-repo"}}`

func TestHandler_ReceivesJSONAndForms(t *testing.T) {
	var got []push
	var left time.Duration
	var r cactus.Registry
	cactus.On(&r, func(ctx context.Context, e *push) error {
		deadline, _ := ctx.Deadline()
		left = deadline.Sub(e.ReceivedAt)
		got = append(got, *e)
		return nil
	})
	h := cactus.NewHandler(&r, github.New(verifier()))
	form := "payload=" + url.QueryEscape(pushBody)
	for _, req := range []*http.Request{
		signed(t, jsonType, "push", guid, pushBody),
		signed(t, "application/json; charset=utf-8", "push", guid, " "+pushBody+"\n"),
		signed(t, formType, "push", guid, form),
		signed(t, jsonType, "push", guid, form), // nobody signed the content type
		signed(t, formType, "push", guid, pushBody),
	} {
		got = nil
		status, text := serve(h, req)
		require.Equal(t, http.StatusOK, status, text)
		require.Len(t, got, 1)
		e := got[0]
		require.Equal(t, guid, e.ID)
		require.Equal(t, "push", e.Type)
		require.Equal(t, "main", e.Key)
		require.Equal(t, "refs/heads/main", e.Data.Ref)
		require.Equal(t, int64(17273051), e.Repository.ID)
		require.Equal(t, "octo-org/octo-repo", e.Repository.Name)
		require.True(t, e.Created.IsZero())
		require.Empty(t, e.Context)
		require.Equal(t, 9*time.Second, left)
	}
}

func TestHandler_AnswersAPingThatNothingTakes(t *testing.T) {
	body := `{"zen":"Keep it logically awesome.","hook_id":1,"hook":{"type":"Repository"}}`
	h := cactus.NewHandler(new(cactus.Registry), github.New(verifier()))
	status, _ := serve(h, signed(t, jsonType, "ping", guid, body))
	require.Equal(t, http.StatusOK, status)

	var r cactus.Registry
	pings := 0
	r.Handle("ping", func(context.Context, *cactus.RawEvent) error { pings++; return nil })
	status, _ = serve(cactus.NewHandler(&r, github.New(verifier()), cactus.WithStrict()), signed(t, jsonType, "ping", guid, body))
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, 1, pings)
}

func TestHandler_Refuses(t *testing.T) {
	h := cactus.NewHandler(new(cactus.Registry), github.New(verifier()))
	with := func(change func(*http.Request)) *http.Request {
		req := signed(t, jsonType, "push", guid, pushBody)
		change(req)
		return req
	}
	tests := map[string]struct {
		req    *http.Request
		status int
		text   string
	}{
		"a GET":             {with(func(r *http.Request) { r.Method = http.MethodGet }), http.StatusMethodNotAllowed, "method"},
		"a multipart form":  {signed(t, "multipart/form-data; boundary=x", "push", guid, pushBody), http.StatusUnsupportedMediaType, "content type"},
		"a body too large":  {with(func(r *http.Request) { r.ContentLength = 25<<20 + 1 }), http.StatusRequestEntityTooLarge, "too large"},
		"no signature":      {with(func(r *http.Request) { r.Header.Del("X-Hub-Signature-256") }), http.StatusUnauthorized, ""},
		"another signature": {with(func(r *http.Request) { r.Header.Set("X-Hub-Signature-256", "sha256="+strings.Repeat("00", 32)) }), http.StatusUnauthorized, ""},
		"no event":          {with(func(r *http.Request) { r.Header.Del("X-Github-Event") }), http.StatusBadRequest, "header X-GitHub-Event: is missing"},
		"no delivery":       {with(func(r *http.Request) { r.Header.Del("X-Github-Delivery") }), http.StatusBadRequest, "header X-GitHub-Delivery: is missing"},
		"two events":        {with(func(r *http.Request) { r.Header.Add("X-Github-Event", "fork") }), http.StatusBadRequest, "header X-GitHub-Event: is there twice"},
		"two deliveries":    {with(func(r *http.Request) { r.Header.Add("X-Github-Delivery", guid) }), http.StatusBadRequest, "header X-GitHub-Delivery: is there twice"},
	}
	for name, tt := range tests {
		status, text := serve(h, tt.req)
		require.Equal(t, tt.status, status, name)
		require.Contains(t, text, tt.text, name)
	}
}

func TestHandler_TakesABodyAsLargeAsGitHubSends(t *testing.T) {
	if raceEnabled {
		t.Skip("much work, and nothing here races")
	}
	h := cactus.NewHandler(new(cactus.Registry), github.New(verifier()))
	body := `{"a":"` + strings.Repeat("a", 25<<20-8) + `"}`
	require.Len(t, body, 25<<20)
	status, text := serve(h, signed(t, jsonType, "push", guid, body))
	require.Equal(t, http.StatusOK, status, text)
	req := signed(t, jsonType, "push", guid, body+" ")
	req.ContentLength = -1
	status, _ = serve(h, req)
	require.Equal(t, http.StatusRequestEntityTooLarge, status)
}

// TestVectors uses signatures that others published: go-github's tests and
// GitHub's documentation.
func TestVectors(t *testing.T) {
	header := func(name, value string) http.Header {
		return http.Header{"X-Github-Event": {"push"}, "X-Github-Delivery": {guid}, name: {value}}
	}
	src := github.New(verifier())

	req := cactus.NewRequest(header("X-Hub-Signature-256", "sha256=b1f8020f5b4cd42042f807dd939015c4a418bc1ff7f604dd55b0a19b5d953d9b"), []byte(`{"yo":true}`), time.Time{})
	key, err := src.Verify(t.Context(), req)
	require.NoError(t, err)
	require.Equal(t, "main", key)
	envs, err := src.Parse(nil, req)
	require.NoError(t, err)
	require.JSONEq(t, `{"yo":true}`, string(envs[0].Data))

	// The published signature of a form is SHA-1.
	form := []byte("payload=%7B%22yo%22%3Atrue%7D")
	req = cactus.NewRequest(header("X-Hub-Signature", "sha1=3374ef144403e8035423b23b02e2c9d7a4c50368"), form, time.Time{})
	_, err = src.Verify(t.Context(), req)
	require.ErrorIs(t, err, signature.ErrUnsupported)
	envs, err = src.Parse(nil, req)
	require.NoError(t, err)
	require.JSONEq(t, `{"yo":true}`, string(envs[0].Data))

	everybody := github.New(signature.Must(signature.NewGitHub(signature.Key{Secret: "It's a Secret to Everybody"})))
	req = cactus.NewRequest(header("X-Hub-Signature-256", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"), []byte("Hello, World!"), time.Time{})
	_, err = everybody.Verify(t.Context(), req)
	require.NoError(t, err)
	_, err = everybody.Parse(nil, req)
	require.EqualError(t, err, "body: must be a JSON object")
}

func BenchmarkParse(b *testing.B) {
	body := `{"action":"opened","pull_request":{"body":"` + strings.Repeat("cactus and \\n", 650) + `"}}`
	src := github.New(verifier())
	for name, body := range map[string]string{"json": body, "form": "payload=" + url.QueryEscape(body)} {
		b.Run(name, func(b *testing.B) {
			req := cactus.NewRequest(map[string][]string{"X-GitHub-Event": {"pull_request"}, "X-GitHub-Delivery": {guid}}, []byte(body), time.Now())
			envs := make([]cactus.Envelope, 0, 1)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := src.Parse(envs[:0], req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestParse_AllocatesLittle(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	src := github.New(verifier())
	dst := make([]cactus.Envelope, 0, 1)
	count := func(body string) float64 {
		req := cactus.NewRequest(map[string][]string{"X-GitHub-Event": {"issues"}, "X-GitHub-Delivery": {guid}}, []byte(body), time.Now())
		return testing.AllocsPerRun(100, func() {
			if _, err := src.Parse(dst[:0], req); err != nil {
				panic(err)
			}
		})
	}
	require.LessOrEqual(t, count(`{"action":"opened"}`), 2.0, "the type and the digest")
	require.LessOrEqual(t, count(`payload={"action":"opened"}`), 3.0, "the payload")
	require.LessOrEqual(t, count(`{}`), 1.0, "the digest")
}

func FuzzParse(f *testing.F) {
	for _, body := range []string{
		pushBody, `{"action":"opened"}`, `{"action":"\u006fpened","a":[{}]}`, `{"action":1}`, `{"action":"a","action":"b"}`,
		"payload=%7B%22yo%22%3Atrue%7D", "payload=%7", "payload={}&payload={}", "Hello, World!", "",
	} {
		f.Add("pull_request", guid, []byte(body))
		f.Add("repository_dispatch", guid, []byte(body))
	}
	f.Add("a.b", "../x", []byte("{}"))
	src := github.New(verifier())
	f.Fuzz(func(t *testing.T, event, id string, body []byte) {
		before := string(body)
		header := http.Header{"X-Github-Event": {event}, "X-Github-Delivery": {id}}
		envs, err := src.Parse(nil, &cactus.Request{Header: header, Body: body})
		require.Equal(t, before, string(body))
		if err != nil {
			require.Empty(t, envs)
			return
		}
		require.Len(t, envs, 1)
		e := envs[0]
		require.Equal(t, id, e.ID)
		require.Regexp(t, `^[A-Za-z0-9][A-Za-z0-9_.:/\[\]-]*$`, e.Type)
		got, _, _ := strings.Cut(e.Type, ".")
		require.Equal(t, event, got, "what comes after a dot is the action")
		require.Regexp(t, `^(.+:)?[0-9a-f]{64}$`, e.DedupeID)
		require.Equal(t, e.Raw, e.Data)
		if form, ok := strings.CutPrefix(before, "payload="); ok {
			want, err := url.QueryUnescape(form)
			require.NoError(t, err)
			require.Equal(t, want, string(e.Data))
		} else {
			require.Equal(t, before, string(e.Data))
		}
	})
}

func TestReceive_OutOfAQueue(t *testing.T) {
	var r cactus.Registry
	var got *push
	cactus.On(&r, func(_ context.Context, e *push) error { got = e; return nil })
	req := signed(t, "", "push", guid, pushBody)
	queued := cactus.NewRequest(req.Header, []byte(pushBody), time.Now().Add(-time.Hour))
	require.NoError(t, r.Receive(t.Context(), github.New(verifier()), queued))
	require.Equal(t, "refs/heads/main", got.Data.Ref)
}

func TestHandler_KeptDataOutlivesTheRequest(t *testing.T) {
	var kept []*cactus.RawEvent
	var r cactus.Registry
	r.OnOther(func(_ context.Context, e *cactus.RawEvent, _ bool) error { kept = append(kept, e); return nil })
	h := cactus.NewHandler(&r, github.New(verifier()))
	for _, n := range []string{"1", "2", "3"} {
		body := `{"n":` + n + `}`
		w := httptest.NewRecorder()
		h.ServeHTTP(w, signed(t, jsonType, "fork", guid, body))
		w = httptest.NewRecorder()
		h.ServeHTTP(w, signed(t, formType, "fork", guid, "payload="+url.QueryEscape(body)))
	}
	require.Len(t, kept, 6)
	for i, e := range kept {
		require.JSONEq(t, `{"n":`+string(rune('1'+i/2))+`}`, string(e.Data))
	}
}
