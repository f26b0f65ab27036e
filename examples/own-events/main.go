// Command own-events shows both halves of a provider that is not Cactus Corp: a
// garden that publishes events of its own types, and a program that receives
// them. From the repository's root:
//
//	go run ./examples/own-events
//
// The types are in events.go, the publishing half is in garden.go.
package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
)

// What garden and receiver have agreed on.
const (
	apiKey = "garden_not_a_real_key"
	secret = "whsec_b3duLWV2ZW50cy1ub3QtYS1yZWFsLXNlY3JldA==" //nolint:gosec // G101: says so, in base64
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "own-events:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	scheme, err := signature.NewStandardWebhooks(signature.Key{Name: "garden", Secret: secret})
	if err != nil {
		return err
	}
	garden := newGarden(apiKey, scheme)
	api := httptest.NewServer(garden)
	defer api.Close()

	registry := newRegistry(cactus.NewClient(apiKey, cactus.WithBaseURL(api.URL)))
	receiver := httptest.NewServer(cactus.NewHandler(registry, cactus.Thin(scheme)))
	defer receiver.Close()

	return garden.publish(ctx, receiver.URL)
}

// newRegistry returns the receiving half.
func newRegistry(f cactus.Fetcher) *cactus.Registry {
	r := &cactus.Registry{Fetcher: f, Catalogue: catalogue()}
	cactus.On(r, func(ctx context.Context, e *PlantThirstyPushed) error {
		if e.Battery < 10 {
			fmt.Printf("  %s: the sensor's battery is at %d%%\n", e.RelatedObject.ID, e.Battery)
		}
		full, err := e.Pull(ctx)
		if err != nil {
			return err
		}
		plant, err := e.FetchRelatedObject(ctx)
		if err != nil {
			return err
		}
		fmt.Printf("  %s is thirsty: its soil is at %.0f%% (battery %d%%)\n", plant.Name, 100*full.Data.Moisture, full.Battery)
		return nil
	})
	cactus.On(r, func(_ context.Context, e *PlantWatered) error {
		fmt.Printf("  %s got %d ml\n", e.Data.PlantID, e.Data.Millilitre)
		return nil
	})
	cactus.On(r, func(_ context.Context, e *TankEmpty) error {
		fmt.Printf("  %s: somebody has to fill the tank\n", e.ID)
		return nil
	})
	return r
}
