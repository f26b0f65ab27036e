// Command quickstart receives the five events of Cactus Corp, as the company
// would send them, and one that somebody else made up. From the repository's
// root:
//
//	go run ./examples/quickstart
//
// This file is what a program that receives events looks like. The company is
// played by corp.go.
package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/types"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

func run() error {
	corp := startCorp()
	defer corp.stop()

	registry := &cactus.Registry{
		Fetcher:   types.NewClient(corp.apiKey, cactus.WithBaseURL(corp.apiURL)),
		Catalogue: types.Catalogue,
	}
	// A pushed event is thin. The order is fetched when the handler asks for it.
	cactus.On(registry, func(ctx context.Context, e *types.OrderShippedPushed) error {
		order, err := e.FetchRelatedObject(ctx)
		if err != nil {
			return err
		}
		fmt.Printf("  Created a database record for %s w/ order.num_items=%d\n", order.ID, order.NumItems)
		return nil
	})
	// A full event has its data. The registry has pulled it for the handler.
	cactus.On(registry, func(_ context.Context, e *types.OrderDeliveryAttempted) error {
		if !e.Data.Success {
			return nil
		}
		fmt.Printf("  Order %s has been delivered after %d attempt(s)!\n", e.RelatedObject.ID, e.Data.AttemptNum)
		return nil
	})
	// An order that is lost cannot be fetched: e has no FetchRelatedObject.
	cactus.On(registry, func(ctx context.Context, e *types.OrderLostPushed) error {
		full, err := e.Pull(ctx)
		if err != nil {
			return err
		}
		fmt.Printf("  An order was last seen in %s... we have no additional information\n", full.Data.LastSeenCity)
		return nil
	})
	cactus.On(registry, func(ctx context.Context, e *types.MovieStartedPushed) error {
		movie, err := e.FetchRelatedObject(ctx)
		if err != nil {
			return err
		}
		fmt.Printf("  Someone started watching %s\n", movie.Title)
		return nil
	})
	cactus.On(registry, func(ctx context.Context, e *types.MovieCompleted) error {
		movie, err := e.FetchRelatedObject(ctx)
		if err != nil {
			return err
		}
		fmt.Printf("  User %s just finished %s (%d) and rated it %d stars.\n",
			e.Data.User, movie.Title, movie.ReleaseYear, e.Data.Rating)
		return nil
	})

	verifier := signature.Must(signature.NewStandardWebhooks(signature.Key{Secret: corp.secret}))
	webhooks := cactus.NewHandler(registry, cactus.Thin(verifier))
	receiver := httptest.NewServer(webhooks) // in your program: http.Handle("/webhooks", webhooks)
	defer receiver.Close()

	return corp.deliver(receiver.URL)
}
