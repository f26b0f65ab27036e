package stripe

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
)

// However many events there are, each window begins where the one before it ended,
// the last one has no end, and what is too much gets smaller until it fits.
func TestParts_CoverAllTime(t *testing.T) {
	now := time.Date(2025, 6, 1, 12, 0, 0, 123456789, time.UTC)
	chance := rand.New(rand.NewPCG(1, 2))
	for _, from := range []time.Time{
		{},
		now.Add(-time.Hour * 24 * 365), now.Add(-kept), now.Add(-20 * 24 * time.Hour), now.Add(-time.Hour),
		now.Add(-settling), now.Add(-time.Second), now, now.Add(time.Hour),
	} {
		for _, rate := range []float64{0, 0.001, 1, 500, 1e6} { // events a second
			p, end := newParts(from, now), from
			for steps := 0; ; steps++ {
				require.Less(t, steps, 100+int(6*31*24*3600*min(rate, 1)))
				w, most := p.next(now)
				require.Equal(t, end, w.from)
				until := w.to
				if until.IsZero() {
					until = now
				}
				n := math.MaxInt32
				if !w.from.IsZero() {
					n = int(rate * max(0, until.Sub(w.from).Seconds()) * 2 * chance.Float64())
				}
				if n > most {
					p.shrink()
					continue
				}
				if w.to.IsZero() {
					break
				}
				require.True(t, w.to.After(w.from))
				require.False(t, w.to.After(now.Add(-settling)))
				if !w.from.IsZero() && w.from.Nanosecond() == 0 {
					require.Zero(t, w.to.Nanosecond(), "a list that filters by seconds stays exact")
				}
				p.done(w.to, n)
				if end = w.to; rate >= 500 && steps > 1000 {
					break // each second is a window
				}
			}
		}
	}
}

func TestWindow_AllowsForRounding(t *testing.T) {
	at := time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)
	w := window{at, at.Add(time.Hour)}
	for seconds, inside := range map[int]bool{-2: false, -1: true, 0: true, 3600: true, 3601: true, 3602: false} {
		err := w.check(&cactus.Envelope{Meta: cactus.Meta{ID: "evt_1", Created: at.Add(time.Duration(seconds) * time.Second)}})
		require.Equal(t, inside, err == nil, seconds)
	}
	require.NoError(t, window{}.check(&cactus.Envelope{Meta: cactus.Meta{Created: at}}))
	require.Error(t, window{}.check(&cactus.Envelope{}))
}

// However slowly an API answers, a walk gets somewhere.
func TestParts_AreNotChasedByTheClock(t *testing.T) {
	now := time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)
	p := newParts(time.Time{}, now)
	for steps := 0; ; steps++ {
		require.Less(t, steps, 20)
		w, _ := p.next(now)
		if w.to.IsZero() {
			break
		}
		p.done(w.to, 0)
		now = now.Add(10 * time.Second)
	}
}
