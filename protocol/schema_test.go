package protocol

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Types that contain themselves through one that has no name.
type (
	chain []struct {
		Next chain `json:"next"`
	}
	forest map[string]struct {
		Trees *forest `json:"trees"`
	}
)

// price and grade write themselves; nothing reads them.
type (
	price struct{ Cents int }
	grade int
)

func (price) MarshalJSON() ([]byte, error) { return []byte(`"1.00"`), nil }
func (grade) MarshalText() ([]byte, error) { return []byte("A"), nil }

func schemaOf[T any](t *testing.T, output bool) string {
	t.Helper()
	s := newSchemas("#/")
	schema := s.of(reflect.TypeFor[T](), output)
	if len(s.defs) > 0 {
		schema["$defs"] = s.defs
	}
	text, err := json.Marshal(schema)
	require.NoError(t, err)
	return string(text)
}

func TestDocs_EndsOnTypesThatContainThemselvesWithoutAName(t *testing.T) {
	require.JSONEq(t, `{"type": "array", "items": {"$ref": "#/object"}, "$defs": {
		"object": {"type": "object", "required": ["next"], "properties": {"next": {"type": "array", "items": {"$ref": "#/object"}}}}}}`,
		schemaOf[chain](t, false))
	var r Registry
	Handle(&r, "get:event", 1, func(context.Context, chain) (forest, error) { return forest{}, nil })
	for _, format := range []string{"html", "schema", "openapi"} {
		require.Equal(t, http.StatusOK, getDocs(t, Docs(&r), http.MethodGet, "/?format="+format).Code)
	}
}

func TestSchemas_KnowWhatWritesItself(t *testing.T) {
	type out struct {
		Price  price         `json:"price"`
		Prices []price       `json:"prices"`
		Grade  grade         `json:"grade"`
		Upper  upper         `json:"upper"`
		Last   *grade        `json:"last"`
		At     time.Time     `json:"at"`
		Took   time.Duration `json:"took"`
	}
	require.JSONEq(t, `{"$ref": "#/out", "$defs": {"out": {"type": "object",
		"required": ["price", "prices", "grade", "upper", "last", "at", "took"], "properties": {
			"price": {}, "prices": {"type": ["array", "null"], "items": {}}, "grade": {"type": "string"}, "upper": {},
			"last": {"type": ["string", "null"]}, "at": {"type": "string", "format": "date-time"}, "took": {"type": "integer"}}}}}`,
		schemaOf[out](t, true))
	require.JSONEq(t, `{"price":{},"prices":[{}],"grade":"text","upper":{},"last":"text","at":"2026-01-02T15:04:05Z","took":1}`,
		string(exampleOf(reflect.TypeFor[out](), true)))
	require.JSONEq(t, `{"$ref": "#/price", "$defs": {"price": {"type": "object", "required": ["Cents"], "properties": {"Cents": {"type": "integer"}}}}}`,
		schemaOf[price](t, false), "it is read as any struct")
}

func TestSchemas_SayWhatInAListMayBeNull(t *testing.T) {
	type out struct {
		Pointers []*int          `json:"pointers"`
		Lists    [][]int         `json:"lists"`
		Bytes    [][]byte        `json:"bytes"`
		Map      map[string]*int `json:"map"`
	}
	null := func(typ string) string { return `"type": ["` + typ + `", "null"]` }
	require.JSONEq(t, `{"$ref": "#/out", "$defs": {"out": {"type": "object", "required": ["pointers", "lists", "bytes", "map"], "properties": {
		"pointers": {`+null("array")+`, "items": {`+null("integer")+`}},
		"lists": {`+null("array")+`, "items": {`+null("array")+`, "items": {"type": "integer"}}},
		"bytes": {`+null("array")+`, "items": {`+null("string")+`, "contentEncoding": "base64"}},
		"map": {`+null("object")+`, "additionalProperties": {`+null("integer")+`}}}}}}`, schemaOf[out](t, true))
	require.JSONEq(t, `{"$ref": "#/out", "$defs": {"out": {"type": "object", "required": ["pointers", "lists", "bytes", "map"], "properties": {
		"pointers": {"type": "array", "items": {`+null("integer")+`}},
		"lists": {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
		"bytes": {"type": "array", "items": {"type": "string", "contentEncoding": "base64"}},
		"map": {"type": "object", "additionalProperties": {`+null("integer")+`}}}}}}`, schemaOf[out](t, false))
}

// What the schema calls optional, decoding takes when it is not there.
func TestSchemas_DemandWhatTheRulesDemand(t *testing.T) {
	type in struct {
		Rule  *string `json:"rule"            validate:"oneof=a b"`
		Need  int     `json:"need,omitempty"  validate:"required"`
		Free  *string `json:"free"            validate:"omitempty,oneof=a b"`
		With  *string `json:"with"            validate:"required_with=Free"`
		Plain *string `json:"plain"`
		Many  *[]int  `json:"many"            validate:"omitnil,min=1"`
		Bytes []byte  `json:"bytes,omitempty" validate:"max=3"`
	}
	null := func(typ string) string { return `"type": ["` + typ + `", "null"]` }
	require.JSONEq(t, `{"$ref": "#/in", "$defs": {"in": {"type": "object", "required": ["rule", "need"], "properties": {
		"rule": {"type": "string", "enum": ["a", "b"]}, "need": {"type": "integer"}, "free": {`+null("string")+`},
		"with": {`+null("string")+`}, "plain": {`+null("string")+`}, "many": {`+null("array")+`, "minItems": 1, "items": {"type": "integer"}},
		"bytes": {"type": "string", "contentEncoding": "base64"}}}}}`, schemaOf[in](t, false))
	require.NoError(t, decodePayload(json.RawMessage(`{"rule":"a","need":1}`), new(in)))
	require.Equal(t, "rule value_error.oneof fails the rule \"oneof=a b\"\nneed value_error.required fails the rule \"required\"",
		fieldsOf(t, decodePayload(json.RawMessage(`{}`), new(in))))
}

// A zero that breaks a rule does so too if it is one because nothing came.
func TestSchemas_DemandWhatMayNotBeZero(t *testing.T) {
	type in struct {
		base

		Level  int      `json:"level,omitempty"  validate:"min=1"`
		Choice string   `json:"choice,omitempty" validate:"oneof=a b"`
		Home   limited  `json:"home,omitzero"`
		Away   *limited `json:"away"`
		Work   limited  `json:"work,omitzero"    validate:"omitempty"`
		Free   int      `json:"free,omitempty"   validate:"max=3"`
		Either string   `json:"either,omitempty" validate:"required_without=Free"`
		List   []int    `json:"list,omitempty"   validate:"dive,min=1"`
	}
	require.Contains(t, schemaOf[in](t, false), `"required":["tenant","level","choice","home"]`)
	require.NoError(t, decodePayload(json.RawMessage(`{"tenant":"","level":1,"choice":"a","home":{"amount":1},"free":1}`), new(in)))
	for _, payload := range []string{
		`{"tenant":"","choice":"a","home":{"amount":1},"free":1}`, `{"tenant":"","level":1,"home":{"amount":1},"free":1}`,
		`{"tenant":"","level":1,"choice":"a","free":1}`,
	} {
		require.Error(t, decodePayload(json.RawMessage(payload), new(in)), payload)
	}
	require.Contains(t, schemaOf[in](t, true), `"required":["tenant","away"]`)
}
