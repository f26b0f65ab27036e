package inbox

import (
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/cactuscorp/cactus"
)

// tell logs. A logger, or an error, that panics ends no goroutine of ours.
func (w *work) tell(level slog.Level, msg string, err error, attrs ...slog.Attr) {
	_ = guarded(func() error {
		if err != nil {
			attrs = append(attrs, slog.String("error", textOf(err)))
		}
		w.config.Logger.LogAttrs(w.ctx, level, msg, attrs...)
		return nil
	})
}

// log tells of a job.
func (w *work) log(level slog.Level, msg string, j *job, err error, counts bool, more ...slog.Attr) {
	_ = guarded(func() error {
		if !w.config.Logger.Enabled(w.ctx, level) {
			return nil
		}
		attempt := j.Attempts
		if counts {
			attempt++
		}
		attrs := append([]slog.Attr{
			slog.String("item", j.Item.ID.String()), slog.String("source", j.Item.Source), slog.Int("attempt", attempt),
			slog.String("outcome", cactus.OutcomeOf(err).String()),
		}, more...)
		if p := (*cactus.PanicError)(nil); errors.As(err, &p) {
			attrs = append(attrs, slog.String("stack", string(p.Stack)))
		}
		w.tell(level, msg, err, attrs...)
		return nil
	})
}

// tellOverdue tells, once for each, of jobs whose handlers go on a whole lease
// after their deadline: they keep their items, and their workers, until they
// return.
func (w *work) tellOverdue() {
	if w.config.Timeout < 0 {
		return
	}
	late := time.Since(w.start) - w.config.Timeout - w.config.Lease
	for _, j := range w.held.overdue(late) {
		w.log(slog.LevelError, "inbox handler does not return", j, errOverdue, true)
	}
}

var errOverdue = errors.New("it goes on after its deadline, and keeps a worker")

// maxText bounds what is stored of an error.
const maxText = 1 << 10

// clean makes text fit for a store: valid UTF-8 without NUL, and not too long.
func clean(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
	if len(text) <= maxText {
		return text
	}
	end := maxText
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// textOf returns what is stored and logged of an error. Of a large batch it leaves
// out the events that ended well, such as duplicates, so that there is room for
// those that did not.
func textOf(err error) string {
	text := err.Error()
	all, ok := err.(interface{ Unwrap() []error })
	if len(text) <= maxText || !ok {
		return clean(text)
	}
	var worse []error
	for _, err := range all.Unwrap() {
		if cactus.OutcomeOf(err) > cactus.OutcomeIgnored {
			worse = append(worse, err)
		}
	}
	if worse == nil {
		return clean(text)
	}
	return clean(errors.Join(worse...).Error())
}

// mayTell reports whether another line may be written about what happens to
// thousands of items alike, again and again, such as those whose source nobody
// knows here. It keeps in told when it was last true.
func (w *work) mayTell(told *atomic.Int64) bool {
	now, last := int64(time.Since(w.start)), told.Load()
	return (last == 0 || now-last >= int64(time.Second)) && told.CompareAndSwap(last, max(now, 1))
}
