package sender

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Schedule says when a message is tried again and when it is given up. It is data,
// which can be stored as JSON: see [Countdowns]. The zero value makes one attempt.
//
// Every answer but 2xx and every failure to get one is tried again, apart from
// what Stop and StopOn name. There are ready ones: [Webhooks],
// [WebhooksSimple], [Whisperer] and [StandardWebhooks].
type Schedule struct {
	// Tries is how many attempts are made at most, the first included. Zero is
	// one.
	Tries int `json:"tries,omitzero"`
	// Countdown is the wait between two attempts. Nil: none.
	Countdown Countdown `json:"countdown,omitzero"`
	// Jitter is the part of each wait, from 0 to 1, that is left to chance: 0.5
	// waits between half and all of it.
	Jitter float64 `json:"jitter,omitzero"`
	// MaxRetryAfter bounds what a Retry-After header can ask for. It counts where
	// it is longer than the countdown. Zero ignores the header. In JSON it is in
	// seconds.
	MaxRetryAfter time.Duration `json:"max_retry_after,omitzero"`
	// Stop are the statuses after which the message is given up at once. Nil is
	// 410 Gone; empty is none.
	Stop []int `json:"stop,omitzero"`
	// StopOn are the outcomes after which it is given up at once, out of
	// [Rejected], [Unreachable] and [TimedOut]. An endpoint that repeats its work
	// when it is called again may want TimedOut here. Nil is none.
	StopOn []Outcome `json:"stop_on,omitzero"`
}

// clone returns a schedule with lists of its own. A countdown is never changed.
func (s Schedule) clone() Schedule {
	s.Stop, s.StopOn = slices.Clone(s.Stop), slices.Clone(s.StopOn)
	return s
}

// Action is what to do after an attempt. The zero value is none of them.
type Action int

// Every Action.
const (
	Done        Action = iota + 1 // it is delivered
	Again                         // try again after Decision.Wait
	GiveUp                        // no more attempts
	Interrupted                   // it was cancelled, and does not count: try again when there is time
)

var actionNames = map[Action]string{
	Done: "done", Again: "again", GiveUp: "give up", Interrupted: "interrupted",
}

// String returns a in lower case, fit for a log or a metric label.
func (a Action) String() string {
	if name, ok := actionNames[a]; ok {
		return name
	}
	return fmt.Sprintf("action(%d)", int(a))
}

// Decision is what a [Schedule] makes of an attempt.
type Decision struct {
	Action Action
	Wait   time.Duration // of Again
	// Reason says in words why a message is given up. It may be shown to the
	// endpoint's owner. Empty: it is not given up.
	Reason string
}

// String returns d in words: "again after 5s" or "give up: attempt 3 of 3 was the
// last".
func (d Decision) String() string {
	switch d.Action {
	case Again:
		return d.Action.String() + " after " + d.Wait.String()
	case GiveUp:
		return d.Action.String() + ": " + d.Reason
	case Done, Interrupted:
	}
	return d.Action.String()
}

// Decide says what to do after an attempt, by its Number, Outcome, Status and
// RetryAfter alone. A Number below 1 counts as 1.
func (s Schedule) Decide(a Attempt) Decision {
	switch a.Outcome {
	case Delivered:
		return Decision{Action: Done}
	case Cancelled:
		return Decision{Action: Interrupted}
	case Refused:
		return giveUp("it cannot be sent as it is")
	case Rejected, Unreachable, TimedOut:
	default:
		return giveUp(a.Outcome.String() + " is not an outcome")
	}
	number, tries := max(a.Number, 1), max(s.Tries, 1)
	switch {
	case a.Outcome == Rejected && s.stops(a.Status):
		return giveUp("the endpoint answered " + statusText(a.Status) + ", and wants no more of it")
	case slices.Contains(s.StopOn, a.Outcome):
		return giveUp("the attempt was " + a.Outcome.String() + ", which is not tried again")
	case number >= tries:
		return giveUp("attempt " + strconv.Itoa(number) + " of " + strconv.Itoa(tries) + " was the last")
	}
	return Decision{Action: Again, Wait: s.wait(number, a.RetryAfter)}
}

func giveUp(reason string) Decision { return Decision{Action: GiveUp, Reason: reason} }

func statusText(status int) string {
	text := strconv.Itoa(status)
	if name := http.StatusText(status); name != "" {
		text += " " + name
	}
	return text
}

func (s Schedule) stops(status int) bool {
	if s.Stop == nil {
		return status == http.StatusGone
	}
	return slices.Contains(s.Stop, status)
}

// wait returns the countdown's wait less the jitter, or the longer one that the
// endpoint has asked for. Jitter never makes that one shorter.
func (s Schedule) wait(failures int, retryAfter time.Duration) time.Duration {
	var wait time.Duration
	if s.Countdown != nil {
		wait = max(s.Countdown.Wait(failures), 0)
	}
	if s.Jitter > 0 && wait > 0 {
		part := time.Duration(float64(wait) * min(s.Jitter, 1))
		if part < 0 || part > wait { // the float was rounded up
			part = wait
		}
		wait -= upTo(part)
	}
	return max(wait, min(retryAfter, s.MaxRetryAfter))
}

// upTo returns a random duration from 0 to d, both included. D is not negative.
func upTo(d time.Duration) time.Duration {
	return time.Duration(rand.Uint64N(uint64(d) + 1)) //nolint:gosec // neither overflows, and chance needs no secrecy here
}

// Validate names every field whose value makes no sense, all at once, by its name
// in JSON. A countdown is asked too if it has a Validate method of its own.
func (s Schedule) Validate() error {
	problems := s.problems()
	return problems.under("schedule")
}

func (s Schedule) problems() fieldErrors {
	var list fieldErrors //nolint:prealloc // mostly there are none
	if s.Tries < 0 {
		list.addf("tries", "is %d, want 0 or more", s.Tries)
	}
	list = append(list, checkCountdown("countdown", s.Countdown)...)
	if !(s.Jitter >= 0 && s.Jitter <= 1) { // NaN is neither
		list.addf("jitter", "is %v, want a number from 0 to 1", s.Jitter)
	}
	list.notNegative("max_retry_after", s.MaxRetryAfter)
	for i, status := range s.Stop {
		if status < 300 || status > 999 {
			list.addf("stop["+strconv.Itoa(i)+"]", "is %d, want a status from 300 to 999", status)
		}
	}
	for i, o := range s.StopOn {
		if o != Rejected && o != Unreachable && o != TimedOut {
			list.addf("stop_on["+strconv.Itoa(i)+"]", "is %v, want rejected, unreachable or timed out", o)
		}
	}
	return list
}

// MarshalJSON writes a schedule that Validate accepts and whose durations are those
// of the wire format: some are whole seconds. Only the built-in countdowns are
// known here: see [Countdowns.MarshalSchedule] for others.
func (s Schedule) MarshalJSON() ([]byte, error) {
	return (*Countdowns)(nil).MarshalSchedule(s)
}

// UnmarshalJSON reads what MarshalJSON writes, strictly: see
// [Countdowns.UnmarshalSchedule].
func (s *Schedule) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil // as is the custom of encoding/json
	}
	read, err := (*Countdowns)(nil).UnmarshalSchedule(data)
	if err != nil {
		return err
	}
	*s = read
	return nil
}
