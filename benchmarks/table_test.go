package benchmarks

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAimVerdict(t *testing.T) {
	for _, row := range []struct {
		aim    Aim
		figure float64
		want   string
	}{
		{atLeast(6), 6, "ok"},
		{atLeast(6), 5.996, "ok"}, // printed as 6.00
		{atLeast(6), 3, "short by 50 %"},
		{atMost(2), 2, "ok"},
		{atMost(2), 2.5, "short by 25 %"},
		{atMost(0), 0, "ok"},
		{atMost(0), 4, "short by 4"},
	} {
		require.Equal(t, row.want, row.aim.verdict(row.figure), "%v of %v", row.figure, row.aim)
	}
}

func TestRatioIsTheMedianOfTheRounds(t *testing.T) {
	require.InDelta(t, 2, ratio([]float64{2, 40, 6}, []float64{1, 10, 6}), 1e-9)
	require.InDelta(t, 3, ratio([]float64{2, 4}, []float64{1, 1}), 1e-9)
}

func TestLineSaysWhyItIsShort(t *testing.T) {
	c := Comparison{Peers: []Case{{Name: "peer"}}}
	all := []figures{{times: []float64{1500}}, {times: []float64{3000}}}
	line := c.line(Row{Name: "thin", Aim: atLeast(6), Why: "because"}, all)

	var text bytes.Buffer
	require.NoError(t, line.Write(&text))
	require.Regexp(t, `^thin +1\.50 µs +3\.00 µs peer +2\.00 +≥ 6 +short by 67 %\n +because\n$`, text.String())

	text.Reset()
	require.NoError(t, line.WriteMarkdown(&text))
	require.Equal(t, "| thin | peer | 2.00 | ≥ 6 | short by 67 %: because |\n", text.String())
}

func TestKeptFloorDecides(t *testing.T) {
	for _, row := range []struct{ made, kept, want string }{
		{ok, ok, ok},
		{ok, "short by 5 %", "ok, but the next decides"},
		{"short by 1 %", "short by 5 %", "short by 1 %"},
	} {
		made, kept := Line{Verdict: row.made}, Line{Verdict: row.kept}
		decide(&made, &kept)
		require.Equal(t, row.want, made.Verdict)
		require.Equal(t, row.kept, kept.Verdict)
	}
}

func TestComparisonRun(t *testing.T) {
	c := overFloors("thin", thinCactus, thinMade, thinKept, atMost(1e6)).memory("thin", atMost(1e6), Aim{})
	lines, err := c.Run(Options{Rounds: 2, Slot: time.Millisecond})
	require.NoError(t, err)
	require.Len(t, lines, 4)
	for _, line := range lines[:3] {
		require.Equal(t, ok, line.Verdict)
	}

	broken := Case{Name: "broken", Start: working(func() Work {
		return func(int) error { return errSum }
	})}
	_, err = against("it", thinCactus, broken, Aim{}).Run(Options{Rounds: 1, Slot: time.Millisecond})
	require.ErrorIs(t, err, errSum)
	require.ErrorContains(t, err, "it: broken: ")
}

func TestLineComparesMemoryAsARatioWhereItIsAsked(t *testing.T) {
	c := Comparison{Peers: []Case{{Name: "peer"}}}
	all := []figures{{allocs: 30, bytes: 100}, {allocs: 60, bytes: 80}}

	allocs := c.line(Row{Quantity: Allocs, Aim: atMost(1), Share: true}, all)
	require.Equal(t, []string{"30", "60 peer", "0.50", "≤ 1", ok}, allocs.cells()[1:])

	bytes := c.line(Row{Quantity: Bytes, Aim: atMost(1), Share: true}, all)
	require.Equal(t, []string{"100 B", "80 B peer", "1.25", "≤ 1", "short by 25 %"}, bytes.cells()[1:])
}
