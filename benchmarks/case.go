package benchmarks

import (
	"fmt"
	"net/http"
	"sync/atomic"
)

// Work does a thing n times, and returns an error unless each time did what it
// should. It is not safe for concurrent use.
type Work func(n int) error

// Case is a thing that can be measured.
type Case struct {
	Name string
	// Batch is how often a round does the thing; zero: for as long as a round
	// lasts.
	Batch int
	// Start prepares the work; stop frees what it holds. Signatures are made
	// here, and are good for five minutes.
	Start func() (work Work, stop func())
}

// working is the Start of a case that has nothing to stop.
func working(prepare func() Work) func() (Work, func()) {
	return func() (Work, func()) { return prepare(), func() {} }
}

// tally is what handlers have seen: the length of the event's id, that of its
// related object's and the number of its items, all added up. It is the same
// check for ours and for every peer that all was decoded.
type tally struct{ sum atomic.Int64 }

func (t *tally) note(id, object string, items int) {
	t.sum.Add(int64(len(id) + len(object) + items))
}

// What a tally gains with each event, and with a request that reaches no
// handler.
const (
	thinGain = len("evt_65R9Ijk8dKEYZcXeRWn16R9A7j1FSQ3w3TGDPLLGSM000000") + len("mtr_61R9Ijf8dKEYZ")
	fullGain = thinGain + orderItems
	noGain   = 0
)

// serving returns the work of sending a ring's requests to a handler's
// ServeHTTP. Each must be answered with status, and add gain to the tally.
func serving(ring []*request, status, gain int, newHandler func(*tally) http.Handler) Work {
	var (
		seen    tally
		next    int
		handler = newHandler(&seen)
		w       = &recorder{header: http.Header{}}
	)
	return func(n int) error {
		before := seen.sum.Load()
		for range n {
			r := ring[next%len(ring)]
			next++
			r.body.read = 0
			clear(w.header)
			w.status = 0
			handler.ServeHTTP(w, &r.Request)
			if w.status != status {
				return fmt.Errorf("answered with status %d, want %d", w.status, status)
			}
		}
		if got, want := seen.sum.Load()-before, int64(n)*int64(gain); got != want {
			return fmt.Errorf("handlers have seen %d, want %d", got, want)
		}
		return nil
	}
}

// recorder is the smallest ResponseWriter. Like that of net/http's server it
// takes strings too.
type recorder struct {
	header http.Header
	status int
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *recorder) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return len(p), nil
}

func (w *recorder) WriteString(s string) (int, error) {
	w.WriteHeader(http.StatusOK)
	return len(s), nil
}
