package sendertest

import (
	"fmt"
	"net/http"
	"time"
)

// Step is the answer to one request. The zero value is 200 without a body.
type Step struct {
	Status int // 0: 200
	Header http.Header
	Body   string
	// RetryAfter is sent as a Retry-After header, in seconds and rounded up. Zero:
	// none.
	RetryAfter time.Duration
	// Delay passes before anything else, unless the sender goes away.
	Delay time.Duration
	// Fault is what goes wrong. Zero: nothing.
	Fault Fault
	// Every is the time between two bytes of a drip. Zero is 10 milliseconds.
	Every time.Duration
}

// Fault is a way not to answer well. The zero value is none.
type Fault int

// Every Fault.
const (
	// Resetting resets the connection (RST) without an answer.
	Resetting Fault = iota + 1
	// Hanging keeps the connection open without an answer until the sender goes
	// away or the test ends.
	Hanging
	// DrippingHeader sends a header without end, byte by byte.
	DrippingHeader
	// DrippingBody sends the header and then a body without end, byte by byte.
	// It begins with the step's Body.
	DrippingBody
)

const defaultEvery = 10 * time.Millisecond

// Answer returns the step with this status.
func Answer(status int) Step { return Step{Status: status} }

// AnswerAfter returns the step with this status and Retry-After.
func AnswerAfter(status int, retryAfter time.Duration) Step {
	return Step{Status: status, RetryAfter: retryAfter}
}

// Redirect returns the step that leads elsewhere, with 307.
func Redirect(location string) Step {
	return Step{Status: http.StatusTemporaryRedirect, Header: http.Header{"Location": {location}}}
}

// Reset returns the step that resets the connection.
func Reset() Step { return Step{Fault: Resetting} }

// Hang returns the step that never answers.
func Hang() Step { return Step{Fault: Hanging} }

// DripHeader returns the step whose header does not end.
func DripHeader() Step { return Step{Fault: DrippingHeader} }

// DripBody returns the step whose body does not end, with this status.
func DripBody(status int) Step { return Step{Status: status, Fault: DrippingBody} }

func (s Step) check() error {
	switch {
	case s.Status != 0 && (s.Status < 200 || s.Status > 999):
		return fmt.Errorf("status is %d, want one from 200 to 999", s.Status)
	case s.RetryAfter < 0:
		return fmt.Errorf("RetryAfter is %v, want 0 or more", s.RetryAfter)
	case s.Delay < 0:
		return fmt.Errorf("delay is %v, want 0 or more", s.Delay)
	case s.Every < 0:
		return fmt.Errorf("every is %v, want 0 or more", s.Every)
	case s.Fault < 0 || s.Fault > DrippingBody:
		return fmt.Errorf("fault is %d, want one of the constants", int(s.Fault))
	}
	return nil
}
