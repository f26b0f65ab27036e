package sender

import (
	"context"
	"fmt"
	"log/slog"
)

// Note is one thing there is to say about a send. Its levels and words are those
// of the Python package webhooks, without its bodies:
//
//   - Info: "Attempt 1: Successfully sent webhook <id>", or "Could not send".
//   - Debug: why it could not be sent.
//   - Error: "Failed to send webhook <id>: <why>", after the last attempt.
//   - Warn: a [Recorder] failed.
//
// What it points to is not changed any more, and must not be.
type Note struct {
	Level   slog.Level
	Text    string   // without a body, a credential or an internal address
	Message *Message // what is sent; nil: none could be made
	Attempt *Attempt // what the note is about; nil: there was none
}

// LogValue returns the text, and what the message's and the attempt's LogValue do.
func (n Note) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("text", n.Text)}
	if n.Message != nil {
		attrs = append(attrs, slog.Any("message", *n.Message))
	}
	if n.Attempt != nil {
		attrs = append(attrs, slog.Any("attempt", *n.Attempt))
	}
	return slog.GroupValue(attrs...)
}

// noter tells the functions of option Notify. It does not make the words when
// nobody is there to read them.
type noter struct {
	functions []func(context.Context, Note)
	result    *Result
}

// tellf is called with the format of a text that has the attempt's number in it.
func (n *noter) tellf(ctx context.Context, level slog.Level, a *Attempt, format string, args ...any) {
	if len(n.functions) == 0 {
		return
	}
	note := Note{Level: level, Text: fmt.Sprintf(format, args...), Message: n.result.Message, Attempt: a}
	for _, f := range n.functions {
		err := catch("the function of option Notify", func() error {
			f(ctx, note)
			return nil
		})
		if err != nil {
			n.result.Warnings = append(n.result.Warnings, err)
		}
	}
}

// webhook names the message in a text.
func (n *noter) webhook() string { return "webhook" + spaced(n.result.ID) }

func (n *noter) attempt(ctx context.Context, a *Attempt) {
	if len(n.functions) == 0 {
		return
	}
	what := "Could not send"
	if a.Outcome == Delivered {
		what = "Successfully sent"
	}
	if a.Outcome == Cancelled {
		what = "Interrupted while sending"
	}
	n.tellf(ctx, slog.LevelInfo, a, "Attempt %d: %s %s", a.Number, what, n.webhook())
	if a.Outcome != Delivered && a.Outcome != Cancelled {
		n.tellf(ctx, slog.LevelDebug, a, "Attempt %d: %s: %s", a.Number, a.Outcome, a.Reason)
	}
}
