package envelope_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/internal/envelope"
)

func TestEach_WalksInOrder(t *testing.T) {
	t.Parallel()

	var got []member
	err := envelope.Each([]byte(` {"b": {"x": [1, 2]} , "\u0061\ud83c\udf35": "\ud800", "": null,"b":-1.5} `),
		func(key, value []byte) error {
			got = append(got, member{string(key), value})

			return nil
		})
	require.NoError(t, err)
	require.Equal(t, []member{
		{"b", []byte(`{"x": [1, 2]}`)},
		{"a🌵", []byte(`"\ud800"`)},
		{"", []byte(`null`)},
		{"b", []byte(`-1.5`)},
	}, got)
}

func TestEach_Refuses(t *testing.T) {
	t.Parallel()

	tests := []struct {
		object string
		want   string
		seen   int
	}{
		{"", "body: is empty", 0},
		{"[]", "body: must be a JSON object", 0},
		{"{", "body: unexpected end at byte 1", 0},
		{`{"a":1`, "body: unexpected end at byte 6", 1},
		{`{"a":1,`, "body: unexpected end at byte 7", 1},
		{`{"a":1,"b":x}`, "body: expected a value at byte 11", 1},
		{`{"a":1}2`, "body: data after the object at byte 7", 1},
		{`{"\ud800":1}`, "body: half of a surrogate pair in a string at byte 1", 0},
	}
	for _, tt := range tests {
		seen := 0
		err := envelope.Each([]byte(tt.object), func(_, _ []byte) error {
			seen++

			return nil
		})
		require.EqualError(t, err, tt.want)
		require.Equal(t, tt.seen, seen, "%q", tt.object)
	}
}

func TestEach_EndsWithAnErrorOfTheFunction(t *testing.T) {
	t.Parallel()

	enough := errors.New("enough")
	seen := 0
	err := envelope.Each([]byte(`{"a":1,"b":2}`), func(_, _ []byte) error {
		seen++

		return enough
	})
	require.Same(t, enough, err)
	require.Equal(t, 1, seen)
}

func TestEach_DoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}

	body, members := fullBody(), 0
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if err := envelope.Each(body, func(_, _ []byte) error { members++; return nil }); err != nil {
			panic(err)
		}
	}))
	require.Positive(t, members)
}
