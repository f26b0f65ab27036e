package benchmarks

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"
)

// Options say how long to measure.
type Options struct {
	Rounds int           // paired rounds of a comparison
	Slot   time.Duration // of one case in a round
}

// figures are what was measured of one case.
type figures struct {
	times         []float64 // nanoseconds each time, by round
	allocs, bytes float64   // each time
}

// runner is a case that has been started.
type runner struct {
	Case
	figures

	work  Work
	batch int
}

// measure runs ours and the peers in turn and returns the figures of each, ours
// first.
func (c Comparison) measure(o Options) ([]figures, error) {
	var runners []*runner
	for _, one := range append([]Case{c.Ours}, c.Peers...) {
		work, stop := one.Start()
		defer stop()
		r := &runner{Case: one, work: work, batch: one.Batch}
		if err := r.calibrate(o.Slot); err != nil {
			return nil, fmt.Errorf("%s: %w", r.Name, err)
		}
		runners = append(runners, r)
	}
	for round := range o.Rounds {
		for i := range runners {
			r := runners[(round+i)%len(runners)] // nobody is always first
			if err := r.time(); err != nil {
				return nil, fmt.Errorf("%s: %w", r.Name, err)
			}
		}
	}
	var all []figures
	for _, r := range runners {
		if err := r.weigh(); err != nil {
			return nil, fmt.Errorf("%s: %w", r.Name, err)
		}
		all = append(all, r.figures)
	}
	return all, nil
}

// calibrate finds how often the work is done in a slot, and warms it up.
func (r *runner) calibrate(slot time.Duration) error {
	if r.Batch > 0 {
		return r.work(r.Batch / 10)
	}
	for n := ringSize; ; n *= 2 {
		start := time.Now()
		if err := r.work(n); err != nil {
			return err
		}
		if spent := time.Since(start); spent > slot/4 {
			r.batch = max(1, int(float64(n)*float64(slot)/float64(spent)))
			return nil
		}
	}
}

// time measures one round.
func (r *runner) time() error {
	runtime.GC()
	start := time.Now()
	if err := r.work(r.batch); err != nil {
		return err
	}
	r.times = append(r.times, float64(time.Since(start))/float64(r.batch))
	return nil
}

// weigh measures the memory of one round. Like package testing it rounds down:
// what a garbage collection made a pool allocate again is not counted.
func (r *runner) weigh() error {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := r.work(r.batch); err != nil {
		return err
	}
	runtime.ReadMemStats(&after)
	r.allocs = math.Floor(float64(after.Mallocs-before.Mallocs) / float64(r.batch))
	r.bytes = math.Floor(float64(after.TotalAlloc-before.TotalAlloc) / float64(r.batch))
	return nil
}

// ratio returns the median of the rounds' ratios of a to b.
func ratio(a, b []float64) float64 {
	ratios := make([]float64, len(a))
	for i := range a {
		ratios[i] = a[i] / b[i]
	}
	return median(ratios)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
