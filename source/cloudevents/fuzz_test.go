package cloudevents_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/source/cloudevents"
)

// checkEnvelopes holds what is true of every event, whatever the mode.
func checkEnvelopes(t *testing.T, envs []cactus.Envelope) {
	t.Helper()
	for _, env := range envs {
		require.NotEmpty(t, env.ID)
		require.NotEmpty(t, env.Type)
		require.Contains(t, env.DedupeID, env.ID)
		require.True(t, utf8.ValidString(env.ID+env.Type+env.DedupeID))
		require.True(t, env.Data == nil || json.Valid(env.Data))
		var attributes map[string]any
		require.NoError(t, json.Unmarshal(env.Raw, &attributes))
		require.Equal(t, "1.0", attributes["specversion"])
		require.Equal(t, env.ID, attributes["id"])
		require.Equal(t, env.Type, attributes["type"])
		if text, ok := attributes["data_base64"].(string); ok {
			var data []byte
			require.NoError(t, json.Unmarshal(env.Data, &data), text)
		}
	}
}

func FuzzStructured(f *testing.F) {
	f.Add([]byte(eventWith(`,"data":{"a":[1]},"time":"2018-04-05T03:56:24Z"`)))
	f.Add([]byte(eventWith(`,"data_base64":"AP\/\/","ext":5,"subject":null`)))
	f.Add([]byte(`{"specversion":"1.0","id":"\ud83d\ude00","source":"\ud800","type":"t"}`))
	src := cloudevents.New(scheme())
	f.Fuzz(func(t *testing.T, body []byte) {
		req := cactus.NewRequest(map[string][]string{"Content-Type": {structuredType}}, body, time.Time{})
		envs, err := src.Parse(nil, req)
		require.Equal(t, err == nil, len(envs) == 1)
		checkEnvelopes(t, envs)

		// An array of the event alone is as good, or as bad, as the event.
		req = cactus.NewRequest(map[string][]string{"Content-Type": {batchType}}, fmt.Appendf(nil, "[%s]", body), time.Time{})
		if batch, batchErr := src.Parse(nil, req); err == nil {
			require.NoError(t, batchErr)
			require.Equal(t, envs[0].Meta, batch[0].Meta)
		}
	})
}

func FuzzBatch(f *testing.F) {
	one := eventWith(`,"data":{"a":"]},{\"\\"}`)
	for _, seed := range []string{"[]", "[" + one + "]", " [ " + one + " , " + one + " ] ", "[,]", `[{]}]`, `["\`, "[" + one + ",]"} {
		f.Add([]byte(seed))
	}
	src := cloudevents.New(scheme())
	f.Fuzz(func(t *testing.T, body []byte) {
		envs, err := src.Parse(nil, cactus.NewRequest(map[string][]string{"Content-Type": {batchType}}, body, time.Time{}))
		if err != nil {
			require.Empty(t, envs)
			return
		}
		checkEnvelopes(t, envs)
		var elements []json.RawMessage
		require.NoError(t, json.Unmarshal(body, &elements), "what is accepted is JSON")
		require.Len(t, envs, len(elements))
		for i, element := range elements {
			require.Equal(t, string(element), string(envs[i].Raw))
		}
	})
}

func FuzzBinary(f *testing.F) {
	f.Add("1", "/a", "t", "2018-04-05T03:56:24Z", "Euro%20%E2%82%AC", "application/json", []byte(`{}`))
	f.Add(`"a \" b"`, "%C0%A0", "%", "", "%00", "text/plain; charset=latin1", []byte("\xff"))
	f.Add("1", "/a", "t", "2018-04-05T03:56:24Z", `"\`, "application/cloudevents+json", []byte(nil))
	src := cloudevents.New(scheme(), cloudevents.WithBinary())
	f.Fuzz(func(t *testing.T, id, source, typ, at, subject, contentType string, body []byte) {
		if strings.HasPrefix(strings.ToLower(contentType), "application/cloudevents") {
			contentType = "text/plain"
		}
		envs, err := src.Parse(nil, cactus.NewRequest(map[string][]string{
			"Content-Type": {contentType}, "ce-specversion": {"1.0"}, "ce-id": {id}, "ce-source": {source},
			"ce-type": {typ}, "ce-time": {at}, "ce-subject": {subject},
		}, body, time.Time{}))
		require.Equal(t, err == nil, len(envs) == 1)
		checkEnvelopes(t, envs)
	})
}

// FuzzHeaderValue encodes any text by the rules of the binding and expects it
// back.
func FuzzHeaderValue(f *testing.F) {
	f.Add("Euro € 😀")
	f.Add(`a "quoted" 100%`)
	src := cloudevents.New(scheme(), cloudevents.WithBinary())
	f.Fuzz(func(t *testing.T, text string) {
		if text == "" || len(text) > 1024 || !utf8.ValidString(text) || text == "." || text == ".." ||
			strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }) {
			return
		}
		var b strings.Builder
		for _, c := range []byte(text) {
			if c <= ' ' || c == '"' || c == '%' || c >= 0x7f {
				fmt.Fprintf(&b, "%%%02X", c)
				continue
			}
			b.WriteByte(c)
		}
		envs, err := src.Parse(nil, cactus.NewRequest(map[string][]string{
			"Content-Type": {"text/plain"}, "ce-specversion": {"1.0"}, "ce-id": {b.String()}, "ce-source": {"a"}, "ce-type": {"t"},
		}, nil, time.Time{}))
		require.NoError(t, err)
		require.Equal(t, text, envs[0].ID)
	})
}
