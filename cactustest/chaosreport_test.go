package cactustest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/cactustest"
)

func TestChaosReport_Reads(t *testing.T) {
	report := &cactustest.ChaosReport{
		Seed: 7, Events: 9, Requests: 21, Retries: 4, Statuses: map[int]int{500: 4, 200: 8, 401: 2}, Unseen: 7,
		Faults: cactustest.ChaosCounts{
			Duplicate: 1, Concurrent: 2, Reorder: 3, GiveUp: 4, LoseAnswer: 5, Cut: 6, Truncate: 7, Forge: 8,
		},
		Gone:       []string{"evt_1"},
		Unaccepted: []string{"a (500)", "b (500)", "c (500)", "d (500)", "e (500)", "f (500)", "g (500)"},
		Breaches:   []string{"evt_1 (forged: 200)"},
	}
	const want = `seed 7: 9 events, 21 requests, 4 of them retries
answers: 8 x 200, 2 x 401, 4 x 500, 7 unseen
faults: 1 duplicate, 2 concurrent, 3 reordered, 4 given up, 5 answer lost, 6 cut, 7 truncated, 8 forged
not accepted: 7: a (500), b (500), c (500), d (500), e (500) and 2 more
gone: 1: evt_1
breaches: 1: evt_1 (forged: 200)`
	require.Equal(t, want, report.String())
	requireFails(t, "cactustest: not all was accepted that should be, and nothing else:\n"+want,
		func(tb *failingT) { report.RequireAccepted(tb) })

	empty := new(cactustest.ChaosReport)
	require.Equal(t, "seed 0: 0 events, 0 requests, 0 of them retries\nanswers: none\nfaults: none", empty.String())
	empty.RequireAccepted(t)
}
