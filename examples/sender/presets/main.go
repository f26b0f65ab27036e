// Command presets keeps options in variables, gives them to hooks, and overrides
// them at a call. From the repository's root:
//
//	go run ./examples/sender/presets
//
// The endpoint, which says what came, is in endpoint.go.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/examples/sender/internal/loopback"
	"github.com/cactuscorp/cactus/sender"
)

// secret is what this program and its partners share. In your program it comes
// from where secrets are kept.
const secret = cactustest.Secret

// Presets are variables, as partials are. A later option wins over an earlier one,
// so that a preset can be made of another.
var (
	// internal is for services of our own.
	internal = sender.Options(
		sender.Header("X-Environment", "production"),
		sender.Timeout(2*time.Second),
	)
	// partner is internal for others: signed, patient, and with the id in the body.
	partner = sender.Options(
		internal,
		sender.Secret(secret),
		sender.HashKey("hash"),
		sender.Timeout(sender.DefaultTimeout),
		sender.Retry(sender.StandardWebhooks()),
	)
)

// Project is what the webhooks tell of.
type Project struct{ Title string }

func title(_ context.Context, p Project) (map[string]string, error) {
	return map[string]string{"title": p.Title}, nil
}

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "presets:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	endpoint := startEndpoint()
	defer endpoint.Close()

	// In your program: sender.NewClient(sender.Config{}), which reaches no private
	// address. This one may reach the endpoint on this machine.
	client := loopback.NewClient()
	tellSearch := sender.Hook(client, title, internal, sender.URL(endpoint.URL+"/search"))
	tellPartner := sender.Hook(client, title, partner, sender.URL(endpoint.URL+"/partner"))
	site := Project{Title: "Cactus"}

	fmt.Println("The hooks' own options:")
	if _, err := tellSearch(ctx, site); err != nil {
		return err
	}
	if _, err := tellPartner(ctx, site); err != nil {
		return err
	}
	fmt.Println("The call wins:")
	_, err := tellPartner(ctx, site,
		sender.URL(endpoint.URL+"/partner/staging"),
		sender.Header("X-Environment", "staging"),
		sender.Retry(sender.Webhooks()))
	if err != nil {
		return err
	}
	fmt.Println("And only once:")
	_, err = tellPartner(ctx, site)
	return err
}
