package cactustest

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"
)

// Chaos is a sender of webhooks on a bad day. It delivers every event until it
// is told that all is well, as senders do, and does in between what senders and
// networks do to a receiver: see [ChaosFaults]. [Effects] tells what the
// receiver made of it.
//
// An answer of 2xx accepts a delivery, and 410 stops it. Every other answer, and
// none, is tried again: after the answer's Retry-After, or else after a wait that
// doubles from a second to a minute and varies at random. Each try is signed
// anew and keeps its id. A redirect is not followed.
//
// # What the seed decides
//
// The plan: which events meet which faults, in which order the events are sent
// first, in which order the faults of one event come, and where a body is
// truncated. It follows from Seed, Faults, Window and the number of events alone.
// To change one rate leaves the events alone that other faults fall on.
//
// Not the interleaving: which requests run at the same time, what they are
// answered, and hence how many retries it takes, depend on the receiver and the
// scheduler. With one sender the events are first sent one after the other, in
// the plan's order; retries come between.
//
// # Time
//
// All waits are multiplied by Scale, so that a second takes a millisecond by
// default. Inside a testing/synctest bubble, where time costs nothing, set it to
// 1: then Retry-After means what it says. A bubble has no network: use Deliver
// there, not Post.
//
// The zero value is ready: it delivers each event without faults. A Chaos is not
// changed by its methods and may be used by several goroutines.
type Chaos struct {
	Seed   uint64      // zero is a seed like any other
	Faults ChaosFaults // zero: none
	// Window is by how many places a reordered event is late at most. The
	// default is 10.
	Window int
	// Senders is how many events are being sent at the same time. The default is
	// 16. An event that waits for its next try does not count, and two copies
	// that are sent at once count as one.
	Senders int
	// Scale is what every wait is multiplied by. The default is 0.001.
	Scale float64
	// Timeout is how long a sender waits for an answer before it tries again.
	// The default is 30 seconds; it is not scaled.
	Timeout time.Duration
	// Tries is how often a copy of an event is sent at most, before the event
	// counts as not accepted; planned faults come on top. The default is 30.
	Tries int
	// Options make the requests what they are, such as [WithSigner]. The default
	// is what [NewRequest] does. [Post] has its own URL.
	Options []RequestOption
}

// ChaosEvent is an event for a [Chaos] to deliver.
type ChaosEvent struct {
	// ID is what the report calls the event. It is signed if the scheme signs
	// ids, unless the body has an id of its own or the options say otherwise. It
	// must not be empty, and no other event may have it.
	ID   string
	Body []byte
	// Options come after those of the Chaos, such as
	// WithHeader("X-GitHub-Delivery", id).
	Options []RequestOption
}

// chaosEpoch is when the first of [ChaosEvents] was created.
var chaosEpoch = time.Date(2025, time.June, 1, 0, 0, 0, 0, time.UTC)

// ChaosEvents returns n thin events of the type order.shipped, with the ids
// evt_000000, evt_000001 and so on. They are about so many orders in turn,
// ord_0000, ord_0001 and so on, and each was created a second after the one
// before. It panics if n is negative or orders is not positive.
func ChaosEvents(n, orders int) []ChaosEvent {
	if n < 0 || orders < 1 {
		panic(fmt.Sprintf("cactustest: ChaosEvents(%d, %d): needed are no fewer than 0 events and 1 order", n, orders))
	}
	events := make([]ChaosEvent, n)
	for i := range events {
		id := fmt.Sprintf("evt_%06d", i)
		events[i] = ChaosEvent{ID: id, Body: fmt.Appendf(nil,
			`{"id":%q,"type":"order.shipped","created":%q,"related_object":{"id":"ord_%04d","type":"order"}}`,
			id, chaosEpoch.Add(time.Duration(i)*time.Second).Format(time.RFC3339), i%orders)}
	}
	return events
}

// ChaosIDs returns the ids of events, in their order.
func ChaosIDs(events []ChaosEvent) []string {
	ids := make([]string, len(events))
	for i, e := range events {
		ids[i] = e.ID
	}
	return ids
}

// Deliver has h serve the events, without a network, and returns when each is
// accepted or given up and every run of h has returned. It ends the test if a
// request cannot be signed, if a rate or an id is unsound, or if the test's
// context ends. If the test fails, then or later, its log has the report and
// with it the seed.
func (c Chaos) Deliver(tb testing.TB, h http.Handler, events []ChaosEvent) *ChaosReport {
	tb.Helper()
	report, err := c.Send(tb.Context(), h, events)
	return c.reported(tb, report, err)
}

// Post is [Chaos.Deliver] over HTTP to url. A handler that the sender gave up on
// may still run when it returns, or begin to.
func (c Chaos) Post(tb testing.TB, url string, events []ChaosEvent) *ChaosReport {
	tb.Helper()
	report, err := c.SendTo(tb.Context(), url, events)
	return c.reported(tb, report, err)
}

func (c Chaos) reported(tb testing.TB, report *ChaosReport, err error) *ChaosReport {
	tb.Helper()
	if err != nil {
		tb.Fatalf("cactustest: chaos with seed %d: %v", c.Seed, err)
	}
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("cactustest: chaos with %s", report)
		}
	})
	return report
}

// Send is [Chaos.Deliver] for programs that are no tests. Its error is what
// Deliver ends a test for.
func (c Chaos) Send(ctx context.Context, h http.Handler, events []ChaosEvent) (*ChaosReport, error) {
	wire := &handlerWire{handler: h}
	defer wire.running.Wait()
	return c.send(ctx, wire, events)
}

// SendTo is [Chaos.Post] for programs that are no tests. Its error is what Post
// ends a test for.
func (c Chaos) SendTo(ctx context.Context, url string, events []ChaosEvent) (*ChaosReport, error) {
	c = c.withDefaults()
	transport := &http.Transport{MaxIdleConnsPerHost: 2 * c.Senders}
	defer transport.CloseIdleConnections()
	return c.send(ctx, &urlWire{url: url, transport: transport}, events)
}

func (c Chaos) withDefaults() Chaos {
	if c.Window == 0 {
		c.Window = 10
	}
	if c.Senders == 0 {
		c.Senders = 16
	}
	if c.Scale == 0 {
		c.Scale = 0.001
	}
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	if c.Tries == 0 {
		c.Tries = 30
	}
	return c
}
