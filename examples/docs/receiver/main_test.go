package main

import (
	"context"
	"log"
	"log/slog"
	"net/http"
	"os"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/types"
)

func main() {
	verifier := signature.Must(signature.NewStandardWebhooks(signature.Key{Secret: os.Getenv("WEBHOOK_SECRET")}))
	r := &cactus.Registry{
		Fetcher:   types.NewClient(os.Getenv("CACTUS_API_KEY")),
		Catalogue: types.Catalogue, // a misspelt event type panics at start-up
	}

	cactus.On(r, func(ctx context.Context, e *types.OrderShippedPushed) error {
		order, err := e.FetchRelatedObject(ctx) // one GET, remembered for this delivery
		if err != nil {
			return err // 500: the sender delivers again
		}
		return ship(ctx, order)
	})
	handler := cactus.NewHandler(r, cactus.Thin(verifier), cactus.WithLogger(slog.Default()))
	log.Fatal(http.ListenAndServe(":8080", handler))
}
