package envelope_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/internal/envelope"
)

// check is a text and what is wrong with it, if anything.
type check struct{ text, want string }

func requireChecks(t *testing.T, checkFunc func(string) error, checks []check) {
	t.Helper()

	for _, c := range checks {
		err := checkFunc(c.text)
		if c.want == "" {
			require.NoError(t, err, "%q", c.text)
		} else {
			require.EqualError(t, err, c.want, "%q", c.text)
		}
	}
}

func TestCheckID(t *testing.T) {
	t.Parallel()

	const bytes = "has a byte that is none of A-Z a-z 0-9 _ . : -"
	requireChecks(t, envelope.CheckID, []check{
		{"evt_441", ""},
		{"A-Z.a:z_0", ""},
		{"...", ""},
		{"-", ""},
		{strings.Repeat("a", 256), ""},
		{strings.Repeat("a", 257), "is longer than 256 bytes"},
		{"", "is empty"},
		{".", "must not be a dot segment"},
		{"..", "must not be a dot segment"},
		{"a/b", bytes},
		{"a%2fb", bytes},
		{"a b", bytes},
		{"é", bytes},
		{"evt_1234567\n", bytes},
		{"a\x00", bytes},
	})
}

func TestCheckType(t *testing.T) {
	t.Parallel()

	const bytes = "has a byte that is none of A-Z a-z 0-9 _ . : / [ ] -"
	requireChecks(t, envelope.CheckType, []check{
		{"order.shipped", ""},
		{"v2.core.account[configuration.merchant].updated", ""},
		{"com.example/order:1-a_b", ""},
		{"7", ""},
		{strings.Repeat("a", 256), ""},
		{strings.Repeat("a", 257), "is longer than 256 bytes"},
		{"", "is empty"},
		{".a", "must begin with a letter or a digit"},
		{"/a", "must begin with a letter or a digit"},
		{"[a]", "must begin with a letter or a digit"},
		{"a/b", ""},
		{"a/../b", "must not have a dot segment"},
		{"a/.", "must not have a dot segment"},
		{"a/..b", ""},
		{"a b", bytes},
		{"a*", bytes},
		{"é", bytes},
	})
}

func TestCheckContext(t *testing.T) {
	t.Parallel()
	requireChecks(t, envelope.CheckContext, []check{
		{"", ""},
		{"acct_7/sub", ""},
		{strings.Repeat("a", 257), "is longer than 256 bytes"},
		{"a b", "has a byte that is not printable ASCII"},
		{"a\r\nb", "has a byte that is not printable ASCII"},
	})
}

func TestCheckPath(t *testing.T) {
	t.Parallel()

	const (
		bytes   = "has a byte that a path must escape"
		dots    = "must not have a dot segment"
		slash   = "must begin with exactly one slash"
		percent = "has a percent sign that does not begin an escape"
	)
	requireChecks(t, envelope.CheckPath, []check{
		{"/", ""},
		{"/v1/orders/ord_452", ""},
		{"/v1/orders/ord_452?expand=customer&x=../..&y=%", ""},
		{"/a//b/", ""},
		{"/a/...", ""},
		{"/a/.b/b./..c", ""},
		{"/a/%41%2fb", ""},
		{"/a;v=1/b", ""},
		{"/a/..;/b", dots},
		{"/a/.;x/b", dots},
		{"/a/%252e%252e/b", "has an escaped percent sign"},
		{"/" + strings.Repeat("a", 2047), ""},
		{"/" + strings.Repeat("a", 2048), "is longer than 2048 bytes"},
		{"", "is empty"},
		{"v1/orders", slash},
		{"//evil.example/", slash},
		{"https://evil.example/", slash},
		{"?a", slash},
		{`/\evil.example/`, bytes},
		{"/a b", bytes},
		{"/a#b", bytes},
		{`/a"b`, bytes},
		{"/<a", bytes},
		{"/a>", bytes},
		{"/a\r\n", bytes},
		{"/\x7f", bytes},
		{"/é", bytes},
		{"/.", dots},
		{"/..", dots},
		{"/a/./b", dots},
		{"/a/../b", dots},
		{"/a/..", dots},
		{"/a/..?b", dots},
		{"/a/%2e%2E/b", dots},
		{"/a/.%2e", dots},
		{"/%2e/b", dots},
		{"/a/..%2fb", dots},
		{"/a%2F..", dots},
		{"/a/..%5cb", dots},
		{"/%", percent},
		{"/%4", percent},
		{"/%4g", percent},
		{"/a%?b", percent},
	})
}

func TestCheck_DoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}

	name, path := strings.Repeat("a", 200), "/"+strings.Repeat("a", 200)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if envelope.CheckID(name) != nil || envelope.CheckType(name) != nil || envelope.CheckPath(path) != nil {
			panic("refused")
		}
	}))
}
