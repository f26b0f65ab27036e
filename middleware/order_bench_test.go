package middleware_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/types"
)

// BenchmarkOrder is a turn, a claim and a commit on the memory store, around a
// handler that does nothing, for events of a thousand objects.
func BenchmarkOrder(b *testing.B) {
	ids := make([]string, 1000)
	for i := range ids {
		ids[i] = fmt.Sprintf("ord_%03d", i)
	}
	for name, maker := range map[string]makeOrder{"Serial": middleware.Serial, "SkipStale": middleware.SkipStale} {
		b.Run(name, func(b *testing.B) {
			handle := maker(middleware.NewMemoryOrder())(func(context.Context, cactus.Event) error { return nil })
			event, ctx, i := &types.OrderShippedPushed{}, b.Context(), 0
			event.Created = time.Unix(1, 0)
			b.ReportAllocs()
			for b.Loop() {
				event.RelatedObject = cactus.ObjectRef{ID: ids[i%len(ids)], Type: "order"}
				if err := handle(ctx, event); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}
