package envelope_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/internal/envelope"
)

func known() *envelope.Known {
	member := &envelope.Known{Members: map[string]*envelope.Known{"a": nil}}
	return &envelope.Known{Members: map[string]*envelope.Known{
		"id": nil, "one": member, "many": {Items: member}, "all": nil, "deep": {Items: &envelope.Known{Items: member}},
	}}
}

func TestAppendKnown_LeavesOutWhatIsNotKnown(t *testing.T) {
	for value, want := range map[string]string{
		`{}`:                                             `{}`,
		` { "x" : 1 , "id" : 2 , "y":[] } `:              `{"id" : 2}`,
		`{"ID":1,"iD":2,"x":{}}`:                         `{"ID":1,"iD":2}`,
		`{"\u0069d":1,"\u0078":2}`:                       `{"\u0069d":1}`,
		`{"é":1,"x":2}`:                                  `{"é":1}`,
		`{"one":{"a":{"x":1},"b":2}}`:                    `{"one":{"a":{"x":1}}}`,
		`{"one":[1],"many":{"b":1}}`:                     `{"one":[1],"many":{"b":1}}`,
		`{"many":[ {"b":1} , {"a":2,"b":3},null, [ ] ]}`: `{"many":[{},{"a":2},null,[ ]]}`,
		`{"many":[],"deep":[[],[{"b":1},{"a":1}]]}`:      `{"many":[],"deep":[[],[{},{"a":1}]]}`,
		`{"all":{"b": [1]},"` + strings.Repeat("x", 65) + `":1,"one":null}`:    `{"all":{"b": [1]},"one":null}`,
		`{"` + strings.Repeat("x", 65) + `é":1,"z":{"id":1},"one":{"z":null}}`: `{"` + strings.Repeat("x", 65) + `é":1,"one":{}}`,
		`17`: `17`,
	} {
		got, ok := envelope.AppendKnown([]byte("before"), []byte(value), known())
		require.True(t, ok, value)
		require.Equal(t, "before"+want, string(got))
	}
	got, ok := envelope.AppendKnown(nil, []byte(`{"x":1}`), nil)
	require.True(t, ok)
	require.Equal(t, `{"x":1}`, string(got))
}

func TestAppendKnown_RefusesWhatIsNotJSON(t *testing.T) {
	for _, value := range []string{
		``, `{`, `{"x":01}`, `{"id":1}x`, `{"x":1,}`, `{"x"}`, `{"many":[1`, `{"many":[1}`, `{"many":[1,]}`, "{\"x\":\"\xff\"}", `{"one":{"b":}}`,
		strings.Repeat(`{"one":`, 600) + `1` + strings.Repeat(`}`, 600),
	} {
		_, ok := envelope.AppendKnown(nil, []byte(value), known())
		require.False(t, ok, value)
	}
}

func TestCanKnow(t *testing.T) {
	require.True(t, envelope.CanKnow("full_name"))
	require.False(t, envelope.CanKnow("Straße"))
	require.False(t, envelope.CanKnow(strings.Repeat("x", 65)))
}
