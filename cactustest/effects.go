package cactustest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Effects counts what handlers did, event by event. A handler calls
// [Effects.Record] where its effect happens, and not before:
//
//	cactus.On(registry, func(ctx context.Context, e *types.OrderShippedPushed) error {
//		if err := ship(ctx); err != nil {
//			return err
//		}
//		effects.Record(e.ID)
//		return nil
//	})
//
// The zero value is ready. Effects is safe for concurrent use and must not be
// copied after first use.
type Effects struct {
	// Seed is named in failures unless it is zero, so that the run can be
	// repeated: that of the [Chaos]. Set it before first use.
	Seed uint64

	mu     sync.Mutex
	counts map[string]int
}

// Record notes an effect of the event with this id.
func (e *Effects) Record(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.counts == nil {
		e.counts = make(map[string]int)
	}
	e.counts[id]++
}

// Count returns how many effects the event with this id had.
func (e *Effects) Count(id string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.counts[id]
}

// RequireOnce ends the test unless each of these events had one effect, and no
// other event had any. The failure names a few of those that had none and of
// those that had several.
func (e *Effects) RequireOnce(tb testing.TB, ids []string) {
	tb.Helper()
	missing, several, others := e.compare(ids)
	e.require(tb, ids, missing, several, others)
}

// RequireAtLeastOnce ends the test unless each of these events had an effect or
// several, and no other event had any: what a receiver without memory can do.
func (e *Effects) RequireAtLeastOnce(tb testing.TB, ids []string) {
	tb.Helper()
	missing, _, others := e.compare(ids)
	e.require(tb, ids, missing, nil, others)
}

// compare lists the events that had no effect, those that had several, and
// those that are not among ids and had any.
func (e *Effects) compare(ids []string) (missing, several, others []string) {
	e.mu.Lock()
	rest := maps.Clone(e.counts)
	e.mu.Unlock()
	for _, id := range ids {
		switch n := rest[id]; {
		case n == 0:
			missing = append(missing, id)
		case n > 1:
			several = append(several, fmt.Sprintf("%s (%d)", id, n))
		}
	}
	for _, id := range ids {
		delete(rest, id)
	}
	return missing, several, slices.Sorted(maps.Keys(rest))
}

func (e *Effects) require(tb testing.TB, ids, missing, several, others []string) {
	tb.Helper()
	var text strings.Builder
	if e.Seed != 0 {
		fmt.Fprintf(&text, ", seed %d", e.Seed)
	}
	found := false
	for _, list := range []struct {
		what string
		of   []string
	}{{"had no effect", missing}, {"had more than one", several}, {"were not expected to have any", others}} {
		if len(list.of) > 0 {
			found = true
			fmt.Fprintf(&text, "\n%d %s: %s", len(list.of), list.what, aFew(list.of))
		}
	}
	if found {
		tb.Fatalf("cactustest: effects of %d events%s", len(ids), text.String())
	}
}
