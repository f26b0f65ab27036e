package middleware

import (
	"fmt"
	"time"
)

// ClaimOption changes what claims keys in a store: it is an option of [Dedupe],
// [Serial] and [SkipStale] alike.
type ClaimOption func(*leaser)

var (
	_ DedupeOption = ClaimOption(nil)
	_ OrderOption  = ClaimOption(nil)
)

func (opt ClaimOption) setDedupe(d *dedupe) { opt(&d.leaser) }
func (opt ClaimOption) setOrder(o *order)   { opt(&o.leaser) }

// WithSource names the source in the [Key] of every event. The default is
// empty. Registries that share a store need a name each, because providers do
// not agree on their ids.
func WithSource(name string) ClaimOption {
	return func(l *leaser) { l.source = name }
}

// WithRetention sets for how long a completed event is remembered, which has to
// cover the time in which its sender may deliver it again. The default is 7
// days: Standard Webhooks' schedule of retries adds up to a little over 3 days,
// Stripe's to 3 days, and the rest is for a resend by hand. Of [SkipStale] it is
// how long the position of the last event is remembered, and the time is the
// same: an older event that comes later runs. [Serial] remembers nothing. It
// panics if retention is not positive.
func WithRetention(retention time.Duration) ClaimOption {
	if retention <= 0 {
		panic(fmt.Sprintf("middleware: WithRetention(%v): it must be positive", retention))
	}
	return func(l *leaser) { l.retention = retention }
}

// WithLease sets for how long a claim holds unless it is renewed, which happens
// each third of it while the handler runs. It is how long an event waits whose
// process has died. The default is what is left until the context's deadline
// and 5 seconds more, or a minute if there is no deadline.
//
// It panics if lease is less than a millisecond.
func WithLease(lease time.Duration) ClaimOption {
	if lease < time.Millisecond {
		panic(fmt.Sprintf("middleware: WithLease(%v): at least a millisecond is needed", lease))
	}
	return func(l *leaser) { l.lease = lease }
}
