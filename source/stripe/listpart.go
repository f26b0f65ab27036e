package stripe

import (
	"fmt"
	"math"
	"time"

	"github.com/cactuscorp/cactus"
)

// window is the time in which the events of a part of a list were created: not
// before from, and before to. Zero: unbounded.
type window struct{ from, to time.Time }

// rounding is how far a created may be from the one that was filtered by.
const rounding = time.Second

// check returns an error if env was created outside of w: then the API does not
// know the filter, and what it lists is not what was asked for.
func (w window) check(env *cactus.Envelope) error {
	switch {
	case env.Created.IsZero():
		return fmt.Errorf(`event %s: field "created": is missing`, env.ID)
	case !w.from.IsZero() && w.from.Sub(env.Created) > rounding,
		!w.to.IsZero() && env.Created.Sub(w.to) > rounding:
		return fmt.Errorf("event %s was created outside of the time that was asked for: "+
			"does the API version know the filter by created?", env.ID)
	default:
		return nil
	}
}

const (
	// maxEvents is how many events a part should have at most.
	maxEvents = 1000
	// firstSpan and minSpan are how long a part is at first, and at least.
	firstSpan = time.Hour
	minSpan   = time.Second
	// kept is how long Stripe keeps events, and a day more.
	kept = 31 * 24 * time.Hour
	// settling is for how long events may appear that were created before, and how
	// far Stripe's clock may be from ours. The last part, which has no end, is at
	// least that long.
	settling = time.Minute
)

// parts cuts the time since a beginning into windows, so that a list can be sorted
// without holding all of it.
type parts struct {
	from time.Time
	span time.Duration // of the next window
	edge time.Time     // where nothing should be before
}

func newParts(from, now time.Time) *parts {
	return &parts{from: from, span: firstSpan, edge: now.Add(-kept).Truncate(time.Second)}
}

// next returns the next window, and how many events it may have.
func (p *parts) next(now time.Time) (w window, most int) {
	settled := now.Add(-settling)
	p.span, w.from = min(p.span, max(now.Sub(p.from), minSpan)), p.from
	switch {
	case p.from.Before(p.edge):
		w.to, most = p.edge, math.MaxInt
	case p.from.Add(minSpan).After(settled):
		most = math.MaxInt
	case p.from.Add(p.span).After(settled):
		most = maxEvents
	default:
		w.to, most = p.from.Add(p.span), maxEvents
		if p.span == minSpan {
			most = math.MaxInt
		}
	}
	return w, most
}

// shrink makes the window shorter that next has returned, which had too many
// events.
func (p *parts) shrink() {
	p.span = max(p.span/8, minSpan).Truncate(time.Second)
}

// done goes on where the window ends that next has returned, which had n events.
func (p *parts) done(end time.Time, n int) {
	p.from = end
	if n < maxEvents/4 {
		p.span = min(2*p.span, kept)
	}
}
