package sender

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode"
	"unicode/utf8"
)

// String returns what happened, a line for each attempt. It has no body and no
// credentials in it, and of the URL only the host.
func (r Result) String() string { return r.text(false) }

// Format writes String, and for the verb %+v also the URL and the beginnings of
// the bodies, as far as they can be printed: for the eyes of a developer, not for
// a log.
func (r Result) Format(f fmt.State, verb rune) {
	_, _ = io.WriteString(f, r.text(verb == 'v' && f.Flag('+')))
}

// LogValue returns the state, the id, the host, the number of attempts and the
// reason.
func (r Result) LogValue() slog.Value {
	return slog.GroupValue(slog.String("state", r.State.String()), slog.String("id", r.ID), slog.String("to", place(r.URL)),
		slog.Int("attempts", len(r.Attempts)), slog.String("reason", r.Reason))
}

func (r Result) text(whole bool) string {
	var b strings.Builder
	to := place(r.URL)
	if whole && r.URL != "" {
		to = r.URL
	}
	fmt.Fprintf(&b, "%s: webhook%s to %s", r.State, spaced(r.ID), to)
	if len(r.Attempts) == 0 && r.Reason != "" {
		fmt.Fprintf(&b, ": %s", r.Reason)
	}
	if whole && r.Message != nil {
		fmt.Fprintf(&b, "\n  posted: %s", printable(r.Message.Body))
	}
	for _, a := range r.Attempts {
		b.WriteString("\n  " + a.text(whole))
	}
	if n := len(r.Attempts); n > 0 && r.Reason != "" && !strings.HasPrefix(r.Reason, r.Attempts[n-1].Reason) {
		fmt.Fprintf(&b, "\n  given up: %s", r.Reason)
	}
	return b.String()
}

// maxPrinted is how much of a body is printed.
const maxPrinted = 256

// printable returns the beginning of a body, without anything that could move a
// terminal's cursor.
func printable(body []byte) string {
	more := ""
	if len(body) > maxPrinted {
		more = fmt.Sprintf("... (%d bytes)", len(body))
		body = wholeRunes(body[:maxPrinted])
	}
	if !utf8.Valid(body) {
		return "not text" + more
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, string(body)) + more
}

// wholeRunes cuts off a rune that has lost its end.
func wholeRunes(text []byte) []byte {
	for n := len(text) - 1; n >= 0 && n >= len(text)-utf8.UTFMax; n-- {
		if utf8.RuneStart(text[n]) {
			if !utf8.FullRune(text[n:]) {
				return text[:n]
			}
			break
		}
	}
	return text
}
