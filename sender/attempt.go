package sender

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Outcome is what became of one attempt. The zero value is none of them.
type Outcome int

// Every Outcome.
const (
	// Delivered means that the endpoint answered with 2xx.
	Delivered Outcome = iota + 1
	// Rejected means that it answered with anything else, a redirect among them.
	Rejected
	// Unreachable means that no answer came: DNS, connection, TLS, a broken answer.
	// A connection that took too long is also this, before the time is over.
	Unreachable
	// TimedOut means that the attempt's time, or that for the answer's header, was
	// over before a status came.
	TimedOut
	// Refused means that nothing was sent, because of the message itself: its URL
	// leads where it must not, or its signer or authorizer failed. Another
	// attempt fares no better.
	Refused
	// Cancelled means that the caller's context ended, be it by its own deadline.
	// It is nobody's fault and does not count.
	Cancelled
)

var outcomeNames = map[Outcome]string{
	Delivered: "delivered", Rejected: "rejected", Unreachable: "unreachable",
	TimedOut: "timed out", Refused: "refused", Cancelled: "cancelled",
}

// String returns o in lower case, fit for a log or a metric label.
func (o Outcome) String() string {
	if name, ok := outcomeNames[o]; ok {
		return name
	}
	return fmt.Sprintf("outcome(%d)", int(o))
}

// MarshalText returns String. A value that is no Outcome is an error.
func (o Outcome) MarshalText() ([]byte, error) {
	if name, ok := outcomeNames[o]; ok {
		return []byte(name), nil
	}
	return nil, fmt.Errorf("sender: %d is no outcome", int(o))
}

// UnmarshalText reads what MarshalText returns.
func (o *Outcome) UnmarshalText(text []byte) error {
	for outcome, name := range outcomeNames {
		if name == string(text) {
			*o = outcome
			return nil
		}
	}
	return errors.New("sender: outcome must be one of delivered, rejected, unreachable, timed out, refused, cancelled")
}

// Attempt is one try to deliver a message, and what came of it. It is data.
type Attempt struct {
	Number  int     `json:"number"`           // 1 for the first
	Outcome Outcome `json:"outcome"`          //
	Status  int     `json:"status,omitempty"` // of the answer; 0: none came
	// Header and Body are the answer's. No more than 16 KiB of each are kept, and
	// the body as it came, even if compressed; Truncated says that there was more,
	// that it broke off, or that it did not end in time.
	Header    http.Header `json:"header,omitempty"`
	Body      []byte      `json:"body,omitempty"`
	Truncated bool        `json:"truncated,omitempty"`
	// RetryAfter is what the answer's Retry-After header asks for; zero: nothing.
	RetryAfter time.Duration `json:"retry_after,omitempty"`
	Start      time.Time     `json:"start"`
	Duration   time.Duration `json:"duration"`
	// Reason says in words what went wrong. It may be shown to the endpoint's
	// owner: it has no internal address and no secret in it. Empty: delivered.
	Reason string `json:"reason,omitempty"`
	// Err is the cause, for logs of one's own: it may name internal addresses, but
	// has neither the URL nor a secret, and in its text nothing that the endpoint
	// has sent. Nil: an answer came.
	Err error `json:"-"`
}
