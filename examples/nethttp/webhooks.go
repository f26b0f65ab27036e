package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/types"
)

// newWebhooks returns the endpoint's handler, set up by the environment that
// getenv reads.
func newWebhooks(logger *slog.Logger, getenv func(string) string) (http.Handler, error) {
	verifier, err := signature.NewStandardWebhooks(signature.Key{Name: "CACTUS_SECRET", Secret: getenv("CACTUS_SECRET")})
	if err != nil {
		return nil, err
	}
	client, err := newClient(getenv)
	if err != nil {
		return nil, err
	}
	registry := newRegistry(logger, client)
	logger.Info("events", "types", registry.EventTypes())
	return cactus.NewHandler(registry, cactus.Thin(verifier), cactus.WithLogger(logger)), nil
}

func newClient(getenv func(string) string) (*types.Client, error) {
	key := getenv("CACTUS_API_KEY")
	if key == "" {
		return nil, errors.New("CACTUS_API_KEY is not set")
	}
	// One pull with its tries has to fit into one attempt of a handler.
	opts := []cactus.ClientOption{cactus.WithRetries(2, 3*time.Second)}
	if url := getenv("CACTUS_API_URL"); url != "" {
		opts = append(opts, cactus.WithBaseURL(url))
	}
	return types.NewClient(key, opts...), nil
}

func newRegistry(logger *slog.Logger, client *types.Client) *cactus.Registry {
	r := &cactus.Registry{Fetcher: client, Catalogue: types.Catalogue}
	r.Use(
		middleware.Logging(logger),
		middleware.Retry(), // up to three attempts
		middleware.Recover(),
		middleware.Timeout(4*time.Second), // of one attempt; three fit into the 14 seconds
	)
	cactus.On(r, func(ctx context.Context, e *types.OrderShippedPushed) error {
		order, err := e.FetchRelatedObject(ctx)
		if err != nil {
			return err
		}
		logger.InfoContext(ctx, "order shipped", "order", order.ID, "items", order.NumItems)
		return nil
	})
	cactus.On(r, func(ctx context.Context, e *types.OrderLost) error {
		logger.InfoContext(ctx, "order lost", "city", e.Data.LastSeenCity)
		return nil
	})
	r.OnOther(func(ctx context.Context, e *cactus.RawEvent, known bool) error {
		logger.InfoContext(ctx, "event of no interest", "event", e.Meta, "known", known)
		return cactus.ErrIgnored
	})
	return r
}
