package sender

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/cactuscorp/cactus/internal/backoff"
)

// Send makes the message of call and sends it, in as many attempts as its
// [Schedule] allows, and waits between them in this goroutine. Without option
// [Retry] the schedule is that of [Webhooks] with a MaxRetryAfter of 10 seconds.
//
// When ctx ends, so does the send, also during an attempt; it does not begin a wait
// that ctx's deadline would cut short. A message that is given up is an error that
// says why, and wraps the last attempt's.
func (c *Client) Send(ctx context.Context, call *Call) (*Result, error) {
	return attemptAll(ctx, c, call)
}

// attempter is the part of a Client that sending needs.
type attempter interface {
	Attempt(ctx context.Context, m *Message, number int) Attempt
}

// sending is one send as it goes on.
type sending struct {
	settings *Settings
	schedule Schedule
	message  *Message
	result   *Result
	note     noter
}

func attemptAll(ctx context.Context, by attempter, call *Call) (*Result, error) {
	s := newSending(call)
	if s.settings.URL == "" {
		return s.fail(ctx, nil, ErrNoURL)
	}
	m, err := call.Message(ctx)
	if err != nil {
		return s.fail(ctx, nil, err)
	}
	s.message, s.result.Message = m, m
	for number := 1; ; number++ {
		attempt := by.Attempt(ctx, m, number)
		attempt.Number = number
		decision, err := s.decide(ctx, &attempt)
		s.attempted(ctx, &attempt, err != nil || decision.Action != Again)
		switch {
		case err != nil:
			return s.fail(ctx, &attempt, err)
		case decision.Action == Done:
			s.result.State = Sent
			return s.result, nil
		case decision.Action != Again:
			return s.fail(ctx, &attempt, s.gaveUp(ctx, &attempt, decision))
		}
		if err := backoff.Sleep(ctx, decision.Wait); err != nil {
			return s.fail(ctx, &attempt, fmt.Errorf("wait for the next attempt: %w", err))
		}
	}
}

func newSending(call *Call) *sending {
	s := &sending{settings: &call.settings}
	switch {
	case s.settings.Retry != nil:
		s.schedule = *s.settings.Retry
	case s.settings.fallback != nil:
		s.schedule = *s.settings.fallback
	default:
		s.schedule = Webhooks()
		s.schedule.MaxRetryAfter = defaultMaxRetryAfter
	}
	s.result = &Result{ID: call.id, URL: s.settings.URL}
	s.note = noter{functions: s.settings.Notify, result: s.result}
	return s
}

// attempted tells everybody of an attempt.
func (s *sending) attempted(ctx context.Context, a *Attempt, final bool) {
	s.result.Attempts = append(s.result.Attempts, *a)
	s.note.attempt(ctx, a)
	s.record(ctx, a, final)
}

// decide asks the schedule. An error says why no attempt follows although the
// schedule has not given up.
func (s *sending) decide(ctx context.Context, a *Attempt) (d Decision, err error) {
	err = catch("the countdown", func() error {
		d = s.schedule.Decide(*a)
		return nil
	})
	switch {
	case err != nil:
		return d, &sendError{text: "the next attempt could not be planned", err: err}
	case d.Action == Again && ctx.Err() != nil:
		return d, fmt.Errorf("wait for the next attempt: %w", context.Cause(ctx))
	case d.Action == Again && !backoff.Fits(ctx, d.Wait):
		return d, fmt.Errorf("the next attempt is due in %s, after the context's deadline: %w", d.Wait, context.DeadlineExceeded)
	}
	return d, nil
}

// gaveUp makes the error of a message that is given up after a.
func (s *sending) gaveUp(ctx context.Context, a *Attempt, d Decision) error {
	cause := a.Err
	if d.Action == Interrupted {
		if ctx.Err() != nil {
			cause = context.Cause(ctx)
		}
		return &sendError{text: "the send was cancelled", err: cause}
	}
	text := a.Reason
	switch {
	case text == "":
		text = d.Reason
	case d.Reason != "":
		text += "; " + d.Reason
	}
	return &sendError{text: text, err: cause}
}

// fail ends the send without success. A is the last attempt, or nil.
func (s *sending) fail(ctx context.Context, a *Attempt, err error) (*Result, error) {
	s.result.State, s.result.Reason, s.result.Err = Failed, reasonOf(err), err
	if a == nil || a.Outcome != Cancelled {
		s.note.tellf(ctx, slog.LevelError, a, "Failed to send %s: %s", s.note.webhook(), s.result.Reason)
	}
	return s.result, err
}

// failed is the result of a send that has not begun.
func failed(call *Call, err error) (*Result, error) {
	return &Result{State: Failed, ID: call.id, URL: call.settings.URL, Reason: reasonOf(err), Err: err}, err
}

// sendError says what may be shown, and has what may not be.
type sendError struct {
	text string
	err  error
}

func (e *sendError) Error() string { return e.text }
func (e *sendError) Unwrap() error { return e.err }

// reasonOf returns what may be shown of err to an endpoint's owner.
func reasonOf(err error) string {
	var shown *sendError
	switch {
	case errors.As(err, &shown):
		return shown.text
	case errors.Is(err, ErrQueueFull):
		return "the queue is full"
	case errors.Is(err, ErrShutdown):
		return "the sender was shut down"
	case errors.Is(err, ErrTooLarge):
		return "the message is too large"
	case errors.Is(err, context.DeadlineExceeded):
		return "there was no time left"
	case errors.Is(err, context.Canceled):
		return "the send was cancelled"
	case errors.Is(err, ErrNoURL):
		return "there is no URL"
	}
	return "the message could not be made"
}
