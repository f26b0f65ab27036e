package benchmarks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/types"
)

// Contest is a chaos run that several receivers go through, each by itself: the
// same events under the same plan of faults, and a handler of which the same
// runs fail before their effect.
type Contest struct {
	Seed     uint64
	Events   int
	Faults   cactustest.ChaosFaults
	Failures float64       // the share of the handler's runs that fail
	Work     time.Duration // how long a run takes
}

// TwentyPercent are duplicates at 20 %, half of them sent at the same moment.
var TwentyPercent = cactustest.ChaosFaults{Duplicate: 0.1, Concurrent: 0.1}

// Score is what a receiver made of a [Contest]. Each event is counted in one of
// Once, Lost and Doubled.
type Score struct {
	Name     string
	Events   int
	Once     int // events that had their effect once
	Lost     int // that had none, although the sender was told that all is well
	Doubled  int // that had it several times
	Requests int // that the sender made
	Faults   cactustest.ChaosCounts
}

// effect is what every receiver's handler does for an event.
type effect func(id string) error

// contestant is a receiver. Start returns it and what ends it.
type contestant struct {
	name  string
	start func(do effect) (receiver http.Handler, stop func() error, err error)
}

// contestants are ours, the peers, and what happens if nothing is done about
// duplicates.
var contestants = []contestant{
	{"cactus, Dedupe", withCactus(func() []cactus.Middleware {
		return []cactus.Middleware{middleware.Dedupe(middleware.NewMemoryDedupe())}
	})},
	{"watermill, Deduplicator by webhook-id", withWatermill(byID)},
	{"watermill, the same around Retry (3 retries)", withWatermill(byID, retried)},
	{"watermill, Deduplicator as it comes (Adler-32)", withWatermill(asItComes)},
	{"cactus without Dedupe", withCactus(func() []cactus.Middleware { return nil })},
}

// Run lets each receiver go through the contest, one after the other.
func (c Contest) Run(ctx context.Context) ([]Score, error) {
	scores := make([]Score, 0, len(contestants))
	for _, one := range contestants {
		score, err := c.run(ctx, one)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", one.name, err)
		}
		scores = append(scores, score)
	}
	return scores, nil
}

func (c Contest) run(ctx context.Context, one contestant) (score Score, err error) {
	var (
		effects  cactustest.Effects
		failures = cactustest.Failures{Seed: c.Seed, Rate: c.Failures}
		events   = cactustest.ChaosEvents(c.Events, max(1, c.Events/10))
	)
	receiver, stop, err := one.start(func(id string) error {
		time.Sleep(c.Work)
		if err := failures.Next(id); err != nil {
			return err
		}
		effects.Record(id)
		return nil
	})
	if err != nil {
		return score, err
	}
	defer func() { err = errors.Join(err, stop()) }()

	chaos := cactustest.Chaos{Seed: c.Seed, Faults: c.Faults, Senders: 32}
	report, err := chaos.Send(ctx, receiver, events)
	if err != nil {
		return score, err
	}
	if len(report.Unaccepted) > 0 || len(report.Gone) > 0 || len(report.Breaches) > 0 {
		return score, fmt.Errorf("the sender is not through: %s", report)
	}
	score = Score{Name: one.name, Events: c.Events, Requests: report.Requests, Faults: report.Faults}
	for _, id := range cactustest.ChaosIDs(events) {
		switch effects.Count(id) {
		case 0:
			score.Lost++
		case 1:
			score.Once++
		default:
			score.Doubled++
		}
	}
	return score, nil
}

// withCactus starts ours.
func withCactus(mw func() []cactus.Middleware) func(effect) (http.Handler, func() error, error) {
	return func(do effect) (http.Handler, func() error, error) {
		r := new(cactus.Registry)
		r.Use(mw()...)
		cactus.On(r, func(_ context.Context, e *types.OrderShippedPushed) error { return do(e.ID) })
		return cactus.NewHandler(r, cactustest.Source()), func() error { return nil }, nil
	}
}

// WriteScores prints a table of scores.
func WriteScores(w io.Writer, scores []Score) error {
	const row = "%-47s %7v %7v %7v %8v %9v\n"
	if _, err := fmt.Fprintf(w, row, "receiver", "events", "once", "lost", "doubled", "requests"); err != nil {
		return err
	}
	for _, s := range scores {
		if _, err := fmt.Fprintf(w, row, s.Name, s.Events, s.Once, s.Lost, s.Doubled, s.Requests); err != nil {
			return err
		}
	}
	return nil
}
