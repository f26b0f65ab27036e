// Command stripe receives one of Stripe's thin events, which has a Go type
// because this program gives it one in events.go. From the repository's root:
//
//	go run ./examples/stripe
//
// Stripe is played by fake.go.
package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/source/stripe"
)

// apiVersion names the shape of what Stripe's API answers, which is that of the
// types in events.go.
const apiVersion = "2025-12-15.clover"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "stripe:", err)
		os.Exit(1)
	}
}

func run() error {
	fake := startFake()
	defer fake.stop()

	client := stripe.NewClient(fake.apiKey, apiVersion, cactus.WithBaseURL(fake.apiURL)) // in your program: without a base URL
	registry := &cactus.Registry{Fetcher: client}
	cactus.On(registry, func(ctx context.Context, e *MeterErrorsPushed) error {
		full, err := e.Pull(ctx)
		if err != nil {
			return err
		}
		meter, err := e.FetchRelatedObject(ctx)
		if err != nil {
			return err
		}
		fmt.Printf("Meter %q of account %s lost %d event(s): %s\n",
			meter.DisplayName, e.Context, full.Data.Reason.ErrorCount, full.Data.Summary)
		return nil
	})

	verifier := signature.Must(signature.NewStripe(signature.Key{Secret: fake.secret}))
	receiver := httptest.NewServer(cactus.NewHandler(registry, stripe.Thin(verifier)))
	defer receiver.Close()

	return fake.deliver(receiver.URL)
}
