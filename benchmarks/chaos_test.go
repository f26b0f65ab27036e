package benchmarks

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/cactustest"
)

// What the peers' figures are is not asserted: only that all had the same to
// do, and what ours made of it.
func TestContestIsTheSameForAll(t *testing.T) {
	contest := Contest{Seed: 1, Events: 1000, Faults: TwentyPercent, Failures: 0.1, Work: 100 * time.Microsecond}
	scores, err := contest.Run(t.Context())
	require.NoError(t, err)
	require.Len(t, scores, len(contestants))
	for i, s := range scores {
		t.Logf("%+v", s)
		require.Equal(t, contestants[i].name, s.Name)
		require.Equal(t, contest.Events, s.Events)
		require.Equal(t, contest.Events, s.Once+s.Lost+s.Doubled)
		require.Equal(t, scores[0].Faults, s.Faults)
		require.GreaterOrEqual(t, s.Requests, contest.Events+s.Faults.Duplicate+s.Faults.Concurrent)
	}
	requireOnce(t, scores[0])

	bare := scores[len(scores)-1]
	require.Zero(t, bare.Lost)
	require.GreaterOrEqual(t, bare.Doubled, bare.Faults.Duplicate, "a receiver without memory repeats effects")
}

// Watermill's subscriber and router race for a message whose sender hung up,
// which the race detector would find here, so only ours runs.
func TestContestOnABadDay(t *testing.T) {
	contest := Contest{Seed: 1, Events: 1000, Faults: cactustest.BadDay(), Failures: 0.1, Work: 100 * time.Microsecond}
	score, err := contest.run(t.Context(), contestants[0])
	require.NoError(t, err)
	requireOnce(t, score)
}

func requireOnce(t *testing.T, s Score) {
	t.Helper()
	require.Equal(t, []int{s.Events, 0, 0}, []int{s.Once, s.Lost, s.Doubled})
}

func TestContestNamesWhoCouldNotRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Contest{Events: 1}.Run(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "cactus, Dedupe: ")
}

func TestWriteScores(t *testing.T) {
	var text bytes.Buffer
	require.NoError(t, WriteScores(&text, []Score{{Name: "ours", Events: 9, Once: 7, Lost: 1, Doubled: 1, Requests: 12}}))
	require.Regexp(t, `^receiver +events +once +lost +doubled +requests\nours +9 +7 +1 +1 +12\n$`, text.String())
}
