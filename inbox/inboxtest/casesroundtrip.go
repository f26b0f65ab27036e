package inboxtest

import (
	"net/http"
	"net/url"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/inbox"
)

func roundTrip(s *suite) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	address, err := url.ParseRequestURI("/hooks/a%2Fb/%C3%A9//?q=1&q=%00")
	require.NoError(s, err)
	full := s.item()
	full.Source = "shop é"
	full.Body = every
	full.Method = "POST"
	full.URL = address
	full.Header = http.Header{
		"X-Repeated": {"b", "a", "b", ""},
		"X-Bytes":    {string(every[128:]), "\xff\x00", "plain \u2028 <&> é"},
		"X-Json":     {`{"base64":"AA=="}`},
		"X-Empty":    {""},
	}
	full.Path = map[string]string{"tenant": "a/b", "bytes": "\x00\xfe", "": "x"}
	full.Tenant, full.Key = "acme\x00\xff", "2025"
	full.ReceivedAt = time.Unix(1_750_000_000, 123_456_789)
	empty := s.item()
	empty.Body = nil
	for _, item := range []*inbox.Item{full, empty} {
		require.NoError(s, s.Store.Add(s.Ctx(), item), "Add")
		claimed, claim := s.one(long, "an item that was added")
		s.requireSame(item, claimed.Item)
		s.bury(claim, inbox.Burial{})
	}
	letters := s.letters(inbox.ID{}, 10)
	require.Len(s, letters, 2, "dead letters")
	s.requireSame(full, letters[0].Item)
	s.requireSame(empty, letters[1].Item)
}

// requireSame compares what must come back, where nil and empty are the same.
func (s *suite) requireSame(want, got *inbox.Item) {
	s.Helper()
	require.Equal(s, want.ID, got.ID, "ID")
	require.Equal(s, want.Source, got.Source, "Source")
	require.Equal(s, string(want.Body), string(got.Body), "Body")
	require.Equal(s, want.Method, got.Method, "Method")
	require.Equal(s, want.Tenant, got.Tenant, "Tenant")
	require.Equal(s, want.Key, got.Key, "Key")
	require.True(s, want.ReceivedAt.Equal(got.ReceivedAt), "ReceivedAt: want %v, got %v", want.ReceivedAt, got.ReceivedAt)
	var a, b url.URL
	if want.URL != nil {
		a = *want.URL
	}
	if got.URL != nil {
		b = *got.URL
	}
	require.Equal(s, a, b, "URL")
	require.Len(s, got.Header, len(want.Header), "Header")
	for name, values := range want.Header {
		require.Equal(s, values, got.Header[name], "Header %q", name)
	}
	require.Len(s, got.Path, len(want.Path), "Path")
	for name, value := range want.Path {
		require.Equal(s, value, got.Path[name], "Path %q", name)
	}
}
