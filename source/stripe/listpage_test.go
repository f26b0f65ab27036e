package stripe

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// What readPage takes, encoding/json reads likewise; and where a page leads is a
// query of the same path and no more.
func FuzzReadPage(f *testing.F) {
	for _, seed := range []string{
		`{"object":"list","url":"/v1/events","has_more":true,"data":[{"id":"evt_1"},{"id":"evt_2"}]}`,
		`{"data":[],"next_page_url":"/v2/core/events?page=a%20b&created%5Bgte%5D=2025-06-01T00%3A00%3A00Z","previous_page_url":null}`,
		`{"data":[1,null],"next_page_url":null}`,
		`{"data":[],"next_page_url":"https://evil.example/v2/core/events?page=a"}`,
		`{"data":[],"next_page_url":"\u002f/evil.example/v2/core/events?page=a"}`,
		`{"data":[],"next_page_url":"https://u:p@evil.example/v2/core/events?page=a#b"}`,
		`{"data":[],"next_page_url":"/v2%2Fcore%2Fevents?page=a"}`,
		`{"data":[],"next_page_url":"http:v2/core/events?page=a"}`,
		`{"data":[],"next_page_url":"/v2/core/events?page=%zz"}`,
		`{"data":[],"next_page_url":"/v2/core/events?;"}`,
		`{"data":[],"next_page_url":"/v2/core/%65vents?a b\t#c"}`,
		`{"data":{},"has_more":"true"}`, `{"data":[`, `[]`, ``, `{"data":[],"data":[]}`,
	} {
		f.Add([]byte(seed), "evt_2")
	}
	f.Fuzz(func(t *testing.T, body []byte, last string) {
		p, err := readPage(body)
		if err != nil {
			return
		}
		var object map[string]json.RawMessage
		var items []json.RawMessage
		require.NoError(t, json.Unmarshal(body, &object))
		require.NoError(t, json.Unmarshal(object["data"], &items))
		require.Equal(t, items, p.items)
		require.Equal(t, object["has_more"] != nil, p.more != nil)
		require.Equal(t, object["next_page_url"] != nil, p.url != nil)
		query, err := nextURL(nil, p, last)
		if err == nil && query != nil {
			requireHarmless(t, thinPath, query)
		}
		if query, err = nextAfter(url.Values{"limit": {"100"}}, p, last); err == nil && query != nil {
			requireHarmless(t, snapshotPath, query)
			require.Equal(t, url.Values{"limit": {"100"}, "starting_after": {last}}, query)
		}
	})
}

// requireHarmless makes a request of path and query, which must be nothing else
// after it was parsed again.
func requireHarmless(t *testing.T, path string, query url.Values) {
	t.Helper()
	require.NotEmpty(t, query)
	target, err := url.Parse(path + "?" + query.Encode())
	require.NoError(t, err)
	require.Empty(t, target.Host)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target.String(), http.NoBody)
	require.Equal(t, path, r.URL.Path)
	require.Equal(t, query, r.URL.Query())
}
