package stripe_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/source/stripe"
)

func ofVersion(version string) *cactus.Request {
	body := strings.Replace(snapshotBody, `"2025-09-30.clover"`, version, 1)
	return cactus.NewRequest(nil, []byte(body), time.Time{})
}

func TestWithAPIVersion_GoesByTheReleaseTrain(t *testing.T) {
	for _, tc := range []struct {
		want, got string
		warns     bool
	}{
		{"2025-09-30.clover", `"2025-09-30.clover"`, false},
		{"2025-09-30.clover", `"2026-01-28.clover"`, false},
		{"2025-09-30.clover", `"2025-03-31.basil"`, true},
		{"2025-09-30.clover", `"2023-10-16"`, true},
		{"2025-09-30.clover", `null`, true},
		{"2025-09-30.preview", `"2025-09-30.preview"`, false},
		{"2025-09-30.preview", `"2025-10-29.preview"`, true},
		{"2025-09-30.clover", `"2025-09-30.preview"`, true},
		{"2023-10-16", `"2023-10-16"`, false},
		{"2023-10-16", `"2024-04-10"`, true},
		{"2023-10-16", `"2024-09-30.acacia"`, true},
		{"2022-08-01; orders_beta=v4", `"2022-08-01; orders_beta=v4"`, false},
		{"2022-08-01", `"2022-08-01; orders_beta=v4"`, true},
		{"2025-03-31.basil", `"2025-03-31.basil;a=v1"`, true},
		{"2025-03-31.basil;a=v1;b_c=v2.3", `"2025-03-31.basil;a=v1"`, true},
	} {
		warned := 0
		src := stripe.Snapshot(verifier(), stripe.WithAPIVersion(tc.want, func(first cactus.Meta, got string) {
			require.Equal(t, "evt_1", first.ID)
			require.Equal(t, strings.Trim(strings.TrimPrefix(tc.got, "null"), `"`), got)
			warned++
		}))
		for range 3 {
			envs, err := src.Parse(nil, ofVersion(tc.got))
			require.NoError(t, err, "an event is dispatched in any case")
			require.Len(t, envs, 1)
		}
		require.Equal(t, tc.warns, warned == 1, "%s %s: %d", tc.want, tc.got, warned)
	}
}

func TestWithAPIVersion_LosesNoEventToAnOddVersion(t *testing.T) {
	for _, got := range []string{`""`, `"a b"`, `"Zürich"`, `"a\u0000b"`, `"a\nb"`, `7`, `{}`, `"` + strings.Repeat("9", 300) + `"`} {
		warned := "nobody"
		src := stripe.Snapshot(verifier(), stripe.WithAPIVersion("2023-10-16", func(_ cactus.Meta, got string) { warned = got }))
		envs, err := src.Parse(nil, ofVersion(got))
		require.NoError(t, err, got)
		require.Len(t, envs, 1)
		require.Equal(t, map[bool]string{true: "a b"}[got == `"a b"`], warned)
	}
}

func TestWithAPIVersion_WarnsOnceAVersion(t *testing.T) {
	var warned []string
	src := stripe.Snapshot(verifier(), stripe.WithAPIVersion("2023-10-16", func(_ cactus.Meta, got string) {
		warned = append(warned, got)
	}))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 100 {
				_, err := src.Parse(nil, ofVersion(fmt.Sprintf(`"2025-01-01.train%d"`, i)))
				require.NoError(t, err)
			}
		})
	}
	wg.Wait()
	require.Len(t, warned, 64)
}

func TestWithAPIVersion_RefusesWhatIsNoVersion(t *testing.T) {
	for _, version := range []string{
		"", "clover", "2025-09-30.", "2025-9-30.clover", "2025-09-30 clover", "2025x09-30", "2025-09-3x",
		"2025-09-30;", "2025-09-30; a", "2025-09-30; a=", "2025-09-30; =b", "2025-09-30;  a=b", "2025-09-30; a=b\r\nc",
		"2025-09-30;" + strings.Repeat("a", 300) + "=b",
	} {
		require.Panics(t, func() { stripe.WithAPIVersion(version, func(cactus.Meta, string) {}) }, version)
	}
	require.Panics(t, func() { stripe.WithAPIVersion("2023-10-16", nil) })
}
