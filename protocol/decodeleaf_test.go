package protocol

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDecodePayload_ReadsIntegersToTheDigit(t *testing.T) {
	for text, want := range map[string]int64{
		`65484548474984654`: 65484548474984654, `"65484548474984654"`: 65484548474984654, `65484548474984654.0`: 65484548474984654,
		`9007199254740993.0`: 9007199254740993, `"-9007199254740993.000"`: -9007199254740993, `1e18`: 1e18, `1.5e1`: 15,
		`9223372036854775807.0`: math.MaxInt64, `-9.223372036854775808E+18`: math.MinInt64, `100e-2`: 1, `-0.0`: 0, `0e-9`: 0,
		`"+5"`: 5, `" 007 "`: 7, `"0"`: 0, `0.05e2`: 5,
	} {
		var in struct {
			N int64 `json:"n"`
		}
		require.NoError(t, decodePayload(json.RawMessage(`{"n":`+text+`}`), &in), text)
		require.Equal(t, want, in.N, text)
	}
	for _, text := range []string{
		`1.5`, `1.00000000000000000000001`, `"1.5"`, `9223372036854775808`, `9223372036854775808.0`, `1e19`, `1e-1`, `1e999999999`,
		`1e99999999999999999999`, `-1e400`, `"1e400"`, `""`, `" "`, `"x"`, `"0x10"`, `"1_000"`, `"--1"`, `true`, `[]`, `{}`,
		`"` + strings.Repeat("9", 1000) + `"`,
	} {
		var in struct {
			N int64 `json:"n"`
		}
		require.Equal(t, "n type_error.integer value is not a valid integer",
			fieldsOf(t, decodePayload(json.RawMessage(`{"n":`+text+`}`), &in)), text)
		require.Zero(t, in.N)
	}
}

func TestDecodePayload_ReadsFloatsFromStrings(t *testing.T) {
	for text, want := range map[string]float64{
		`1864.4568`: 1864.4568, `"1864.4568"`: 1864.4568, `"+1.5"`: 1.5, `".5"`: .5, `" 5. "`: 5, `"-1e3"`: -1000,
	} {
		var in struct {
			F float64 `json:"f"`
		}
		require.NoError(t, decodePayload(json.RawMessage(`{"f":`+text+`}`), &in), text)
		require.InDelta(t, want, in.F, 0, text)
	}
	for _, text := range []string{`"NaN"`, `"inf"`, `"-Infinity"`, `"0x1p4"`, `"1_0"`, `""`, `"e"`, `"1e400"`, `1e400`, `true`} {
		var in struct {
			F float64 `json:"f"`
		}
		require.Equal(t, "f type_error.float value is not a valid float",
			fieldsOf(t, decodePayload(json.RawMessage(`{"f":`+text+`}`), &in)), text)
	}
}

// Whether another field is in doubt does not change what a field is read as.
func TestDecodePayload_ReadsAKeyThatStandsTwiceAlike(t *testing.T) {
	type in struct {
		A    int                 `json:"a"`
		Home struct{ X, Y *int } `json:"home,omitzero"`
		N    int                 `json:"n"`
	}
	for _, tt := range []struct {
		members string
		check   func(in)
	}{
		{`"a":1,"A":2`, func(got in) { require.Equal(t, 1, got.A) }},
		{`"A":2,"a":1`, func(got in) { require.Equal(t, 1, got.A) }},
		{`"a":2,"a":1`, func(got in) { require.Equal(t, 1, got.A) }},
		{`"a":2,"\u0061":1`, func(got in) { require.Equal(t, 1, got.A) }},
		{`"a":0,"home":{"X":1},"home":{"Y":2}`, func(got in) {
			require.Nil(t, got.Home.X)
			require.Equal(t, 2, *got.Home.Y)
		}},
	} {
		for _, n := range []string{`1`, `"1"`} {
			var got in
			require.NoError(t, decodePayload(json.RawMessage(fmt.Sprintf(`{%s,"n":%s}`, tt.members, n)), &got), tt.members)
			tt.check(got)
		}
	}
}
