package cactustest_test

import (
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/cactustest"
)

func TestEffects_AreWhatWasRecorded(t *testing.T) {
	var (
		effects cactustest.Effects
		all     sync.WaitGroup
	)
	effects.RequireOnce(t, nil)
	for i := range 100 {
		all.Go(func() { effects.Record(strconv.Itoa(i % 50)) })
	}
	all.Wait()
	require.Equal(t, 2, effects.Count("7"))
	require.Zero(t, effects.Count("50"))
}

func TestEffects_RequireOnce(t *testing.T) {
	effects := cactustest.Effects{Seed: 7}
	for _, id := range []string{"once", "twice", "twice", "thrice", "thrice", "thrice"} {
		effects.Record(id)
	}
	requireFails(t, "cactustest: effects of 3 events, seed 7\n2 had more than one: twice (2), thrice (3)",
		func(tb *failingT) { effects.RequireOnce(tb, []string{"once", "twice", "thrice"}) })
	requireFails(t, "cactustest: effects of 7 events, seed 7\n"+
		"6 had no effect: a, b, c, d, e and 1 more\n"+
		"2 were not expected to have any: thrice, twice",
		func(tb *failingT) { effects.RequireOnce(tb, []string{"once", "a", "b", "c", "d", "e", "f"}) })
	requireFails(t, "seed 7\n1 had no effect: a",
		func(tb *failingT) { effects.RequireAtLeastOnce(tb, []string{"once", "twice", "thrice", "a"}) })
	requireFails(t, "seed 7\n1 were not expected to have any: thrice",
		func(tb *failingT) { effects.RequireAtLeastOnce(tb, []string{"once", "twice"}) })
	effects.RequireAtLeastOnce(t, []string{"once", "twice", "thrice"})

	var unseeded cactustest.Effects
	requireFails(t, "cactustest: effects of 1 events\n1 had no effect: a",
		func(tb *failingT) { unseeded.RequireOnce(tb, []string{"a"}) })
	unseeded.Record("a")
	unseeded.RequireOnce(t, []string{"a"})
}

func TestFailures_FollowFromSeedAndID(t *testing.T) {
	runs := func(seed uint64, ids ...string) (failed []bool) {
		f := cactustest.Failures{Seed: seed, Rate: 0.5}
		for range 50 {
			for _, id := range ids {
				if err := f.Next(id); id == "evt_1" {
					failed = append(failed, err != nil)
				}
			}
		}
		return failed
	}
	alone := runs(1, "evt_1")
	require.Equal(t, alone, runs(1, "evt_0", "evt_1", "evt_2"))
	require.NotEqual(t, alone, runs(2, "evt_1"))

	f, failed := cactustest.Failures{Rate: 0.1}, 0
	for i := range 2000 {
		if err := f.Next(strconv.Itoa(i)); err != nil {
			require.ErrorIs(t, err, cactustest.ErrPlanned)
			failed++
		}
	}
	require.InDelta(t, 200, failed, 50)

	var never cactustest.Failures
	require.NoError(t, never.Next("evt_1"))
}
