package middleware_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/types"
)

func TestLogging_NeverShowsData(t *testing.T) {
	const marker = "s3cret"
	fail := func(context.Context, *types.OrderShipped) error { return errFlaky }
	panics := func(_ context.Context, e *types.OrderShipped) error { panic("order " + e.ID) }
	rejects := func(any) error { return errors.New("not valid") }
	tests := []struct {
		name     string
		data     string
		handler  func(context.Context, *types.OrderShipped) error
		validate func(any) error
		logged   string
	}{
		{"handled", `{"shipping_service":"s3cret"}`, func(context.Context, *types.OrderShipped) error { return nil }, nil, "outcome=handled"},
		{"failed", `{"shipping_service":"s3cret"}`, fail, nil, "connection reset"},
		{"panicked", `{"shipping_service":"s3cret"}`, panics, nil, "panic: order evt_441"},
		{"wrong type", `{"shipping_service":["s3cret"]}`, fail, nil, "must be a string"},
		{"not an object", `"s3cret"`, fail, nil, "must be an object"},
		{"invalid", `{"other":"s3cret"}`, fail, nil, "required"},
		{"invalid to the registry", `{"shipping_service":"s3cret"}`, fail, rejects, "not valid"},
	}
	for _, tt := range tests {
		for _, pulled := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, pulled %t", tt.name, pulled), func(t *testing.T) {
				var buf bytes.Buffer
				env, f := shipped(tt.data), &flakyFetcher{data: tt.data}
				if pulled {
					env = thin()
				}
				env.Raw = json.RawMessage(`{"data":` + tt.data + `}`)
				r := &cactus.Registry{Fetcher: f, Validate: tt.validate}
				r.Use(middleware.Logging(slog.New(slog.NewTextHandler(&buf, &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true}))))
				cactus.On(r, tt.handler)
				_ = r.Dispatch(t.Context(), env)
				require.Contains(t, buf.String(), tt.logged)
				require.NotContains(t, buf.String(), marker)
			})
		}
	}
}
