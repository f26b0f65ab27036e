package middleware_test

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/types"
)

// BenchmarkChain shows what each middleware adds to an event that succeeds.
func BenchmarkChain(b *testing.B) {
	logger := slog.New(slog.NewJSONHandler(io.Discard, nil)) //nolint:sloglint // formatting is part of the cost
	for _, bench := range []struct {
		name  string
		chain []cactus.Middleware
	}{
		{"none", nil},
		{"Logging", []cactus.Middleware{middleware.Logging(logger)}},
		{"Retry", []cactus.Middleware{middleware.Retry()}},
		{"Recover", []cactus.Middleware{middleware.Recover()}},
		{"Timeout", []cactus.Middleware{middleware.Timeout(time.Second)}},
		{"all", []cactus.Middleware{
			middleware.Logging(logger), middleware.Retry(), middleware.Recover(), middleware.Timeout(time.Second),
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			r := &cactus.Registry{}
			r.Use(bench.chain...)
			cactus.On(r, func(context.Context, *types.OrderShippedPushed) error { return nil })
			env, ctx := thin(), b.Context()
			b.ReportAllocs()
			for b.Loop() {
				if err := r.Dispatch(ctx, env); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
