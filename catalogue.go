package cactus

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// EventInfo describes one event type of a provider. [Describe] makes it.
type EventInfo struct {
	// Type is the name on the wire.
	Type string

	kind *kind
}

// Describe returns what a [Catalogue] needs to know of an event type. Describe
// its thin Go type if it has one, which knows the full one, and else the full.
//
// It panics if E could not be registered with [On] either.
func Describe[E any, P PushedEvent[E]]() EventInfo {
	k := mustKind[E]()
	return EventInfo{Type: k.name, kind: k}
}

// Catalogue is the set of event types that a provider has. The zero value is
// empty. A Catalogue does not change and is safe for concurrent use.
type Catalogue struct {
	entries map[string]EventInfo
	types   []string // sorted
}

// NewCatalogue returns the catalogue of entries. It panics if two name the same
// event type or one was not made by [Describe].
func NewCatalogue(entries ...EventInfo) Catalogue {
	c := Catalogue{entries: make(map[string]EventInfo, len(entries))}
	for _, e := range entries {
		if e.kind == nil {
			panic(fmt.Sprintf("cactus: catalogue entry %q: make it with Describe", e.Type))
		}
		if first, ok := c.entries[e.Type]; ok {
			panic(fmt.Sprintf("cactus: catalogue entry %q: both %s and %s have it", e.Type, first.kind.goType, e.kind.goType))
		}
		c.entries[e.Type] = e
		c.types = append(c.types, e.Type)
	}
	slices.Sort(c.types)
	return c
}

// With returns a catalogue that also has entries.
func (c Catalogue) With(entries ...EventInfo) Catalogue {
	all := make([]EventInfo, 0, len(c.types)+len(entries))
	for _, name := range c.types {
		all = append(all, c.entries[name])
	}
	return NewCatalogue(append(all, entries...)...)
}

// Has reports whether the provider has an event type of this name.
func (c Catalogue) Has(eventType string) bool {
	_, ok := c.entries[eventType]
	return ok
}

// Types returns the names of all event types in order.
func (c Catalogue) Types() []string { return slices.Clone(c.types) }

// Suggest returns the name that is most like eventType, if one is near enough
// to be a slip of the pen.
func (c Catalogue) Suggest(eventType string) (string, bool) {
	return nearest(eventType, c.types)
}

// ParseEvent parses a body in Cactus Corp's wire format, without verifying it,
// into the type that was described: a thin event can pull with f. An event of
// an unknown type is a [*RawEvent], not an error. A type that was described by
// its full form is pulled at once if the body has no data.
//
// A nil f is allowed: pulls then return [ErrNoFetcher].
func (c Catalogue) ParseEvent(ctx context.Context, f Fetcher, body []byte) (Event, error) {
	env, err := ParseEnvelope(body)
	if err != nil {
		return nil, err
	}
	return c.event(ctx, f, env, c.entries[env.Type].kind)
}

// FullEvent returns an envelope as the full form of its type, and pulls it with
// f if it has no data. An event of an unknown type is a [*RawEvent].
func (c Catalogue) FullEvent(ctx context.Context, f Fetcher, env *Envelope) (Event, error) {
	if err := env.check(); err != nil {
		return nil, err
	}
	k := c.entries[env.Type].kind
	if k != nil && k.full != nil {
		k = k.full
	}
	return c.event(ctx, f, env, k)
}

func (c Catalogue) event(ctx context.Context, f Fetcher, env *Envelope, k *kind) (Event, error) {
	if k == nil {
		k = mustKind[RawEvent]()
	}
	event, s := k.make()
	s.bind(event, env, &deps{fetcher: f})
	s.payload = &payload{data: env.Data, raw: env.Raw}
	return k.load(ctx, event, false)
}

// covers reports whether a name, or some name with this prefix, is in c. An
// empty catalogue covers everything.
func (c Catalogue) covers(name string, prefix bool) bool {
	if !prefix {
		return len(c.types) == 0 || c.Has(name)
	}
	return len(c.types) == 0 || slices.ContainsFunc(c.types, func(t string) bool { return strings.HasPrefix(t, name) })
}

// nearest returns the candidate with the smallest edit distance to name, if
// that is at most a quarter of its length.
func nearest(name string, candidates []string) (string, bool) {
	best, bestDistance := "", len(name)/4+1
	for _, candidate := range candidates {
		if d := distance(name, candidate); d < bestDistance {
			best, bestDistance = candidate, d
		}
	}
	return best, best != ""
}

// distance is Levenshtein's: insertions, deletions and substitutions of bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
