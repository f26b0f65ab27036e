package cactustest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// ChaosReport says what a [Chaos] did and what it was answered.
type ChaosReport struct {
	Seed     uint64
	Events   int
	Requests int         // of all kinds
	Retries  int         // requests that were sent because of the answer before
	Statuses map[int]int // answers that the sender saw, by status
	Unseen   int         // requests whose answer it did not see
	Faults   ChaosCounts // as planned
	// Breaches are the requests that had to be refused, and were answered with
	// 2xx instead: "evt_1 (forged: 200)". They are in order.
	Breaches []string
	// Gone are the ids of events that were answered with 410, in order.
	Gone []string
	// Unaccepted are the events of which a copy was never accepted, gone ones
	// left out, with the last answer: "evt_1 (500)". They are in order.
	Unaccepted []string
}

// ChaosCounts has how many events each of the [ChaosFaults] fell on.
type ChaosCounts struct {
	Duplicate, Concurrent, Reorder, GiveUp, LoseAnswer, Cut, Truncate, Forge int
}

func (n *ChaosCounts) plan(p plan) {
	count := func(where *int, happens bool) {
		if happens {
			*where++
		}
	}
	count(&n.Duplicate, p.duplicate)
	count(&n.Concurrent, p.concurrent)
	count(&n.Reorder, p.reordered)
	kinds := [...]*int{giveUp: &n.GiveUp, loseAnswer: &n.LoseAnswer, cutOff: &n.Cut, truncate: &n.Truncate, forge: &n.Forge}
	for _, m := range p.mishaps {
		*kinds[m.fault]++
	}
}

// String returns the faults that happened, in one line.
func (n ChaosCounts) String() string {
	var parts []string
	for _, c := range []struct {
		n    int
		name string
	}{
		{n.Duplicate, "duplicate"},
		{n.Concurrent, "concurrent"},
		{n.Reorder, "reordered"},
		{n.GiveUp, "given up"},
		{n.LoseAnswer, "answer lost"},
		{n.Cut, "cut"},
		{n.Truncate, "truncated"},
		{n.Forge, "forged"},
	} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, c.name))
		}
	}
	return orNone(parts)
}

// ended notes how the copies of an event ended.
func (r *ChaosReport) ended(id string, replies []reply) {
	for _, got := range replies {
		switch {
		case got.status == http.StatusGone:
			r.Gone = append(r.Gone, id)
			return
		case !got.accepted():
			r.Unaccepted = append(r.Unaccepted, fmt.Sprintf("%s (%s)", id, got))
			return
		}
	}
}

func (r *ChaosReport) sort() {
	slices.Sort(r.Breaches)
	slices.Sort(r.Gone)
	slices.Sort(r.Unaccepted)
}

// String returns the report in a few lines. The first begins with the seed.
func (r *ChaosReport) String() string {
	var statuses []string
	for _, status := range slices.Sorted(maps.Keys(r.Statuses)) {
		statuses = append(statuses, fmt.Sprintf("%d x %d", r.Statuses[status], status))
	}
	if r.Unseen > 0 {
		statuses = append(statuses, fmt.Sprintf("%d unseen", r.Unseen))
	}
	var text strings.Builder
	fmt.Fprintf(&text, "seed %d: %d events, %d requests, %d of them retries\nanswers: %s\nfaults: %s",
		r.Seed, r.Events, r.Requests, r.Retries, orNone(statuses), r.Faults)
	for _, list := range []struct {
		name string
		of   []string
	}{{"not accepted", r.Unaccepted}, {"gone", r.Gone}, {"breaches", r.Breaches}} {
		if len(list.of) > 0 {
			fmt.Fprintf(&text, "\n%s: %d: %s", list.name, len(list.of), aFew(list.of))
		}
	}
	return text.String()
}

// RequireAccepted ends the test unless every copy of every event was accepted,
// and nothing that had to be refused.
func (r *ChaosReport) RequireAccepted(tb testing.TB) {
	tb.Helper()
	if len(r.Unaccepted) > 0 || len(r.Gone) > 0 || len(r.Breaches) > 0 {
		tb.Fatalf("cactustest: not all was accepted that should be, and nothing else:\n%s", r)
	}
}

func orNone(parts []string) string {
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// someOf is how many of a long list are named.
const someOf = 5

// aFew names the first of a list.
func aFew(list []string) string {
	if len(list) <= someOf {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:someOf], ", "), len(list)-someOf)
}
