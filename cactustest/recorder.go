package cactustest

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cactuscorp/cactus"
)

// Recorder remembers what became of each event. Give its middleware to a
// registry first, so that it sees what the sender is told:
//
//	rec := new(cactustest.Recorder)
//	registry.Use(rec.Middleware())
//
// Inside a middleware that tries again it records every try. An event that
// nothing takes reaches no middleware and is not recorded.
//
// The zero value is ready. A Recorder is safe for concurrent use and must not be
// copied after first use.
type Recorder struct {
	mu      sync.Mutex
	records []Record
}

// Record is one run of a handler.
type Record struct {
	ID    string
	Type  string
	Event cactus.Event // as middleware sees it: its Meta, related object and own fields, and no data
	Err   error        // what it returned; a panic is a [*cactus.PanicError]
}

// Outcome returns what the record's error means.
func (r Record) Outcome() cactus.Outcome { return cactus.OutcomeOf(r.Err) }

// String returns the record in one line.
func (r Record) String() string {
	text := fmt.Sprintf("%s %s: %s", r.ID, r.Type, r.Outcome())
	if r.Err != nil {
		text += " (" + r.Err.Error() + ")"
	}
	return text
}

var errExited = errors.New("the handler ended its goroutine")

// Middleware returns the middleware that records. A panic is recorded and goes
// on.
func (r *Recorder) Middleware() cactus.Middleware {
	return func(next cactus.HandlerFunc) cactus.HandlerFunc {
		return func(ctx context.Context, event cactus.Event) error {
			err := errExited // unless next returns
			defer func() {
				v := recover()
				if v != nil {
					err = &cactus.PanicError{Value: v, Stack: debug.Stack()}
				}
				r.add(event, err)
				if v != nil {
					panic(v)
				}
			}()
			err = next(ctx, event)
			return err
		}
	}
}

func (r *Recorder) add(event cactus.Event, err error) {
	m := event.Metadata()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.records = append(r.records, Record{ID: m.ID, Type: m.Type, Event: event, Err: err})
}

// Records returns all records in the order in which the handlers ended.
func (r *Recorder) Records() []Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.records)
}

// Events returns the events of [Recorder.Records].
func (r *Recorder) Events() []cactus.Event {
	records := r.Records()
	events := make([]cactus.Event, len(records))
	for i, record := range records {
		events[i] = record.Event
	}
	return events
}

// Types returns the event types of [Recorder.Records].
func (r *Recorder) Types() []string {
	records := r.Records()
	types := make([]string, len(records))
	for i, record := range records {
		types[i] = record.Type
	}
	return types
}

// Reset forgets all records.
func (r *Recorder) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.records = nil
}

// RequireHandled ends the test unless each of these events was handled without
// an error, on its last run if it had several. Other events may have been
// handled too.
func (r *Recorder) RequireHandled(tb testing.TB, ids ...string) {
	tb.Helper()
	for _, id := range ids {
		r.RequireOutcome(tb, id, cactus.OutcomeHandled)
	}
}

// RequireOutcome ends the test unless the last run for this event ended so.
func (r *Recorder) RequireOutcome(tb testing.TB, id string, want cactus.Outcome) {
	tb.Helper()
	records := r.Records()
	for _, record := range slices.Backward(records) {
		if record.ID != id {
			continue
		}
		if got := record.Outcome(); got != want {
			tb.Fatalf("cactustest: event %s: outcome is %q, want %q\n%s", id, got, want, list(records))
		}
		return
	}
	tb.Fatalf("cactustest: event %s reached no handler, want outcome %q\n%s", id, want, list(records))
}

// RequireSequence ends the test unless these were the runs, in this order and
// no others, each without an error. No ids mean that nothing was run.
func (r *Recorder) RequireSequence(tb testing.TB, ids ...string) {
	tb.Helper()
	records := r.Records()
	for i, record := range records {
		switch {
		case i >= len(ids):
			tb.Fatalf("cactustest: run %d is of event %s, want no more than %d\n%s", i+1, record.ID, len(ids), list(records))
		case record.ID != ids[i]:
			tb.Fatalf("cactustest: run %d is of event %s, want %s\n%s", i+1, record.ID, ids[i], list(records))
		case record.Err != nil:
			tb.Fatalf("cactustest: run %d, of event %s, failed\n%s", i+1, record.ID, list(records))
		}
	}
	if len(records) < len(ids) {
		tb.Fatalf("cactustest: %d runs, want %d: event %s is missing\n%s", len(records), len(ids), ids[len(records)], list(records))
	}
}

// list says what was recorded.
func list(records []Record) string {
	if len(records) == 0 {
		return "nothing was recorded: is the middleware in place, and is there a handler for the type?"
	}
	var text strings.Builder
	text.WriteString("recorded, in this order:")
	for i, record := range records {
		fmt.Fprintf(&text, "\n%4d. %s", i+1, record)
	}
	return text.String()
}
