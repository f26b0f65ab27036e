package envelope_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/internal/envelope"
)

// FuzzScan holds Scan against the reference, in both directions.
func FuzzScan(f *testing.F) {
	for _, t := range accepted() {
		f.Add([]byte(t.body))
	}
	for _, t := range refused() {
		f.Add([]byte(t.body))
	}
	f.Add([]byte(thinBody))
	f.Add(fullBody())

	f.Fuzz(func(t *testing.T, body []byte) {
		var got envelope.Fields
		err := envelope.Scan(body, &got)
		want, wantErr := referenceScan(body)
		require.Equal(t, wantErr == nil, err == nil, "reference: %v, scan: %v", wantErr, err)

		if err != nil {
			requireError(t, body, err)
			require.Equal(t, envelope.Fields{}, got)

			return
		}
		require.True(t, json.Valid(body))
		require.True(t, utf8.Valid(body))
		requireFields(t, want, got)
	})
}

// FuzzEach holds Each against a json.Decoder.
func FuzzEach(f *testing.F) {
	for _, t := range accepted() {
		f.Add([]byte(t.body))
	}
	for _, t := range refused() {
		f.Add([]byte(t.body))
	}
	f.Add([]byte(`{"a":{"b":[1,2,{"c":null}]},"a":"\ud800","\u0061":-0.5e+10,"":[[],{}]}`))
	f.Add(fullBody())

	f.Fuzz(func(t *testing.T, body []byte) {
		var got []member
		err := envelope.Each(body, func(key, value []byte) error {
			got = append(got, member{string(key), value})

			return nil
		})
		want, wantErr := referenceMembers(body)
		require.Equal(t, wantErr == nil, err == nil, "reference: %v, each: %v", wantErr, err)

		if err != nil {
			requireError(t, body, err)

			return
		}
		require.Equal(t, want, got)

		var byKey map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(body, &byKey))
		last := map[string]json.RawMessage{}
		for _, m := range got {
			last[m.key] = m.value
		}
		require.Equal(t, byKey, last)
	})
}

// FuzzCheck holds the grammars against regular expressions.
func FuzzCheck(f *testing.F) {
	for _, s := range []string{
		"", ".", "..", "...", "evt_1", "v2.core.account[configuration.merchant].updated", "-x", "é",
		"/", "//", "/a/../b", "/a/%2e%2E/b", "/a/..%2fb", "/a/%5c..", "/%", "/%4", "/%zz", "/a/..;/b", "/a/%252e", "a/../b", "a/b", "/a?b=../..&c=%", "/a/.b/...",
		strings.Repeat("a", 256), strings.Repeat("a", 257), "/" + strings.Repeat("a", 2047), "/" + strings.Repeat("a", 2048),
	} {
		f.Add(s)
	}

	f.Fuzz(func(t *testing.T, s string) {
		require.Equal(t, referenceIDOK(s), envelope.CheckID(s) == nil, "id %q", s)
		require.Equal(t, referenceTypeOK(s), envelope.CheckType(s) == nil, "type %q", s)
		require.Equal(t, referencePathOK(s), envelope.CheckPath(s) == nil, "path %q", s)
	})
}

// FuzzCreated holds the time parser against the one of package time, less what
// that is lax about.
func FuzzCreated(f *testing.F) {
	for _, s := range append(times(), notTimes()...) {
		f.Add(s)
	}

	f.Fuzz(func(t *testing.T, s string) {
		quoted, err := json.Marshal(s)
		require.NoError(t, err)
		if !utf8.ValidString(s) {
			return
		}

		var got envelope.Fields
		err = envelope.Scan([]byte(`{"id":"e","type":"t","created":`+string(quoted)+`}`), &got)
		want, ok := referenceTimeOf(s)
		require.Equal(t, ok, err == nil, "created %q: %v", s, err)
		if ok {
			requireTime(t, want, got.Created)
		}
	})
}

// requireError requires what is true of every error about a body.
func requireError(t *testing.T, body []byte, err error) {
	t.Helper()

	var e *envelope.Error
	require.ErrorAs(t, err, &e)
	require.NotEmpty(t, e.Problem)
	require.GreaterOrEqual(t, e.Offset, 0)
	require.LessOrEqual(t, e.Offset, len(body))
}

func requireFields(t *testing.T, want, got envelope.Fields) {
	t.Helper()

	requireTime(t, want.Created, got.Created)
	want.Created, got.Created = time.Time{}, time.Time{}
	require.Equal(t, want, got)
}

func requireTime(t *testing.T, want, got time.Time) {
	t.Helper()

	require.True(t, want.Equal(got), "%v, got %v", want, got)
	_, wantOffset := want.Zone()
	_, gotOffset := got.Zone()
	require.Equal(t, wantOffset, gotOffset)
	if gotOffset == 0 {
		require.Equal(t, time.UTC, got.Location())
	}
}
