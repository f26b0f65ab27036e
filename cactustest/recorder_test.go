package cactustest_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/types"
)

// recorded returns a registry, and the recorder around its handlers.
func recorded() (*cactus.Registry, *cactustest.Recorder) {
	r, rec := new(cactus.Registry), new(cactustest.Recorder)
	r.Use(rec.Middleware())
	return r, rec
}

// dispatch has r handle a thin event of this id and type.
func dispatch(t *testing.T, r *cactus.Registry, id, eventType string) error {
	t.Helper()
	return r.Dispatch(t.Context(), &cactus.Envelope{Meta: cactus.Meta{ID: id, Type: eventType}})
}

func TestRecorder_RemembersWhatHandlersReturned(t *testing.T) {
	r, rec := recorded()
	r.Fetcher = cactustest.NewAPI("key").Client()
	cactus.On(r, func(context.Context, *types.OrderLost) error { return nil })
	r.Handle("ignored", func(context.Context, *cactus.RawEvent) error { return cactus.ErrIgnored })
	r.Handle("panics", func(context.Context, *cactus.RawEvent) error { panic("ouch") })

	require.NoError(t, dispatch(t, r, "evt_849", "order.lost"))
	require.ErrorIs(t, dispatch(t, r, "evt_2", "ignored"), cactus.ErrIgnored)
	var panicked *cactus.PanicError
	require.ErrorAs(t, dispatch(t, r, "evt_3", "panics"), &panicked)
	require.ErrorIs(t, dispatch(t, r, "evt_4", "unknown"), cactus.ErrNoHandler)

	require.Equal(t, []string{"order.lost", "ignored", "panics"}, rec.Types())
	require.Len(t, rec.Events(), 3)
	lost, ok := rec.Events()[0].(*types.OrderLost)
	require.True(t, ok)
	require.Equal(t, "evt_849", lost.ID)
	require.ErrorAs(t, rec.Records()[2].Err, &panicked)
	require.Equal(t, "ouch", panicked.Value)
	require.NotEmpty(t, panicked.Stack)

	rec.RequireHandled(t, "evt_849")
	rec.RequireOutcome(t, "evt_2", cactus.OutcomeIgnored)
	rec.RequireOutcome(t, "evt_3", cactus.OutcomeFailed)

	rec.Reset()
	rec.RequireSequence(t)
}

func TestRecorder_RequireHandledLooksAtTheLastRun(t *testing.T) {
	r, rec := recorded()
	fail := errors.New("not yet")
	r.Handle("flaky", func(context.Context, *cactus.RawEvent) error {
		defer func() { fail = nil }()
		return fail
	})
	require.Error(t, dispatch(t, r, "evt_1", "flaky"))
	requireFails(t, `cactustest: event evt_1: outcome is "failed", want "handled"
recorded, in this order:
   1. evt_1 flaky: failed (not yet)`, func(tb *failingT) { rec.RequireHandled(tb, "evt_1") })

	require.NoError(t, dispatch(t, r, "evt_1", "flaky"))
	rec.RequireHandled(t, "evt_1")
	requireFails(t, `cactustest: event evt_2 reached no handler, want outcome "handled"
recorded, in this order:
   1. evt_1 flaky: failed (not yet)
   2. evt_1 flaky: handled`, func(tb *failingT) { rec.RequireHandled(tb, "evt_1", "evt_2") })
}

func TestRecorder_RequireSequenceWantsTheseAndNoOthers(t *testing.T) {
	r, rec := recorded()
	r.Handle("*", func(_ context.Context, e *cactus.RawEvent) error {
		if e.Type == "bad" {
			return errors.New("bad")
		}
		return nil
	})
	requireFails(t, "cactustest: 0 runs, want 1: event evt_1 is missing\nnothing was recorded: is the middleware in place, "+
		"and is there a handler for the type?", func(tb *failingT) { rec.RequireSequence(tb, "evt_1") })

	require.NoError(t, dispatch(t, r, "evt_1", "good"))
	require.NoError(t, dispatch(t, r, "evt_2", "good"))
	rec.RequireSequence(t, "evt_1", "evt_2")
	requireFails(t, "cactustest: run 2 is of event evt_2, want no more than 1\n",
		func(tb *failingT) { rec.RequireSequence(tb, "evt_1") })
	requireFails(t, "cactustest: run 1 is of event evt_1, want evt_2\n",
		func(tb *failingT) { rec.RequireSequence(tb, "evt_2", "evt_1") })
	requireFails(t, "cactustest: 2 runs, want 4: event evt_3 is missing\n",
		func(tb *failingT) { rec.RequireSequence(tb, "evt_1", "evt_2", "evt_3", "evt_4") })

	require.Error(t, dispatch(t, r, "evt_3", "bad"))
	requireFails(t, "cactustest: run 3, of event evt_3, failed\n",
		func(tb *failingT) { rec.RequireSequence(tb, "evt_1", "evt_2", "evt_3") })
}

func TestRecorder_RecordsAHandlerThatEndsItsGoroutine(t *testing.T) {
	r, rec := recorded()
	r.Handle("exits", func(context.Context, *cactus.RawEvent) error { runtime.Goexit(); return nil })
	var group sync.WaitGroup
	group.Go(func() { _ = dispatch(t, r, "evt_1", "exits") })
	group.Wait()
	require.ErrorContains(t, rec.Records()[0].Err, "the handler ended its goroutine")
}

func TestRecorder_IsSafeForConcurrentUse(t *testing.T) {
	r, rec := recorded()
	r.Handle("*", func(context.Context, *cactus.RawEvent) error { return nil })
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if err := r.Dispatch(t.Context(), &cactus.Envelope{Meta: cactus.Meta{ID: "evt_1", Type: "any"}}); err != nil {
				t.Error(err)
			}
			_ = rec.Records()
		})
	}
	group.Wait()
	rec.RequireHandled(t, "evt_1")
	require.Len(t, rec.Records(), 8)
}
