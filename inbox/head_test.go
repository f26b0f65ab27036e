package inbox_test

import (
	"bytes"
	"net/url"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/inbox"
)

func TestID_IsParsedAsItIsWritten(t *testing.T) {
	store := &faulty{Store: inbox.NewMemory()}
	in := inbox.New(store, inbox.Config{})
	in.Register("shop", &cactus.Registry{}, source())
	var last inbox.ID
	for range 100 {
		require.NoError(t, in.Enqueue(t.Context(), "shop", verified("evt_1")))
		items := store.added()
		id := items[len(items)-1].ID
		require.Positive(t, bytes.Compare(id[:], last[:]), "ids ascend")
		last = id
		parsed, err := inbox.ParseID(id.String())
		require.NoError(t, err)
		require.Equal(t, id, parsed)
		text, err := id.MarshalText()
		require.NoError(t, err)
		var read inbox.ID
		require.NoError(t, read.UnmarshalText(text))
		require.Equal(t, id, read)
	}
	for _, bad := range []string{"", "xyz", last.String() + "0", "zz" + last.String()[2:]} {
		_, err := inbox.ParseID(bad)
		require.ErrorContains(t, err, "32 hexadecimal digits")
	}
}

func TestHead_RefusesWhatItDidNotWriteWithoutShowingIt(t *testing.T) {
	for _, bad := range []string{``, `"private"`, `{"url":"http://[private"}`, `{"header":[[]]}`, `{"received_at":"private"}`} {
		err := new(inbox.Item).UnmarshalHead([]byte(bad))
		require.Error(t, err, bad)
		require.NotContains(t, err.Error(), "private")
	}
}

// An item that a store could not read again would be in the way of all others.
func TestHead_RefusesAURLThatCannotBeReadAgain(t *testing.T) {
	item := inbox.Item{URL: &url.URL{Scheme: "http", Host: "[private"}}
	_, err := item.MarshalHead()
	require.ErrorContains(t, err, `"url"`)
	require.NotContains(t, err.Error(), "private")
}

// FuzzHead_KeepsEverything writes and reads any strings.
func FuzzHead_KeepsEverything(f *testing.F) {
	f.Add("POST", "/a%2Fb?c=d", "X-Name", "value", "acme")
	f.Add("0", "//", "\xd5", "\xff", "x")
	f.Add("\xff", "//x", "\x00", `{"base64":"AA=="}`, "\u2028\ud7ff")
	f.Fuzz(func(t *testing.T, method, address, name, value, tenant string) {
		u, err := url.ParseRequestURI(address)
		if err != nil {
			u = new(url.URL)
		}
		want := &inbox.Item{
			Method: method, URL: u, Header: map[string][]string{name: {value, tenant, value}, value: {name}},
			Path: map[string]string{name: value, tenant: method}, Tenant: tenant, Key: name, ReceivedAt: time.Unix(1_750_000_000, 5).UTC(),
		}
		head, err := want.MarshalHead()
		require.NoError(t, err)
		require.True(t, utf8.Valid(head))
		require.NotContains(t, string(head), "\x00")
		require.NotContains(t, string(head), `\u0000`)
		var got inbox.Item
		require.NoError(t, got.UnmarshalHead(head))
		require.Equal(t, want.URL.String(), got.URL.String())
		got.URL = want.URL
		require.Equal(t, *want, got)
	})
}

// FuzzUnmarshalHead reads anything, and what it reads it can write.
func FuzzUnmarshalHead(f *testing.F) {
	f.Add([]byte(`{"method":"POST","url":"/x","header":[["A","b"]],"path":[["c","d"]],"received_at":"2025-01-01T00:00:00Z"}`))
	f.Add([]byte(`{"tenant":{"base64":"/w=="}}`))
	f.Add([]byte(`{"header":[[]]}`))
	f.Fuzz(func(t *testing.T, head []byte) {
		var item, again inbox.Item
		if item.UnmarshalHead(head) != nil {
			return
		}
		written, err := item.MarshalHead()
		require.NoError(t, err)
		require.NoError(t, again.UnmarshalHead(written))
		require.Equal(t, item.Header, again.Header)
	})
}
