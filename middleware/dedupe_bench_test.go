package middleware_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/types"
)

// BenchmarkDedupe is a claim and a commit on the memory store, around a handler
// that does nothing. The store frees as many entries as it gets. "duplicate" is
// an event that is done.
func BenchmarkDedupe(b *testing.B) {
	const size = len("evt_00000000")
	var all strings.Builder
	ids := make([]string, 1<<20)
	for i := range ids {
		fmt.Fprintf(&all, "evt_%08d", i)
	}
	for i := range ids { // of one text: the collector is not to visit a million
		ids[i] = all.String()[i*size:][:size]
	}
	run := func(b *testing.B, ids []string, retention time.Duration) {
		b.Helper()
		store := middleware.NewMemoryDedupe()
		mw := middleware.Dedupe(store, middleware.WithRetention(retention))
		handle := mw(func(context.Context, cactus.Event) error { return nil })
		event, ctx, i := &types.OrderShippedPushed{}, b.Context(), 0
		b.ReportAllocs()
		for b.Loop() {
			event.ID = ids[i%len(ids)]
			_ = handle(ctx, event)
			i++
		}
		b.ReportMetric(float64(store.Len()), "entries")
	}
	b.Run("fresh, few", func(b *testing.B) { run(b, ids[:1<<14], time.Millisecond) })
	b.Run("fresh, many", func(b *testing.B) { run(b, ids, 50*time.Millisecond) })
	b.Run("duplicate", func(b *testing.B) { run(b, ids[:1], time.Hour) })
}
