package sender

import (
	"math"
	"time"
)

// Countdown is how long to wait after so many failures, 1 for the first.
// Implementations are data, may be used by several goroutines, and never return a
// negative wait.
//
// The built-in ones are [Fixed], [Linear], [Exponential], [Random] and [List].
// Their formulas and their JSON are those of Django Whisperer, whose n is our
// failures less one. A wait that is too long for a [time.Duration] is the longest
// one, and a negative argument, which Validate refuses, counts as zero.
//
// A Validate() error method is optional. It names every argument that makes no
// sense by its name in JSON.
type Countdown interface {
	Wait(failures int) time.Duration
}

const forever = time.Duration(math.MaxInt64)

// Fixed waits equally long each time.
type Fixed struct {
	Delay time.Duration `json:"seconds"`
}

// Wait implements [Countdown].
func (f Fixed) Wait(int) time.Duration { return max(f.Delay, 0) }

// Validate refuses a negative delay.
func (f Fixed) Validate() error {
	var list fieldErrors
	list.notNegative("seconds", f.Delay)
	return list.under("")
}

// Linear waits Base longer each time, beginning with no wait at all: Base times
// the failures before this one.
type Linear struct {
	Base time.Duration `json:"base"`
	// Limit is the longest wait: see [Cap]. Nil: none. Zero is a limit too.
	Limit *time.Duration `json:"limit,omitempty"`
}

// Wait implements [Countdown].
func (l Linear) Wait(failures int) time.Duration {
	return capped(times(max(l.Base, 0), before(failures)), l.Limit)
}

// Validate refuses negative arguments.
func (l Linear) Validate() error {
	var list fieldErrors
	list.notNegative("base", l.Base)
	list.limit(l.Limit)
	return list.under("")
}

// Exponential waits Factor at first, and then Base times as long each time.
type Exponential struct {
	// Base is 0 or more. With 0 the first wait is Factor and all others are none.
	Base int `json:"base"`
	// Factor is the first wait, 1 second or more. Zero is 1 second; in JSON, which
	// can leave it out, 0 is refused.
	Factor time.Duration `json:"factor,omitzero"`
	// Limit is the longest wait: see [Cap]. Nil: none. Zero is a limit too.
	Limit *time.Duration `json:"limit,omitempty"`
}

// Wait implements [Countdown].
func (e Exponential) Wait(failures int) time.Duration {
	wait := e.Factor
	if wait == 0 {
		wait = time.Second
	}
	wait, base, n := max(wait, 0), max(e.Base, 0), before(failures)
	if base < 2 { // there are no powers to climb
		n = min(n, 1)
	}
	for ; n > 0 && wait < forever && wait > 0; n-- {
		wait = times(wait, base)
	}
	return capped(wait, e.Limit)
}

// Validate refuses negative arguments and a factor below 1 second.
func (e Exponential) Validate() error {
	var list fieldErrors
	if e.Base < 0 {
		list.addf("base", "is %d, want 0 or more", e.Base)
	}
	if e.Factor != 0 && e.Factor < time.Second {
		list.addf("factor", "is %v, want 1 second or more", e.Factor)
	}
	list.limit(e.Limit)
	return list.under("")
}

// Random waits between Min and Max, both included.
type Random struct {
	Min time.Duration `json:"min_value"`
	Max time.Duration `json:"max_value"` // greater than Min
}

// Wait implements [Countdown].
func (r Random) Wait(int) time.Duration {
	low := max(r.Min, 0)
	if r.Max <= low {
		return low
	}
	return low + upTo(r.Max-low)
}

// Validate refuses negative arguments, and a Max that is not greater than Min.
func (r Random) Validate() error {
	var list fieldErrors
	list.notNegative("min_value", r.Min)
	list.notNegative("max_value", r.Max)
	if len(list) == 0 && r.Max <= r.Min {
		list.addf("max_value", "is %v, want more than min_value, which is %v", r.Max, r.Min)
	}
	return list.under("")
}

// List waits as it says, and after its end as its last one says. An empty one,
// which Validate refuses, does not wait.
type List struct {
	Delays []time.Duration `json:"seconds"`
}

// Wait implements [Countdown].
func (l List) Wait(failures int) time.Duration {
	if len(l.Delays) == 0 {
		return 0
	}
	return max(l.Delays[min(before(failures), len(l.Delays)-1)], 0)
}

// Validate refuses negative delays, and a list of none.
func (l List) Validate() error {
	var list fieldErrors
	if len(l.Delays) == 0 {
		list.addf("seconds", "is empty, want at least one")
	}
	for i, d := range l.Delays {
		list.notNegative(element("seconds", i), d)
	}
	return list.under("")
}

// Cap returns a limit for [Linear] and [Exponential].
func Cap(d time.Duration) *time.Duration { return &d }

// before returns how many failures there were before this one.
func before(failures int) int { return max(failures, 1) - 1 }

func capped(wait time.Duration, limit *time.Duration) time.Duration {
	if limit == nil {
		return wait
	}
	return min(wait, max(*limit, 0))
}

// times returns d times n, or the longest duration. Neither is negative.
func times(d time.Duration, n int) time.Duration {
	if n > 0 && d > forever/time.Duration(n) {
		return forever
	}
	return d * time.Duration(n)
}
