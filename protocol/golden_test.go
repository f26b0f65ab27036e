package protocol

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestProcessor_AnswersAsTheDialectsDo runs the cases of testdata. Each states
// itself in prose and has a request and a response, which are compared as JSON
// with all digits of numbers. "<uuid>" stands for any new UUID.
func TestProcessor_AnswersAsTheDialectsDo(t *testing.T) {
	for dialect, folder := range map[Dialect]string{Python: "python", Kotlin: "kotlin"} {
		files, err := filepath.Glob(filepath.Join("testdata", folder, "*.txtar"))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		p := NewProcessor(goldenRegistry(), WithDialect(dialect))
		for _, file := range files {
			t.Run(folder+"/"+filepath.Base(file), func(t *testing.T) {
				c := readCase(t, file)
				got := p.Process(t.Context(), []byte(c["request"]))
				require.Equal(t, asAny(t, []byte(c["response"])), maskIDs(asAny(t, got), asAny(t, []byte(c["response"]))), "got %s", got)
			})
		}
	}
}

// readCase reads the sections of a txtar file, without their last line feed.
func readCase(t *testing.T, file string) map[string]string {
	t.Helper()
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	sections := regexp.MustCompile(`(?m)^-- (\w+) --\n`)
	places := sections.FindAllSubmatchIndex(raw, -1)
	require.Len(t, places, 2, "request and response")
	require.NotEmpty(t, strings.TrimSpace(string(raw[:places[0][0]])), "the case in prose")
	found := map[string]string{}
	for i, at := range places {
		end := len(raw)
		if i+1 < len(places) {
			end = places[i+1][0]
		}
		found[string(raw[at[2]:at[3]])] = strings.TrimSuffix(string(raw[at[1]:end]), "\n")
	}
	return found
}

func asAny(t *testing.T, raw []byte) any {
	t.Helper()
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	require.NoError(t, d.Decode(&v))
	return v
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// maskIDs replaces new UUIDs where they are wanted.
func maskIDs(got, want any) any {
	g, ok := got.(map[string]any)
	w, ok2 := want.(map[string]any)
	if ok && ok2 {
		for _, key := range []string{"id", "flowId"} {
			if id, ok := g[key].(string); ok && w[key] == "<uuid>" && uuid.MatchString(id) {
				g[key] = "<uuid>"
			}
		}
	}
	return got
}

type goldenIn struct {
	Example   string `json:"example"`
	SomeCount *int   `json:"someCount"` //nolint:tagliatelle // the wire's case
	IDs       []int  `json:"ids,omitempty"`
}

func goldenRegistry() *Registry {
	r := new(Registry)
	raw := func(name string, h func(*Event) (*Event, error), opts ...HandleOption) {
		HandleEvent(r, name, 1, func(_ context.Context, e *Event) (*Event, error) { return h(e) }, opts...)
	}
	Handle(r, "get:event:example", 1, func(_ context.Context, in goldenIn) (map[string]string, error) {
		return map[string]string{"MyEventPayload": in.Example}, nil
	})
	for name, err := range map[string]error{
		"raise:event":      NotFound("NO_OFFERS", map[string]any{"offer": 3, "x": nil}),
		"raise:dependency": Generic("FAILED_DEPENDENCY", map[string]any{"message": "Anubis returned an error"}),
		"raise:timeout":    Generic("EVENT_TIMEOUT", map[string]any{"message": "too slow"}),
		"get:redirect":     Redirect("https://x", map[string]any{"a": 1}),
		"test:err:event":   BadRequest("SOME_ERROR", nil),
		"raise:other":      errors.New("the secret reason"),
	} {
		raw(name, func(*Event) (*Event, error) { return nil, err })
	}
	raw("raise:panic", func(*Event) (*Event, error) { panic("the secret reason") })
	raw("get:echo", func(e *Event) (*Event, error) { return e.Response(e.Payload) })
	raw("get:answer", func(e *Event) (*Event, error) { return e.Response(42) })
	raw("get:itself", func(e *Event) (*Event, error) { return e, nil })
	raw("get:nothing", func(*Event) (*Event, error) { return nil, nil }) //nolint:nilnil // the mistake under test
	raw("test:mapped", func(*Event) (*Event, error) { return nil, errors.New("known") }, WithMiddleware(func(next HandlerFunc) HandlerFunc {
		return func(ctx context.Context, e *Event) (*Event, error) {
			if _, err := next(ctx, e); err != nil {
				return e.Response(map[string]string{"OK": "all is fine!"})
			}
			return nil, nil
		}
	}))
	HandleBatch(r, 1)
	return r
}

func FuzzProcessor_AlwaysAnswersWithAnEvent(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "null", "something", `{"name":"get:echo","version":1,"payload":[1,{"a":null}]}`, `{"name":"a","version":1e400}`,
		`{"name":"get:echo","version":"1","id":1,"flow_id":"\ud800","payload":"\u0000","identity":[],"auth":null,"metadata":{"a":"\xff"}}`,
		`{"name":"batch","version":1,"payload":{"parallel":true,"events":[{},1,{"name":"batch","version":1},{"name":"get:echo","version":true}]}}`,
		`{"name":"raise:panic","version":1}`, `{"name":"get:redirect","version":1}`, `{"name":"get:event:example","version":1,"payload":{"example":1}}`,
	} {
		f.Add([]byte(seed))
	}
	r := goldenRegistry()
	processors := []*Processor{NewProcessor(r), NewProcessor(r, WithDialect(Kotlin)), NewProcessor(r, WithEchoAuth())}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, p := range processors {
			answer := p.Process(t.Context(), body)
			var keys map[string]json.RawMessage
			require.NoError(t, json.Unmarshal(answer, &keys), "%s", answer)
			require.Len(t, keys, keyCount)
			for _, name := range keyNames {
				require.Contains(t, keys, name)
			}
			var event Event
			require.NoError(t, json.Unmarshal(answer, &event), "%s", answer)
			require.NotEmpty(t, event.Name)
			require.NotEqual(t, byte(0), firstByte(event.Payload))
		}
	})
}

func FuzzEvent_ComesBackAsItWas(f *testing.F) {
	f.Add([]byte(`{"name":"a:b","version":1,"id":"i","flowId":"f","payload":1e1000,"identity":{"a": 1},"auth":{},"metadata":null}`))
	f.Add([]byte(`{"name":"\"\u00e9","version":" -7 ","id":"","flow_id":1.50,"identity":{"user":{"id":1,"type":"T"}},"metadata":{"origin":"o"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var first, second Event
		if err := json.Unmarshal(data, &first); err != nil || first.Name == "" {
			return
		}
		_, _, _, _ = first.UserID(), first.UserType(), first.Origin(), first.Type()
		written, err := first.appendJSON(nil)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(written, &second))
		require.Equal(t, first, second)
	})
}
