package benchmarks

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAllocationAims holds the aims for memory, which do not depend on the
// machine.
func TestAllocationAims(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector makes pools forget")
	}
	for _, aim := range []struct {
		what   string
		of     Case
		allocs float64
	}{
		{"thin event", thinCactus, 3},
		{"verify 345 B", verifyThin, 0},
		{"verify 4 KB", verifyFull, 0},
		{"verify bad signature", verifyForged, 0},
		{"bad signature", thinForged, 0},
	} {
		t.Run(aim.what, func(t *testing.T) {
			work, stop := aim.of.Start()
			defer stop()
			var err error
			allocs := testing.AllocsPerRun(1000, func() { err = work(1) })
			require.NoError(t, err)
			require.LessOrEqual(t, allocs, aim.allocs)
		})
	}
}

func TestThinEventBytes(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector makes pools forget")
	}
	work, stop := thinCactus.Start()
	defer stop()
	r := &runner{Case: thinCactus, work: work, batch: 10 * ringSize}
	require.NoError(t, r.weigh())
	require.LessOrEqual(t, r.bytes, 512.0)
}
