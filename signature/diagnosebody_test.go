package signature

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestBodyVariants_AreBoundedHoweverDeepABodyIs(t *testing.T) {
	for _, depth := range []int{100, 1000, 9999} {
		items := strings.TrimSuffix(strings.Repeat("1,", maxDiagnosed/2-depth), ",")
		body := []byte(strings.Repeat("[", depth) + items + strings.Repeat("]", depth))
		require.True(t, json.Valid(body))
		for change, variant := range bodyVariants(body) {
			require.LessOrEqual(t, len(variant), maxIndented, "%d deep: %s", depth, change)
		}
	}
}

func TestIndentedSize_IsNeverTooSmall(t *testing.T) {
	for _, body := range []string{
		`{}`, `[]`, `17`, `"[{,:"`, `{"a":[1,2,{"b":"\"]"}],"c":{},"d":[[],[[]]]}`, `[[[[1]]],{"a":{"b":{"c":null}}}]`,
	} {
		out := rewrite([]byte(body), indented, keepEscapes)
		require.GreaterOrEqual(t, indentedSize([]byte(body)), len(out), body)
	}
}

func TestAppendString_ReadsAsEncodingJSONDoes(t *testing.T) {
	for _, text := range []string{
		`\/<>&`, `\b\f\n\r\t\"\\`, `é\u00e9\u0041`, `\ud83d\ude00\ud83d`, `\ud83d\ud83d\ude00`, `\ude00\u0041`, `\ud800x\/`, "\xff\xc3\\/", `\u2028`, `\uFFFD`, `\\u0041`,
	} {
		requireReadsAlike(t, []byte(`"`+text+`"`))
	}
}

func FuzzAppendString(f *testing.F) {
	f.Add([]byte(`"\ud83d\ude00\ud83d\/"`))
	f.Add([]byte("\"\xff<\\u0000\""))
	f.Fuzz(func(t *testing.T, quoted []byte) {
		if len(quoted) > 1 && quoted[0] == '"' && quoted[len(quoted)-1] == '"' && json.Valid(quoted) {
			requireReadsAlike(t, quoted)
		}
	})
}

func requireReadsAlike(tb testing.TB, quoted []byte) {
	tb.Helper()
	var want string
	require.NoError(tb, json.Unmarshal(quoted, &want))
	for _, e := range []escapes{0, escapeHTML, escapeSlash, escapeASCII, escapeASCII | escapeSlash} {
		var got string
		out := appendString(nil, quoted, e)
		require.NoError(tb, json.Unmarshal(out, &got), "%q", out)
		require.Equal(tb, want, got, "%q", out)
		require.True(tb, e&escapeASCII == 0 || utf8.RuneCount(out) == len(out))
	}
}
