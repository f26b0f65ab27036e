package protocol

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Payloads that are made to be slow: to be read again for each of their levels,
// items or keys. Each takes a fraction of a second; if this test takes many, one of
// them has found its way.
func TestDecodePayload_EndsSoonOnAHostilePayload(t *testing.T) {
	many := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for name, tt := range map[string]struct {
		payload string
		target  any
	}{
		"bad items":     {"[" + strings.Repeat(`{},`, 30_000) + "1]", new([]everything)},
		"bad members":   {`{"a":1` + many(`,"%d":{}`, 30_000) + "}", new(map[string]address)},
		"good members":  {`{"a":{"city":1}` + many(`,"%d":{"city":""}`, 5_000) + "}", new(map[string]address)},
		"unknown keys":  {`{"x":1` + many(`,"q%d":1`, 30_000) + "}", new(everything)},
		"underscores":   {`{"` + strings.Repeat(`_`, 1_000_000) + `":1}`, new(everything)},
		"endless types": {strings.Repeat(`[[],`, 400) + strings.Repeat(`[],`, 100_000) + "1" + strings.Repeat(`]`, 400), new(words)},
		"long text":     {strings.Repeat(`{"n":1,"next":`, 400) + `{"n":"` + strings.Repeat("a", 900_000) + `"}` + strings.Repeat("}", 400), new(node)},
		"backslashes":   {`{"tenant":"` + strings.Repeat(`\\`, 400_000) + `\""}`, new(everything)},
	} {
		err := decodePayload(json.RawMessage(tt.payload), tt.target)
		if name == "good members" {
			require.NoError(t, err)
			continue
		}
		require.NotEmpty(t, fieldsOf(t, err), name)
		require.LessOrEqual(t, len(err.Error()), 1000, name)
	}
}
