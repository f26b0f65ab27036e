package cloudevents_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/source/cloudevents"
)

var withBinary = []cloudevents.Option{cloudevents.WithBinary()}

// headers returns those of a binary event and more.
func headers(more ...string) []string {
	return append([]string{"ce-specversion", "1.0", "ce-id", "1", "ce-source", "/a", "ce-type", "t"}, more...)
}

// without returns those of a binary event but one.
func without(name string) []string {
	var kept []string
	for i, all := 0, headers(); i < len(all); i += 2 {
		if all[i] != name {
			kept = append(kept, all[i:i+2]...)
		}
	}
	return kept
}

func TestBinary_HeaderValuesAreUnquotedAndThenDecodedOnce(t *testing.T) {
	for value, want := range map[string]string{
		`Euro%20%E2%82%AC%20%F0%9F%98%80`: "Euro € 😀",
		`Euro%20%e2%82%ac%20%f0%9f%98%80`: "Euro € 😀",
		`"Euro \"%E2%82%AC\" \\"`:         `Euro "€" \`,
		`Euro € 😀`:                        "Euro € 😀",
		`%41%2520`:                        "A%20",
		`"%22"`:                           `"`,
		`say "hi"`:                        `say "hi"`,
		`""`:                              "",
		` a `:                             "a",
		`%EF%BF%BD`:                       "\ufffd",
	} {
		envs, err := parse("application/json", "{}", withBinary, headers("ce-subject", value)...)
		require.NoError(t, err, value)
		require.JSONEq(t, `{"specversion":"1.0","id":"1","source":"/a","type":"t","datacontenttype":"application/json","subject":`+
			quoted(want)+`}`, string(envs[0].Raw), value)
	}
	for value, want := range map[string]string{
		`%C0%A0`:    "must be UTF-8",
		`%ED%A0%80`: "must be UTF-8",
		"\xff":      "must be UTF-8",
		`100%`:      "percent sign",
		`%4`:        "percent sign",
		`%4g`:       "percent sign",
		`"a`:        "quoted string",
		`"a"b`:      "quoted string",
		`"a\"`:      "quoted string",
		`"`:         "quoted string",
		`a%0Ab`:     "control character",
		`%C2%85`:    "control character",
	} {
		_, err := parse("application/json", "{}", withBinary, headers("ce-subject", value)...)
		require.ErrorContains(t, err, "header ce-subject: ", value)
		require.ErrorContains(t, err, want, value)
	}
}

func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

func TestBinary_RefusesAndNamesTheHeader(t *testing.T) {
	for _, name := range []string{"specversion", "id", "source", "type"} {
		_, err := parse("application/json", "{}", withBinary, without("ce-"+name)...)
		require.ErrorContains(t, err, `attribute "`+name+`": is missing`)
		_, err = parse("application/json", "{}", withBinary, headers("ce-"+name, "1.0")...)
		require.ErrorContains(t, err, `header ce-`+name+`: must be there once`)
	}
	for want, more := range map[string][]string{
		"header ce-datacontenttype: must not be there": {"ce-datacontenttype", "application/json"},
		`attribute "time": must be an RFC 3339 time`:   {"ce-time", "now"},
		"header ce-myextension: must be there once":    {"ce-myextension", "1", "Ce-Myextension", "1"},
	} {
		_, err := parse("application/json", "{}", withBinary, headers(more...)...)
		require.ErrorContains(t, err, want)
	}
	for body, contentType := range map[string]string{`{`: "application/json", "\"\xff\"": "text/json", `{}}`: "application/vnd.a+json; charset=UTF-8"} {
		_, err := parse(contentType, body, withBinary, headers()...)
		require.ErrorContains(t, err, "body: must be JSON in UTF-8")
	}
	for want, contentType := range map[string]string{
		"charset must be utf-8":     "application/json; charset=utf-16",
		"must be a media type":      "a b",
		"must be " + structuredType: "application/cloudevents",
	} {
		_, err := parse(contentType, "{}", withBinary, headers()...)
		require.ErrorContains(t, err, want)
	}
	_, err := parse("application/json", "{}", nil, headers()...)
	require.ErrorContains(t, err, "binary mode is off")
	_, err = cloudevents.New(scheme()).Parse(nil, cactus.NewRequest(nil, nil, time.Time{}))
	require.ErrorContains(t, err, "header Content-Type: must be there, once")
}

func TestBinary_TheBodyIsTheData(t *testing.T) {
	for _, row := range []struct{ contentType, body, want string }{
		{"application/json", ` {"a": 1} `, ` {"a": 1} `},
		{"text/json;charset=utf-8", `"a"`, `"a"`},
		{"application/vnd.acme+json", `null`, `null`},
		{"text/plain", `hey`, `"aGV5"`},
		{"application/octet-stream", "\xff\x00", `"/wA="`},
		{"application/json", ``, ``},
		{"text/plain", ``, ``},
	} {
		envs, err := parse(row.contentType, row.body, withBinary, headers()...)
		require.NoError(t, err)
		require.Equal(t, row.want, string(envs[0].Data))
		require.Equal(t, row.want == "", envs[0].Data == nil)
	}
}

func TestBinary_OnlyNamesOfAttributesAreAttributes(t *testing.T) {
	envs, err := parse("text/plain", "hey", withBinary, headers("ce-myext2", "5", "ce-my-ext", "x", "ce-", "x", "ce-data", "x",
		"ce-data_base64", "x", "ce-"+strings.Repeat("a", 65), "x", "Cex", "x")...)
	require.NoError(t, err)
	require.JSONEq(t, `{"specversion":"1.0","id":"1","source":"/a","type":"t","datacontenttype":"text/plain","myext2":"5"}`, string(envs[0].Raw))
}

func TestBinary_AnotherBodyIsNoDuplicate(t *testing.T) {
	one, err := parse("text/plain", "a", withBinary, headers()...)
	require.NoError(t, err)
	other, err := parse("text/plain", "b", withBinary, headers()...)
	require.NoError(t, err)
	require.Equal(t, one[0].ID, other[0].ID)
	require.NotEqual(t, one[0].DedupeID, other[0].DedupeID)
}

func TestBinary_WorksWithASourcePerRequest(t *testing.T) {
	for _, opt := range []cloudevents.Option{cloudevents.WithBinary("text/plain"), cloudevents.WithBinary()} {
		var r cactus.Registry
		var tenants []string
		r.Handle("t", func(_ context.Context, e *cactus.RawEvent) error {
			tenants = append(tenants, e.Tenant)
			return nil
		})
		src := cloudevents.New(scheme(), opt)
		h := cactus.NewHandler(&r, cactus.PerRequest(func(context.Context, *cactus.Request) (string, cactus.Source, error) {
			return "acme", src, nil
		}))
		requireStatus(t, http.StatusNoContent, serve(h, delivery("text/plain", "hey", headers()...)))
		requireStatus(t, http.StatusUnsupportedMediaType, serve(h, delivery("application/cloudevents+xml", "<e/>", headers()...)))
		requireStatus(t, http.StatusUnsupportedMediaType, serve(h, delivery("", "x", headers()...)))
		require.Equal(t, []string{"acme"}, tenants)
	}
}

func TestBinary_ComesOutOfAQueueToo(t *testing.T) {
	var r cactus.Registry
	var got string
	r.Handle("t", func(_ context.Context, e *cactus.RawEvent) error {
		got = string(e.Data)
		return nil
	})
	req := delivery("text/plain", "hey", headers()...)
	for _, src := range []cactus.Source{cloudevents.New(scheme(), cloudevents.WithBinary()), cloudevents.New(scheme(), cloudevents.WithBinary("text/plain"))} {
		got = ""
		require.NoError(t, r.Receive(t.Context(), src, cactus.NewRequest(req.Header, []byte("hey"), time.Time{})))
		require.Equal(t, `"aGV5"`, got)
	}
}
