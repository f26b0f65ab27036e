package sender

import (
	"encoding/json"
	"errors"
	"math"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestEncode_WritesBodies(t *testing.T) { // P6, P10
	type nested struct{ Inner wedding }
	for name, c := range map[string]struct {
		payload any
		opts    []Option
		want    string
	}{
		"a struct":           {greenfelds, nil, `{"husband":"Daniel Roy Greenfeld","wife":"Audrey Roy Greenfeld"}`},
		"nothing for HTML":   {map[string]any{"q": "a<b>&c"}, nil, `{"q":"a<b>&c"}`},
		"a nested one":       {nested{}, nil, `{"Inner":{"husband":"","wife":""}}`},
		"a number":           {7, nil, `7`},
		"a ready string":     {` {"b": 1,  "a": 2} `, nil, ` {"b": 1,  "a": 2} `},
		"ready bytes":        {[]byte("[1, 2]\n"), nil, "[1, 2]\n"},
		"ready JSON":         {json.RawMessage(`{"a" :1}`), nil, `{"a" :1}`},
		"null that is meant": {json.RawMessage("null"), nil, "null"},
		"a marshaller":       {7, []Option{Marshal(func(any) ([]byte, error) { return []byte(`"seven"`), nil })}, `"seven"`},
		"a hash":             {map[string]int{"b": 1}, []Option{HashKey("hash"), MessageID(`e"1`)}, `{"hash":"e\"1","b":1}`},
		"a hash alone":       {struct{}{}, []Option{HashKey("hash"), MessageID("e1")}, `{"hash":"e1"}`},
		"a hash before":      {1, []Option{HashKey("hash"), Marshal(func(any) ([]byte, error) { return []byte(` { "a":1}`), nil }), MessageID("e1")}, `{"hash":"e1", "a":1}`},

		"a form":          {greenfelds, []Option{Form()}, "husband=Daniel+Roy+Greenfeld&wife=Audrey+Roy+Greenfeld"},
		"a form of texts": {map[string]string{"b": "2&", "a": "1"}, []Option{Form()}, "a=1&b=2%26"},
		"a form of scalars": {map[string]any{
			"n": 1, "f": 1.5, "big": int64(math.MaxInt64), "ok": true, "none": nil, "list": []any{"x", 2}, "at": time.Unix(0, 0).UTC(),
		}, []Option{Form()}, "at=1970-01-01T00%3A00%3A00Z&big=9223372036854775807&f=1.5&list=x&list=2&n=1&ok=true"},
		"values":            {url.Values{"a": {"1", "2"}}, []Option{Form()}, "a=1&a=2"},
		"a ready form":      {"b=1&a=2", []Option{Form()}, "b=1&a=2"},
		"ready form bytes":  {[]byte("b=%20"), []Option{Form()}, "b=%20"},
		"a form's hash":     {url.Values{"a": {"1"}}, []Option{Form(), HashKey("hash"), MessageID("e1")}, "a=1&hash=e1"},
		"JSON after a form": {greenfelds.Wife == "", []Option{Form(), JSON()}, "false"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := NewMessage(c.payload, append(c.opts, URL(where))...)
			require.NoError(t, err)
			require.Equal(t, c.want, string(m.Body))
		})
	}
}

func TestEncode_SetsTheContentType(t *testing.T) {
	for want, opt := range map[string]Option{
		"application/json":                  JSON(),
		"application/x-www-form-urlencoded": Form(),
		"application/cloudevents+json":      Header("content-type", "application/cloudevents+json"),
	} {
		m, err := NewMessage(greenfelds, URL(where), opt)
		require.NoError(t, err)
		require.Equal(t, []string{want}, m.Header["Content-Type"])
	}
}

func TestEncode_NamesWhatIsWrong(t *testing.T) {
	type nested struct {
		Inner wedding `json:"inner"`
	}
	taken := map[string]string{"hash": "x"}
	for name, c := range map[string]struct {
		payload any
		opts    []Option
		want    string
	}{
		"nil":                  {nil, nil, "it is null"},
		"a nil map":            {map[string]string(nil), nil, "it is null"},
		"a channel":            {make(chan int), nil, "unsupported type: chan int"},
		"text that is no JSON": {"hello hidden", nil, "is not valid JSON"},
		"an empty string":      {"", nil, "is not valid JSON"},
		"broken JSON":          {json.RawMessage(`{"hidden"`), nil, "is not valid JSON"},
		"a broken marshaller":  {1, []Option{Marshal(func(any) ([]byte, error) { return []byte("{"), nil })}, "it returned invalid JSON"},
		"a nested form":        {nested{}, []Option{Form()}, `field "inner": a form is flat`},
		"a list in a list":     {map[string]any{"a": [][]int{{1}}}, []Option{Form()}, `field "a": a form is flat`},
		"a form of a number":   {1, []Option{Form()}, "a form must be an object"},
		"nil values":           {url.Values(nil), []Option{Form()}, "it is nil"},
		"JSON as a form":       {json.RawMessage(`{}`), []Option{Form()}, "json.RawMessage is not a form"},
		"a broken form":        {"a=%zz", []Option{Form()}, "not a valid form"},
		"a hash of a number":   {1, []Option{HashKey("hash")}, "option HashKey: the payload must be an object"},
		"a hash of a list":     {[]int{1}, []Option{HashKey("hash")}, "option HashKey: the payload must be an object"},
		"a taken hash":         {taken, []Option{HashKey("hash")}, `has a member "hash" already`},
		"a form's taken hash":  {taken, []Option{HashKey("hash"), Form()}, `has a field "hash" already`},
		"a hash of ready JSON": {`{}`, []Option{HashKey("hash")}, "the payload is ready"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := NewMessage(c.payload, append(c.opts, URL(where))...)
			require.Nil(t, m)
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "hidden")
		})
	}
}

func TestMaxBody_IsALimit(t *testing.T) {
	text := `"` + strings.Repeat("x", 98) + `"`
	for name, opts := range map[string][]Option{"JSON": nil, "a form": {Form()}} {
		t.Run(name, func(t *testing.T) {
			_, err := NewMessage(text, append(opts, URL(where), MaxBody(100))...)
			require.NoError(t, err)
			_, err = NewMessage(text, append(opts, URL(where), MaxBody(99))...)
			require.ErrorIs(t, err, ErrTooLarge)
			require.ErrorContains(t, err, "100 bytes, option MaxBody allows 99")
		})
	}
	_, err := NewMessage(strings.Repeat("x", DefaultMaxBody), URL(where), Marshal(json.Marshal), MaxBody(1<<30))
	require.Error(t, err, "ready, and not JSON")
	_, err = NewMessage(map[string]string{"x": strings.Repeat("x", DefaultMaxBody)}, URL(where))
	require.ErrorIs(t, err, ErrTooLarge)
}

func TestMarshal_ErrorsComeThrough(t *testing.T) {
	wrong := errors.New("wrong")
	_, err := NewMessage(1, URL(where), Marshal(func(any) ([]byte, error) { return nil, wrong }))
	require.ErrorIs(t, err, wrong)
}

func TestEncode_CopiesReadyBytes(t *testing.T) {
	ready := []byte(`{"a":1}`)
	m, err := NewMessage(ready, URL(where))
	require.NoError(t, err)
	ready[1] = 'x'
	require.Equal(t, `{"a":1}`, string(m.Body))
}

// FuzzEncode_Verbatim: a ready text is sent as it is or not at all.
func FuzzEncode_Verbatim(f *testing.F) {
	for _, text := range []string{"", "{}", " [1]", "null", `{"a":1}{`, "a=1&b=%20", "a;b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, opt := range []Option{JSON(), Form()} {
			if m, err := NewMessage(text, URL(where), opt); err == nil {
				require.Equal(t, text, string(m.Body))
			}
		}
	})
}

// FuzzEncode_HashKey: the id joins the other members and changes none.
func FuzzEncode_HashKey(f *testing.F) {
	f.Add(`{"a":1}`, "hash", "e1")
	f.Add(`{}`, "a\"b", "\x00<")
	f.Add(` { "hash" : 1 } `, "hash", "x")
	f.Fuzz(func(t *testing.T, object, key, id string) {
		body, err := withMember([]byte(object), key, id)
		if err != nil || object == "null" {
			return
		}
		var before, after map[string]any
		require.NoError(t, json.Unmarshal([]byte(object), &before))
		require.NoError(t, json.Unmarshal(body, &after))
		require.Len(t, after, len(before)+1)
		for name, member := range before {
			require.Equal(t, member, after[name])
		}
	})
}
