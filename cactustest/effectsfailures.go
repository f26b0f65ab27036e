package cactustest

import (
	"errors"
	"hash/fnv"
	"math/rand/v2"
	"sync"
)

// ErrPlanned is what [Failures] returns.
var ErrPlanned = errors.New("cactustest: planned failure")

// Failures decides which runs of a handler fail:
//
//	if err := failures.Next(e.ID); err != nil {
//		return err
//	}
//	effects.Record(e.ID)
//
// Whether the first, second or any later run for an event fails follows from
// Seed, Rate and the event's id alone, and not from what runs beside it. So two
// receivers can be given the same failures.
//
// The zero value is ready and lets nothing fail. Failures is safe for concurrent
// use and must not be copied after first use.
type Failures struct {
	Seed uint64
	Rate float64 // the share of runs that fail, from 0 to 1

	mu   sync.Mutex
	runs map[string]uint64
}

// Next returns [ErrPlanned] if this run for the event with this id is to fail,
// and nil otherwise.
func (f *Failures) Next(id string) error {
	f.mu.Lock()
	if f.runs == nil {
		f.runs = make(map[string]uint64)
	}
	f.runs[id]++
	run := f.runs[id]
	f.mu.Unlock()

	hash := fnv.New64a()
	_, _ = hash.Write([]byte(id))
	random := rand.New(rand.NewPCG(f.Seed^hash.Sum64(), run)) //nolint:gosec // G404: it is to be repeatable
	if random.Float64() < f.Rate {
		return ErrPlanned
	}
	return nil
}
