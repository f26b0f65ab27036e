package cactustest_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/cactustest"
)

// journal notes what arrives, in order.
type journal struct{ lines []string }

func (j *journal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	j.lines = append(j.lines, fmt.Sprint(string(body), len(r.Header), err))
	w.WriteHeader(http.StatusOK)
}

// journey returns what one sender sends for 200 events, and its report.
func journey(t *testing.T, chaos cactustest.Chaos) ([]string, *cactustest.ChaosReport) {
	t.Helper()
	var (
		j      journal
		report *cactustest.ChaosReport
	)
	synctest.Test(t, func(t *testing.T) {
		chaos.Senders = 1
		report = chaos.Deliver(t, &j, cactustest.ChaosEvents(200, 1))
	})
	return j.lines, report
}

func TestChaos_TheSeedDecidesThePlan(t *testing.T) {
	// Duplicates after success and hung-up requests run beside others.
	faults := cactustest.ChaosFaults{Reorder: 0.3, LoseAnswer: 0.3, Cut: 0.3, Truncate: 0.3, Forge: 0.3}
	first, report := journey(t, cactustest.Chaos{Seed: 5, Faults: faults})
	again, repeated := journey(t, cactustest.Chaos{Seed: 5, Faults: faults})
	require.Equal(t, first, again)
	require.Equal(t, report, repeated)

	other, _ := journey(t, cactustest.Chaos{Seed: 6, Faults: faults})
	require.NotEqual(t, first, other)
}

func TestChaos_TheReceiverDoesNotChangeThePlan(t *testing.T) {
	chaos, events := cactustest.Chaos{Seed: 9, Faults: cactustest.BadDay(), Tries: 2}, cactustest.ChaosEvents(300, 1)
	good := chaos.Deliver(t, receiver(), events)
	bad := chaos.Deliver(t, &scripted{statuses: []int{500}}, events)
	require.Equal(t, good.Faults, bad.Faults)
	require.Len(t, bad.Unaccepted, 300)
}

func TestChaos_OneRateDoesNotChangeWhereOthersFall(t *testing.T) {
	all := cactustest.Chaos{Seed: 9, Faults: cactustest.BadDay()}
	fewer := all
	fewer.Faults.Duplicate, fewer.Faults.GiveUp, fewer.Faults.Reorder = 0, 0, 0
	events := cactustest.ChaosEvents(300, 1)
	want := all.Deliver(t, receiver(), events).Faults
	want.Duplicate, want.GiveUp, want.Reorder = 0, 0, 0
	require.Equal(t, want, fewer.Deliver(t, receiver(), events).Faults)
}

func TestChaos_RatesAreSharesOfEvents(t *testing.T) {
	chaos := cactustest.Chaos{Seed: 1, Faults: cactustest.BadDay()}
	got := chaos.Deliver(t, receiver(), cactustest.ChaosEvents(2000, 1)).Faults
	for name, n := range map[string]int{"duplicate": got.Duplicate, "concurrent": got.Concurrent} {
		require.InDelta(t, 200, n, 60, name)
	}
	for name, n := range map[string]int{
		"give up": got.GiveUp, "lose": got.LoseAnswer, "cut": got.Cut, "truncate": got.Truncate, "forge": got.Forge,
	} {
		require.InDelta(t, 100, n, 45, name)
	}
	require.InDelta(t, 400, got.Reorder, 80)
}

func TestChaos_ReordersWithinTheWindow(t *testing.T) {
	for _, window := range []int{1, 10} {
		chaos := cactustest.Chaos{Seed: 2, Faults: cactustest.ChaosFaults{Reorder: 0.3}, Window: window}
		lines, report := journey(t, chaos)
		inOrder, _ := journey(t, cactustest.Chaos{})
		moved, latest := 0, 0
		for i, line := range inOrder {
			late := slices.Index(lines, line) - i
			latest = max(latest, late)
			if late > 0 {
				moved++
			}
		}
		require.Equal(t, report.Faults.Reorder > 30, moved > 20)
		require.Positive(t, latest)
		require.LessOrEqual(t, latest, window)
	}
}
