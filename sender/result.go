package sender

import (
	"context"
	"errors"
	"fmt"
)

// State is how far a send has come. The zero value is none of them.
type State int

// Every State.
const (
	Sent   State = iota + 1 // it is delivered
	Queued                  // somebody will send it: see Result.Wait
	Failed                  // it is given up
)

// String returns s in lower case.
func (s State) String() string {
	switch s {
	case Sent:
		return "sent"
	case Queued:
		return "queued"
	case Failed:
		return "failed"
	}
	return fmt.Sprintf("state(%d)", int(s))
}

// MarshalText returns String. A value that is no State is an error.
func (s State) MarshalText() ([]byte, error) {
	if s < Sent || s > Failed {
		return nil, fmt.Errorf("sender: %d is no state", int(s))
	}
	return []byte(s.String()), nil
}

// UnmarshalText reads what MarshalText returns.
func (s *State) UnmarshalText(text []byte) error {
	for state := Sent; state <= Failed; state++ {
		if state.String() == string(text) {
			*s = state
			return nil
		}
	}
	return errors.New("sender: state must be one of sent, queued, failed")
}

// ErrCannotWait means that a Queued result comes from a sender, or out of a store,
// that cannot tell when the message is sent.
var ErrCannotWait = errors.New("sender: nobody tells when this message is sent")

// Result is what became of a send. It is never nil, also beside an error, and its
// fields are not changed any more, but those of a Queued one are what is known so
// far: Wait returns the final one. Its JSON has all but the errors themselves and
// the credentials.
type Result struct {
	State    State     `json:"state"`
	ID       string    `json:"id,omitempty"`
	URL      string    `json:"url,omitempty"`
	Message  *Message  `json:"message,omitempty"` // what was posted; nil: none was made yet
	Attempts []Attempt `json:"attempts,omitempty"`
	// Reason says in words why it failed. Like [Attempt.Reason], it may be shown
	// to the endpoint's owner. Empty: it has not.
	Reason string `json:"reason,omitempty"`
	Err    error  `json:"-"` // why it failed, for logs of one's own; nil: it has not
	// Warnings are what failed beside the send and did not stop it: a [Recorder]
	// and a panic of a [Notify] function.
	Warnings []error `json:"-"`

	wait func(context.Context) (*Result, error) // of a Queued one
}

// QueuedResult is what a sender returns that sends later. Wait, which may be nil,
// blocks until there is a final result; it is called concurrently.
func QueuedResult(id, url string, wait func(context.Context) (*Result, error)) *Result {
	return &Result{State: Queued, ID: id, URL: url, wait: wait}
}

// Wait returns the final result of a Queued one, when there is one, and r itself
// otherwise, together with the error of the send. When ctx ends before that, it
// returns r and the context's cause, and the message is sent nevertheless.
func (r *Result) Wait(ctx context.Context) (*Result, error) {
	if r.State != Queued {
		return r, r.error()
	}
	if r.wait == nil {
		return r, ErrCannotWait
	}
	final, err := r.wait(ctx)
	switch {
	case final == nil && err == nil:
		return r, ErrCannotWait
	case final == nil:
		return r, err
	case err == nil && final.State != Sent && final.State != Queued:
		return final, final.error()
	}
	return final, err
}

// error is Err for a Result that may come out of a store.
func (r *Result) error() error {
	switch {
	case r.Err != nil:
		return r.Err
	case r.State == Sent || r.State == Queued:
		return nil
	case r.Reason != "":
		return errors.New(r.Reason)
	}
	return errors.New("the webhook was not sent")
}

// OK reports whether the message is delivered. A Queued one is not, yet.
func (r *Result) OK() bool { return r.State == Sent }

// Last returns the last attempt, or the zero Attempt if there was none.
func (r *Result) Last() Attempt {
	if len(r.Attempts) == 0 {
		return Attempt{}
	}
	return r.Attempts[len(r.Attempts)-1]
}
