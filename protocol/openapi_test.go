package protocol

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// Of two names that are one to OpenAPI, both have their schema and example.
func TestOpenAPI_KeepsNamesApart(t *testing.T) {
	var r Registry
	for _, name := range []string{"get:event:other", "get:event_other", "get:event-other"} {
		Handle(&r, name, 1, func(context.Context, base) (base, error) { return base{}, nil })
	}
	s := newSchemas("#/")
	_, _, examples := s.eventSchemas(r.sorted())
	require.Len(t, examples, 3)
	names := map[any]bool{}
	for key, example := range examples {
		require.Contains(t, s.defs, key)
		var request Event
		require.NoError(t, json.Unmarshal(example.(map[string]any)["value"].(json.RawMessage), &request))
		schema := s.defs[key].(map[string]any)["properties"].(map[string]any)["name"]
		require.Equal(t, object("const", request.Name), schema)
		names[request.Name] = true
	}
	require.Len(t, names, 3)
}

func TestOpenAPI_KnowsTheBatch(t *testing.T) {
	r := goldenRegistry()
	s := newSchemas("#/")
	s.eventSchemas(r.sorted())
	payload := func(name string) any {
		return s.defs[name].(map[string]any)["properties"].(map[string]any)["payload"]
	}
	text, err := json.Marshal([]any{payload("batch_v1"), payload("batch_v1_response"), payload("get_answer_v1_response")})
	require.NoError(t, err)
	require.JSONEq(t, `[{"type": "object", "required": ["events"], "properties": {
			"parallel": {"type": "boolean"}, "events": {"type": "array", "maxItems": 100, "items": {"type": "object"}}}},
		{"type": "array", "items": {"type": "object"}}, {}]`, string(text))

	for _, h := range r.sorted() {
		if h.key.name == BatchName {
			answer := NewProcessor(r).Process(t.Context(), requestExample(h))
			require.JSONEq(t, string(responseExample(h)), string(answer))
		}
	}
}

func TestOpenAPI_DescribesThePathsParameters(t *testing.T) {
	of := func(path string) map[string]any {
		d := openAPI(nil, &docs{path: path})
		return d["paths"].(map[string]any)[path].(map[string]any)
	}
	text, err := json.Marshal(of("/t/{tenant}/{kind}/{tenant}")["parameters"])
	require.NoError(t, err)
	require.JSONEq(t, `[{"name": "tenant", "in": "path", "required": true, "schema": {"type": "string"}},
		{"name": "kind", "in": "path", "required": true, "schema": {"type": "string"}}]`, string(text))
	for _, path := range []string{"/events", "/{}", "/{a/b}"} {
		require.NotContains(t, of(path), "parameters", path)
	}
}
