package sender

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestNotify_SaysWhatTheSeedSays(t *testing.T) {
	type line struct {
		level slog.Level
		text  string
	}
	var lines []line
	notify := Notify(func(_ context.Context, n Note) {
		lines = append(lines, line{n.Level, n.Text})
		require.NotNil(t, n.Message)
	})
	s := &scripted{answers: []Attempt{rejected(500), {Outcome: Delivered, Status: 200}}}
	send := Hook(s, same, URL(where), notify)
	_, err := send(t.Context(), greenfelds, MessageID("evt_1"))
	require.NoError(t, err)
	require.Equal(t, []line{
		{slog.LevelInfo, "Attempt 1: Could not send webhook evt_1"},
		{slog.LevelDebug, "Attempt 1: rejected: the endpoint answered otherwise"},
		{slog.LevelInfo, "Attempt 2: Successfully sent webhook evt_1"},
	}, lines)

	lines, s.answers = nil, []Attempt{rejected(410)}
	_, err = send(t.Context(), greenfelds, MessageID("evt_2"))
	require.Error(t, err)
	require.Len(t, lines, 3)
	require.Equal(t, slog.LevelError, lines[2].level)
	require.Contains(t, lines[2].text, "Failed to send webhook evt_2: the endpoint answered otherwise; ")
}

func TestNotify_AddsUpAndSurvivesPanics(t *testing.T) {
	order := ""
	add := func(name string) Option { return Notify(func(context.Context, Note) { order += name }) }
	send := Hook(&scripted{}, same, URL(where), add("a"), Notify(func(context.Context, Note) { panic("no") }))
	result, err := send(t.Context(), greenfelds, add("b"))
	require.NoError(t, err)
	require.Equal(t, "ab", order)
	require.Len(t, result.Warnings, 1)
	require.ErrorContains(t, result.Warnings[0], "option Notify panicked")
	_, err = send(t.Context(), greenfelds, add("c"))
	require.NoError(t, err)
	require.Equal(t, "abac", order, "a call does not add to the hook's")
}

type recorderFunc func(context.Context, AttemptRecord) error

func (f recorderFunc) Record(ctx context.Context, r AttemptRecord) error { return f(ctx, r) }

func TestRecord_FailsWithoutStoppingTheSend(t *testing.T) {
	wrong := errors.New("disk full")
	var texts []string
	result, err := Hook(&scripted{}, same, URL(where), From(func(wedding) Option { return MessageID("evt_1") }),
		Record(recorderFunc(func(context.Context, AttemptRecord) error { return wrong })),
		Record(recorderFunc(func(context.Context, AttemptRecord) error { panic("no") })),
		Notify(func(_ context.Context, n Note) { texts = append(texts, n.Level.String()+" "+n.Text) }),
	)(t.Context(), greenfelds)
	require.NoError(t, err)
	require.Len(t, result.Warnings, 2)
	require.ErrorIs(t, result.Warnings[0], wrong)
	require.ErrorContains(t, result.Warnings[1], "record attempt 1: Record panicked")
	require.Equal(t, []string{
		"INFO Attempt 1: Successfully sent webhook evt_1",
		"WARN Attempt 1: Could not record webhook evt_1", "WARN Attempt 1: Could not record webhook evt_1",
	}, texts)
}

func TestRecord_OutlivesTheSendsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var records []AttemptRecord
		result, err := Hook(&scripted{takes: time.Hour}, same, URL(where),
			Record(recorderFunc(func(ctx context.Context, r AttemptRecord) error {
				records = append(records, r)
				return ctx.Err()
			})))(ctx, greenfelds)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Empty(t, result.Warnings)
		require.Len(t, records, 1)
		require.True(t, records[0].Final)
	})
}

func TestRing_ListsTheNewestFirst(t *testing.T) { // P13, P16
	type owner struct{}
	type event struct{}
	ring := NewRing(3)
	require.Empty(t, ring.List(nil))
	s := &scripted{answers: []Attempt{rejected(500), {Outcome: Delivered, Status: 200, Body: []byte("ok")}}}
	send := Hook(s, same, URL(where), Record(ring), Value(event{}, "project.updated"))
	first, err := send(t.Context(), greenfelds, Value(owner{}, "ann"))
	require.NoError(t, err)
	list := ring.List(nil)
	require.Len(t, list, 2, "a record for each attempt")
	require.Equal(t, []int{2, 1}, []int{list[0].Attempt.Number, list[1].Attempt.Number})
	require.True(t, list[0].Final)
	require.False(t, list[1].Final)
	require.Equal(t, "ok", string(list[0].Attempt.Body))
	require.Same(t, first.Message, list[0].Message)

	second, err := send(t.Context(), greenfelds, Value(owner{}, "bob"))
	require.NoError(t, err)
	require.Len(t, ring.List(nil), 3, "it is bounded")
	require.Len(t, ring.ByID(first.ID), 1, "the oldest is gone")
	require.Len(t, ring.ByID(second.ID), 2)
	require.Len(t, ring.ByValue(owner{}, "bob"), 2)
	require.Len(t, ring.ByValue(event{}, "project.updated"), 3)
	require.Empty(t, ring.ByValue(owner{}, "eve"))
	require.Contains(t, mustPanic(t, func() { NewRing(0) }), "NewRing: the size must be positive")
}

func TestRing_IsSafeForConcurrentUse(t *testing.T) {
	ring := NewRing(8)
	send := Hook(&scripted{}, same, URL(where), Header("X-A", "a"), Record(ring))
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			result, err := send(t.Context(), greenfelds, Header("X-B", strconv.Itoa(i)), Value(i, i))
			require.NoError(t, err)
			require.LessOrEqual(t, len(ring.ByID(result.ID)), 1)
			require.LessOrEqual(t, len(ring.List(nil)), 8)
		})
	}
	wg.Wait()
	require.Len(t, ring.List(nil), 8)
}

func TestRecord_AnAttemptIsFinalIfThereIsNoTimeForAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		ring := NewRing(1)
		s := &scripted{answers: []Attempt{rejected(503)}}
		result, err := Hook(s, same, URL(where), Record(ring), Retry(Schedule{Tries: 2, Countdown: Fixed{Delay: time.Minute}}))(ctx, greenfelds)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.True(t, ring.List(nil)[0].Final)
		require.Contains(t, result.String(), "the endpoint answered otherwise\n  given up: there was no time left")
	})
}
