package sender

import "time"

// The presets are functions, and what they return is the caller's own to change.
// None of the older systems knows Retry-After. Nor do they know 410 Gone, which
// stops here as everywhere: set Stop to an empty slice to have it tried again.

// Webhooks is the schedule of the Python package webhooks 0.5.0, for its targeted
// sender: 3 tries, the second at once and the third 1 second later. It ignores
// Retry-After, which that package does not know.
func Webhooks() Schedule {
	return Schedule{Tries: 3, Countdown: Linear{Base: time.Second}}
}

// WebhooksSimple is the schedule of that package's simple sender: 4 tries, with
// waits of 0, 1 and 2 seconds. It ignores Retry-After, too.
func WebhooksSimple() Schedule {
	return Schedule{Tries: 4, Countdown: Linear{Base: time.Second}}
}

// Whisperer is the schedule of a Django Whisperer 0.5 task: 11 attempts with the
// countdown that each of its webhooks is configured with. There is no default for
// it: see [Countdowns.Unmarshal] for reading one. What its scanner tries after
// these, 8 times more at most, is not part of it.
//
// A redirect is a failure here, which Whisperer takes for neither. Whisperer
// panics if c is nil.
func Whisperer(c Countdown) Schedule {
	if c == nil {
		panic("sender: Whisperer: the countdown is nil")
	}
	return Schedule{Tries: 11, Countdown: c}
}

// StandardWebhooks is the example schedule of the Standard Webhooks
// specification, under "Deliverability and reliability": 10 attempts, at once and
// then after 5 seconds, 5 minutes, 30 minutes and 2, 5, 10, 14, 20 and 24 hours,
// three days in all.
//
// The specification recommends jitter and to take Retry-After into account, but
// has no figures: these are a tenth of each wait, and up to 24 hours.
func StandardWebhooks() Schedule {
	return Schedule{
		Tries: 10,
		Countdown: List{Delays: []time.Duration{
			5 * time.Second, 5 * time.Minute, 30 * time.Minute,
			2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
		}},
		Jitter:        0.1,
		MaxRetryAfter: 24 * time.Hour,
	}
}
