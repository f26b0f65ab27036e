package cactustest

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/cactuscorp/cactus/internal/backoff"
	"github.com/cactuscorp/cactus/signature"
)

// chaosWaits is what a sender waits between tries unless it is told.
var chaosWaits = backoff.Exponential{Base: time.Second, Max: time.Minute}

// longestWait bounds what a receiver can ask for.
const longestWait = 24 * time.Hour

// chaosRun is one run of a Chaos.
type chaosRun struct {
	Chaos

	fail   context.CancelCauseFunc
	wire   wire
	events []ChaosEvent
	scheme signature.Signer
	slots  chan struct{} // held while sending

	mu     sync.Mutex
	report *ChaosReport
}

func (c Chaos) send(ctx context.Context, to wire, events []ChaosEvent) (*ChaosReport, error) {
	c = c.withDefaults()
	if err := c.check(events); err != nil {
		return nil, err
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	r := &chaosRun{
		Chaos: c, fail: fail, wire: to, events: events,
		scheme: Scheme(), slots: make(chan struct{}, c.Senders),
		report: &ChaosReport{Seed: c.Seed, Events: len(events), Statuses: make(map[int]int)},
	}
	var senders sync.WaitGroup
	for _, p := range c.plans(len(events)) {
		if !r.acquire(ctx) {
			break
		}
		senders.Go(func() { r.deliver(ctx, p) })
	}
	senders.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	r.report.sort()
	return r.report, nil
}

// acquire takes a slot, or returns false if the run is over.
func (r *chaosRun) acquire(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case r.slots <- struct{}{}:
		return ctx.Err() == nil
	}
}

func (r *chaosRun) release() { <-r.slots }

func (r *chaosRun) note(f func(report *ChaosReport)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(r.report)
}

// deliver carries a plan out. It has a slot at first.
func (r *chaosRun) deliver(ctx context.Context, p plan) {
	event := &r.events[p.event]
	r.note(func(report *ChaosReport) { report.Faults.plan(p) })
	for _, m := range p.mishaps {
		r.suffer(ctx, event, m)
	}
	parcels := []*parcel{r.pack(event)}
	if p.concurrent {
		parcels = append(parcels, r.pack(event))
	}
	replies := make([]reply, len(parcels), len(parcels)+1)
	atOnce(len(parcels), func(i int) { replies[i] = r.transmit(ctx, parcels[i]) })
	r.release()
	atOnce(len(parcels), func(i int) { replies[i] = r.settle(ctx, event, replies[i]) })
	if p.duplicate && replies[0].accepted() && r.pause(ctx, chaosWaits.Base) && r.acquire(ctx) {
		again := r.transmit(ctx, r.pack(event))
		r.release()
		replies = append(replies, r.settle(ctx, event, again))
	}
	r.note(func(report *ChaosReport) { report.ended(event.ID, replies) })
}

// atOnce calls f with 0 to n-1 at the same time.
func atOnce(n int, f func(i int)) {
	var others sync.WaitGroup
	start := make(chan struct{})
	for i := 1; i < n; i++ {
		others.Go(func() { <-start; f(i) })
	}
	close(start)
	f(0)
	others.Wait()
}

// settle sends an event again until its reply is final, beginning with the
// reply to the first try, and returns the last.
func (r *chaosRun) settle(ctx context.Context, event *ChaosEvent, last reply) reply {
	for try := 1; try < r.Tries && !last.final(); try++ {
		wait := min(last.after, longestWait)
		if wait == 0 {
			wait = chaosWaits.Wait(try)
		}
		if !r.pause(ctx, wait) || !r.acquire(ctx) {
			break
		}
		r.note(func(report *ChaosReport) { report.Retries++ })
		last = r.transmit(ctx, r.pack(event))
		r.release()
	}
	return last
}

func (r reply) accepted() bool { return r.status/100 == 2 }
func (r reply) final() bool    { return r.accepted() || r.status == http.StatusGone }

// pause waits for a scaled time, or returns false if the run is over.
func (r *chaosRun) pause(ctx context.Context, wait time.Duration) bool {
	return backoff.Sleep(ctx, time.Duration(float64(wait)*r.Scale)) == nil
}

// suffer sends the request that a mishap is about.
func (r *chaosRun) suffer(ctx context.Context, event *ChaosEvent, m mishap) {
	switch m.fault {
	case giveUp:
		p := r.pack(event)
		p.hangUp = true
		r.transmit(ctx, p)
	case loseAnswer:
		p := r.pack(event)
		r.note(func(report *ChaosReport) { report.Requests++; report.Unseen++ })
		r.post(ctx, p)
	case cutOff:
		p := r.pack(event)
		p.cut = true
		r.transmit(ctx, p)
	case truncate:
		p := r.pack(event)
		if len(p.body) > 0 {
			p.body = p.body[:m.detail%uint64(len(p.body))]
		}
		r.abuse(ctx, event, "truncated", p)
	case forge:
		r.abuse(ctx, event, "forged", r.counterfeit(event, m.detail))
	}
}

// counterfeit packs what somebody could send who has no secret.
func (r *chaosRun) counterfeit(event *ChaosEvent, way uint64) *parcel {
	switch way % 3 {
	case 0:
		return r.pack(event, Forged())
	case 1:
		return r.pack(event, Unsigned())
	default:
		p := r.pack(event)
		p.body = append(bytes.Clone(p.body), ' ') // the same JSON, and other bytes
		return p
	}
}

// abuse sends what must be refused.
func (r *chaosRun) abuse(ctx context.Context, event *ChaosEvent, what string, p *parcel) {
	if got := r.transmit(ctx, p); got.accepted() {
		r.note(func(report *ChaosReport) {
			report.Breaches = append(report.Breaches, fmt.Sprintf("%s (%s: %d)", event.ID, what, got.status))
		})
	}
}

// pack makes a signed request. If it cannot be signed the run is over.
func (r *chaosRun) pack(event *ChaosEvent, more ...RequestOption) *parcel {
	req := requestOf(idIn(event.Body, event.ID), r.scheme, slices.Concat(r.Options, event.Options, more))
	p := &parcel{target: req.target, header: make(http.Header), body: event.Body}
	if err := req.sign(p.header, event.Body); err != nil {
		r.fail(fmt.Errorf("sign event %s: %w", event.ID, err))
	}
	return p
}

// transmit sends p and counts what came back. A reply to a request that is cut
// or hung up on is for nobody.
func (r *chaosRun) transmit(ctx context.Context, p *parcel) reply {
	got := r.post(ctx, p)
	r.note(func(report *ChaosReport) {
		report.Requests++
		if got.status == 0 || p.cut || p.hangUp {
			report.Unseen++
			return
		}
		report.Statuses[got.status]++
	})
	return got
}

func (r *chaosRun) post(ctx context.Context, p *parcel) reply {
	if err := context.Cause(ctx); err != nil {
		return reply{err: err}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, r.Timeout, fmt.Errorf("no answer within %v", r.Timeout))
	defer cancel()
	return r.wire.send(ctx, p)
}
