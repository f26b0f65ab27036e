package cactustest

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
)

// ChaosFaults has the rate of each fault: the share of events that it falls on,
// from 0, which is never, to 1. The faults are drawn one by one, so that an event
// may meet several.
type ChaosFaults struct {
	// Duplicate delivers an event again a second after it was accepted.
	Duplicate float64
	// Concurrent sends an event twice at the same moment. Each of the two copies
	// is then delivered until it is accepted.
	Concurrent float64
	// Reorder sends an event later than those that follow it: see Chaos.Window.
	Reorder float64
	// GiveUp hangs up once the body is sent, as a sender does whose timeout has
	// passed, and sends the event again while the handler may still run.
	GiveUp float64
	// LoseAnswer lets the receiver handle the event, but its answer never
	// arrives, and the event is sent again.
	LoseAnswer float64
	// Cut ends the connection in the middle of the body, and the event is sent
	// again.
	Cut float64
	// Truncate sends a body without its end, signed as a whole.
	Truncate float64
	// Forge sends what somebody could who has no secret: a signature of something
	// else, a body that was changed after it was signed, or no signature. Leave it
	// off, as Truncate, for an endpoint that verifies nothing. Whatever is
	// answered with 2xx is a breach: see [ChaosReport].
	Forge float64
}

// BadDay returns all faults at once, each at a rate of one event in ten or
// twenty, and reordering at one in five.
func BadDay() ChaosFaults {
	return ChaosFaults{
		Duplicate: 0.1, Concurrent: 0.1, Reorder: 0.2,
		GiveUp: 0.05, LoseAnswer: 0.05, Cut: 0.05, Truncate: 0.05, Forge: 0.05,
	}
}

// fault is a kind of request that goes wrong.
type fault int

const (
	giveUp fault = iota
	loseAnswer
	cutOff
	truncate
	forge
)

// mishap is a request that is planned to go wrong.
type mishap struct {
	fault  fault
	detail uint64 // a random number: where, or which way
}

// plan is what is to happen to an event.
type plan struct {
	event      int // its index
	place      int // events are sent by ascending place
	duplicate  bool
	concurrent bool
	reordered  bool
	mishaps    []mishap // they come first, in this order
}

// planOf draws an event's plan. A number is drawn for every fault, whether it
// happens or not, so that the rates do not change each other's choice.
func (c Chaos) planOf(event int) plan {
	random := rand.New(rand.NewPCG(c.Seed, uint64(event))) //nolint:gosec // G404: it is to be repeatable
	happens := func(rate float64) bool { return random.Float64() < rate }

	p := plan{event: event, place: 2 * event}
	p.duplicate = happens(c.Faults.Duplicate)
	p.concurrent = happens(c.Faults.Concurrent)
	late := 1 + random.IntN(c.Window)
	if happens(c.Faults.Reorder) {
		p.reordered, p.place = true, 2*(event+late)+1 // behind the one whose place that is
	}
	for f, rate := range c.Faults.ofRequests() {
		detail := random.Uint64()
		if happens(rate) {
			p.mishaps = append(p.mishaps, mishap{fault(f), detail})
		}
	}
	random.Shuffle(len(p.mishaps), func(i, j int) { p.mishaps[i], p.mishaps[j] = p.mishaps[j], p.mishaps[i] })
	return p
}

// ofRequests returns the rates of the faults of single requests.
func (f ChaosFaults) ofRequests() []float64 {
	return []float64{giveUp: f.GiveUp, loseAnswer: f.LoseAnswer, cutOff: f.Cut, truncate: f.Truncate, forge: f.Forge}
}

// plans returns the plans of n events in the order of sending.
func (c Chaos) plans(n int) []plan {
	plans := make([]plan, n)
	for i := range plans {
		plans[i] = c.planOf(i)
	}
	slices.SortStableFunc(plans, func(a, b plan) int { return cmp.Compare(a.place, b.place) })
	return plans
}

// check finds what cannot be delivered.
func (c Chaos) check(events []ChaosEvent) error {
	f := c.Faults
	for _, rate := range append(f.ofRequests(), f.Duplicate, f.Concurrent, f.Reorder) {
		if !(rate >= 0 && rate <= 1) { // NaN is not
			return fmt.Errorf("a rate of %v: it must be from 0 to 1", rate)
		}
	}
	if c.Window < 0 || c.Senders < 0 || c.Tries < 0 || c.Timeout < 0 || !(c.Scale > 0) {
		return errors.New("window, senders, scale, timeout and tries must not be negative")
	}
	seen := make(map[string]bool, len(events))
	for i, e := range events {
		if e.ID == "" {
			return fmt.Errorf("event %d has no id", i)
		}
		if seen[e.ID] {
			return fmt.Errorf("two events have the id %s", e.ID)
		}
		seen[e.ID] = true
	}
	return nil
}
