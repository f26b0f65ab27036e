// Command backfill brings the events that a receiver has missed while it was
// down. From the repository's root:
//
//	go run ./examples/backfill
//
// Interrupt it with Ctrl-C, and it says how to go on. The company is played by
// corp.go.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/types"
)

func main() {
	cursor := flag.String("cursor", "", "go on behind the event with this `id`")
	pace := flag.Duration("pace", 20*time.Millisecond, "how long an event takes")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *cursor, *pace); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:gocritic // the process ends, and so do its signals
	}
}

func run(ctx context.Context, cursor string, pace time.Duration) error {
	corp := startCorp()
	defer corp.stop()

	client := types.NewClient(corp.apiKey, cactus.WithBaseURL(corp.apiURL), cactus.WithRateLimit(100, 20))
	orders := cactus.Coalesce(client) // events about the same order share its fetch
	registry := &cactus.Registry{Fetcher: orders}
	registry.Use(middleware.Dedupe(middleware.NewMemoryDedupe())) // in your program: a store that lasts
	cactus.On(registry, func(ctx context.Context, e *types.OrderShippedPushed) error {
		if !e.Created.IsZero() && !sleep(ctx, pace) { // one of the list, which has the time
			return context.Cause(ctx)
		}
		_, err := e.FetchRelatedObject(ctx)
		return err
	})
	if err := corp.deliver(ctx, registry); err != nil {
		return err
	}
	fmt.Printf("The receiver was down from %s to %s and got %d of %d events.\n",
		clock(downFrom), clock(downUntil), allEvents-missed, allEvents)

	// The window is a little wider than the outage. What was received is known.
	since, until := downFrom.Add(-5*time.Minute), downUntil.Add(5*time.Minute)
	bar := progressbar.NewOptions64(int64(until.Sub(since)),
		progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionSetDescription("backfill"),
		progressbar.OptionSetPredictTime(false),
	)
	before := orders.Stats().Requests
	p, err := registry.Backfill(ctx, client, since,
		cactus.WithUntil(until),
		cactus.WithCursor(cursor),
		cactus.WithProgress(func(p cactus.Progress) { _ = bar.Set64(int64(p.At.Sub(since))) }),
	)
	if err == nil {
		_ = bar.Finish()
	}
	fmt.Fprintln(os.Stderr)

	fmt.Printf("Backfill from %s to %s: %d events, %d handled, %d had come before, %d requests for orders.\n",
		clock(p.Since), clock(p.Until), p.Seen, p.Handled, p.Ignored, orders.Stats().Requests-before)
	if err != nil && ctx.Err() != nil {
		fmt.Println("Interrupted. To go on:")
		fmt.Println("  go run ./examples/backfill -cursor=" + p.Cursor)
	}
	return err
}

func clock(t time.Time) string { return t.Format("15:04") }

// sleep reports whether ctx lasted as long.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
