package sender

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
)

// String returns what happened. Nothing that the endpoint sent is in it but the
// status.
func (a Attempt) String() string { return a.text(false) }

// Format writes String, and for the verb %+v also the beginning of the body, as
// far as it can be printed: for the eyes of a developer, not for a log.
func (a Attempt) Format(f fmt.State, verb rune) {
	_, _ = io.WriteString(f, a.text(verb == 'v' && f.Flag('+')))
}

// LogValue returns what String shows, as attributes.
func (a Attempt) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("number", a.Number), slog.String("outcome", a.Outcome.String()), slog.Int("status", a.Status),
		slog.Duration("duration", a.Duration), slog.String("reason", a.Reason))
}

func (a Attempt) text(whole bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "attempt %d: %s", a.Number, a.Outcome)
	if a.Status != 0 {
		fmt.Fprintf(&b, ", status %d", a.Status)
	}
	fmt.Fprintf(&b, ", %s", a.Duration.Round(time.Millisecond))
	if a.Reason != "" {
		fmt.Fprintf(&b, ": %s", a.Reason)
	}
	if whole && len(a.Body) > 0 {
		fmt.Fprintf(&b, "\n    answer: %s", printable(a.Body))
	}
	return b.String()
}
