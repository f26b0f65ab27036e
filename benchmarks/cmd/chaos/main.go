// Command chaos sends the same events, with the same faults, to Cactus' Dedupe
// and to watermill's Deduplicator, and prints what became of them:
//
//   - once: the event had its effect once.
//   - lost: it had none, although the sender was told that all is well, so
//     that it will not deliver the event again.
//   - doubled: it had its effect more than once.
//
// The sender is cactustest.Chaos. It delivers each event until it is answered
// with 2xx. By default a tenth of the events is delivered again afterwards, and
// a tenth is sent twice at the same moment. One run of the handler in ten fails
// before its effect; which one follows from the seed, the event and the number of
// the run, and is the same for every receiver. How requests interleave differs
// from run to run, and the peers' figures with it, a little.
//
// Watermill is used with its own HTTP subscriber, router and middlewares, which
// answer 500 for a handler that failed and 200 otherwise. Its Deduplicator notes
// an event's key before the handler runs, and keeps it when the handler fails.
// The delivery that follows the failure is then a duplicate: it is acknowledged
// and dropped. So is a copy that arrives while the handler still runs, whatever
// becomes of that. With watermill's Retry inside the Deduplicator an event is
// lost if all tries fail, or if the process ends in between, which is not shown
// here, or, with -bad, if the sender hangs up: the subscriber cancels the
// message's context then, and Retry does not try under one that is cancelled. As
// it comes, the Deduplicator tells events apart by the Adler-32 sum of their
// bodies, and two events with the same sum are one.
//
// With -bad, watermill's subscriber reads the context of a message whose sender
// hung up while its router writes it. Under the race detector that is a report.
//
// The last line is ours without a Dedupe: what a receiver does that only fails
// and is asked again.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/cactuscorp/cactus/benchmarks"
	"github.com/cactuscorp/cactus/cactustest"
)

func main() {
	contest := benchmarks.Contest{Faults: benchmarks.TwentyPercent}
	bad := false
	flag.Uint64Var(&contest.Seed, "seed", 1, "of the faults and the failures")
	flag.IntVar(&contest.Events, "events", 10_000, "how many `events`")
	flag.Float64Var(&contest.Failures, "failures", 0.1, "the `share` of the handler's runs that fail")
	flag.DurationVar(&contest.Work, "work", time.Millisecond, "how long a run of the handler takes")
	flag.BoolVar(&bad, "bad", false, "all faults: reordering, lost answers, cut connections, truncated and forged bodies too")
	flag.Parse()
	if bad {
		contest.Faults = cactustest.BadDay()
	}
	if err := run(contest); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

func run(contest benchmarks.Contest) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	scores, err := contest.Run(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("seed %d; faults: %s; %v of the handler's runs fail\n\n", contest.Seed, scores[0].Faults, contest.Failures)
	return benchmarks.WriteScores(os.Stdout, scores)
}
