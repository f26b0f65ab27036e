package protocol

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func getDocs(t *testing.T, h http.Handler, method, url string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, url, nil))
	return w
}

type docsInput struct {
	Email  string           `doc:"Where to <write> to." json:"email"         validate:"email,max=80"`
	Amount int              `json:"amount"              validate:"gte=1,lt=100"`
	State  *string          `json:"state"               validate:"oneof=open closed"`
	Mood   *string          `json:"mood"                validate:"omitempty,oneof=good bad"`
	Tree   *node            `json:"tree"`
	Lines  []address        `json:"lines,omitempty"     validate:"min=1,dive"`
	Extra  map[string]upper `json:"extra,omitempty"`
}

type docsOutput struct {
	IDs  []int   `json:"ids"`
	Note *string `json:"note,omitempty"`
}

func docsRegistry() *Registry {
	var r Registry
	Handle(&r, "get:event:second", 2, func(context.Context, docsInput) (docsOutput, error) { return docsOutput{}, nil })
	Handle(&r, "get:event:second", 1, func(context.Context, docsInput) (docsOutput, error) { return docsOutput{}, nil },
		WithExample(map[string]string{"email": "</pre><script>alert(1)</script>"}, nil))
	HandleEvent(&r, `get:event"><script>x</script>`, 1, func(_ context.Context, e *Event) (*Event, error) { return e.Response(nil) },
		WithDoc("Says <b>nothing</b>."))
	return &r
}

func TestDocs_ServesAPageWithoutScripts(t *testing.T) {
	w := getDocs(t, Docs(docsRegistry(), DocsTitle("<i>Events")), http.MethodGet, "/docs")
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "text/html; charset=utf-8", w.Header().Get("Content-Type"))
	body := w.Body.String()
	for _, raw := range []string{"<script", "<b>", "<i>", "<write>", "javascript:", "onclick"} {
		require.NotContains(t, body, raw)
	}
	for _, want := range []string{
		"&lt;i&gt;Events", "Says &lt;b&gt;nothing&lt;/b&gt;.", "Where to &lt;write&gt; to.", "get:event:second v2", "lines[].zip_code",
	} {
		require.Contains(t, body, want)
	}
	require.Less(t, strings.Index(body, "get:event:second v1"), strings.Index(body, "get:event:second v2"))

	_, style, _ := strings.Cut(body, "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	sum := sha256.Sum256([]byte(style))
	policy := w.Header().Get("Content-Security-Policy")
	require.Contains(t, policy, "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	require.NotContains(t, policy, "unsafe")
}

func TestDocs_RefusesOtherMethodsAndFormats(t *testing.T) {
	h := Docs(new(Registry))
	require.Equal(t, http.StatusMethodNotAllowed, getDocs(t, h, http.MethodPost, "/docs").Code)
	require.Equal(t, http.StatusBadRequest, getDocs(t, h, http.MethodGet, "/docs?format=yaml").Code)
	require.Contains(t, getDocs(t, h, http.MethodGet, "/docs").Body.String(), "No events are registered.")
	require.PanicsWithValue(t, "protocol: Docs: the registry is nil", func() { Docs(nil) })
	require.PanicsWithValue(t, "protocol: Docs: it was given a nil option", func() { Docs(new(Registry), nil) })
	require.PanicsWithValue(t, `protocol: Docs: DocsPath "events" must begin with a slash`, func() { Docs(new(Registry), DocsPath("events")) })
	require.PanicsWithValue(t, "protocol: WithExample: json: unsupported type: chan int", func() { WithExample(make(chan int), nil) })
}

// requireReferences fails if a reference leads nowhere.
func requireReferences(t *testing.T, doc []byte) {
	t.Helper()
	var root any
	require.NoError(t, json.Unmarshal(doc, &root))
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				at := root
				for step := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
					at = at.(map[string]any)[step]
				}
				require.NotNil(t, at, ref)
			}
			for _, below := range v {
				walk(below)
			}
		case []any:
			for _, below := range v {
				walk(below)
			}
		}
	}
	walk(root)
}

func TestDocs_ServesAJSONSchemaAndOpenAPI(t *testing.T) {
	h := Docs(docsRegistry(), DocsPath("/api/events"))
	schema := getDocs(t, h, http.MethodGet, "/docs?format=schema")
	require.Equal(t, "application/json; charset=utf-8", schema.Header().Get("Content-Type"))
	requireReferences(t, schema.Body.Bytes())
	require.Contains(t, schema.Body.String(), `"const": "get:event:second"`)

	doc := getDocs(t, h, http.MethodGet, "/docs?format=openapi")
	requireReferences(t, doc.Body.Bytes())
	var api struct {
		OpenAPI string         `json:"openapi"`
		Paths   map[string]any `json:"paths"`
	}
	require.NoError(t, json.Unmarshal(doc.Body.Bytes(), &api))
	require.Equal(t, "3.1.0", api.OpenAPI)
	require.Contains(t, api.Paths, "/api/events")
}

func TestSchemas_SayWhatIsRequiredAndWhatMayBeNull(t *testing.T) {
	require.Equal(t, `lines value_error.min fails the rule "min=1"`, // and so demanded, although it has omitempty
		fieldsOf(t, decodePayload(json.RawMessage(`{"email":"a@example.com","amount":1,"state":"open"}`), new(docsInput))))
	s := newSchemas("#/$defs/")
	s.of(reflect.TypeFor[docsInput](), false)
	s.of(reflect.TypeFor[*docsOutput](), true)
	got, err := json.Marshal(s.defs)
	require.NoError(t, err)
	require.JSONEq(t, `{
		"docsInput": {"type": "object", "required": ["email", "amount", "state", "lines"], "properties": {
			"email": {"type": "string", "format": "email", "maxLength": 80, "description": "Where to <write> to."},
			"amount": {"type": "integer", "minimum": 1, "exclusiveMaximum": 100},
			"state": {"type": "string", "enum": ["open", "closed"]},
			"mood": {"type": ["string", "null"]},
			"tree": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
			"lines": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/address"}},
			"extra": {"type": "object", "additionalProperties": {}}}},
		"node": {"type": "object", "required": ["n"], "properties": {
			"n": {"type": "integer"}, "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}}},
		"address": {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}, "zip_code": {"type": "integer"}}},
		"docsOutput": {"type": "object", "required": ["ids"], "properties": {
			"ids": {"type": ["array", "null"], "items": {"type": "integer"}}, "note": {"type": "string"}}}
	}`, string(got))
}

func TestSchemas_KeepTypesOfOneNameApart(t *testing.T) {
	type node struct{ A int }
	s := newSchemas("#/")
	require.Equal(t, object("$ref", "#/node"), s.of(reflect.TypeFor[node](), false))
	require.Equal(t, object("$ref", "#/node_2"), s.of(reflect.TypeFor[node](), true))
	require.Equal(t, object("$ref", "#/node"), s.of(reflect.TypeFor[*node](), false))
}

func TestExampleOf_IsAPayloadThatIsAccepted(t *testing.T) {
	for _, target := range []any{new(docsInput), new(everything), new(typical), new(node), new([]address), new(int), new(any)} {
		raw := exampleOf(reflect.TypeOf(target).Elem(), false)
		if _, ok := target.(*everything); ok {
			raw = json.RawMessage(strings.Replace(string(raw), `"addr":"text"`, `"addr":"10.0.0.1"`, 1))
		}
		require.NoError(t, decodePayload(raw, target), string(raw))
	}
}

// Words and tree contain themselves without a struct in between.
type (
	words []words
	tree  map[string]tree
)

func TestDocs_ShowsTypesThatContainThemselves(t *testing.T) {
	type in struct {
		Words []words `json:"words"`
		Tree  tree    `json:"tree"`
	}
	var r Registry
	Handle(&r, "get:event", 1, func(context.Context, in) (tree, error) { return tree{}, nil })
	for _, format := range []string{"html", "schema", "openapi"} {
		w := getDocs(t, Docs(&r), http.MethodGet, "/?format="+format)
		require.Equal(t, http.StatusOK, w.Code)
		require.Contains(t, w.Body.String(), "words")
	}
}
