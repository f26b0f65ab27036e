package sender

import (
	"context"
	"fmt"
	"io"
	"log/slog"
)

// Recorder keeps what became of each attempt. It is called concurrently.
type Recorder interface {
	// Record is called once an attempt, in the goroutine that sends and before
	// the next attempt, so it should be quick. Its context does not end with the
	// send's. An error, or a panic, is told to [Notify] and in [Result.Warnings],
	// and does not stop the send.
	Record(ctx context.Context, r AttemptRecord) error
}

// AttemptRecord is one attempt and what belongs to it. What it points to is not
// changed any more, and must not be.
type AttemptRecord struct {
	Message *Message
	Attempt Attempt
	// Final says that no attempt follows. Without it one does, unless the send is
	// cancelled while it waits.
	Final bool

	values *value
}

// Value returns what option [Value] has set for key, or nil.
func (r AttemptRecord) Value(key any) any { return r.values.of(key) }

// Format writes the message and the attempt as their own Format does.
func (r AttemptRecord) Format(f fmt.State, verb rune) {
	if r.Message != nil {
		_, _ = io.WriteString(f, r.Message.String()+", ")
	}
	r.Attempt.Format(f, verb)
}

// LogValue returns what the message's and the attempt's LogValue do.
func (r AttemptRecord) LogValue() slog.Value {
	attrs := []slog.Attr{slog.Any("attempt", r.Attempt), slog.Bool("final", r.Final)}
	if r.Message != nil {
		attrs = append(attrs, slog.Any("message", *r.Message))
	}
	return slog.GroupValue(attrs...)
}

// record gives a to every recorder.
func (s *sending) record(ctx context.Context, a *Attempt, final bool) {
	if len(s.settings.Recorders) == 0 {
		return
	}
	ctx = context.WithoutCancel(ctx)
	record := AttemptRecord{Message: s.message, Attempt: *a, Final: final, values: s.settings.values}
	for _, r := range s.settings.Recorders {
		err := catch("Record", func() error { return r.Record(ctx, record) })
		if err != nil {
			s.result.Warnings = append(s.result.Warnings, fmt.Errorf("record attempt %d: %w", a.Number, err))
			s.note.tellf(ctx, slog.LevelWarn, a, "Attempt %d: Could not record %s", a.Number, s.note.webhook())
		}
	}
}
