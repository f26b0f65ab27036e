package signature

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseStamp(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "7": 7, "1614265330": 1614265330, "999999999999": 999999999999} {
		got, ok := parseStamp(text)
		require.True(t, ok, text)
		require.Equal(t, want, got)
	}
	for _, text := range []string{"", "00", "01", "-1", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "1_000", "１", "1000000000000", strings.Repeat("9", 30)} {
		_, ok := parseStamp(text)
		require.False(t, ok, "%q", text)
	}
}
