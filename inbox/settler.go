package inbox

import (
	"context"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/cactuscorp/cactus/internal/backoff"
)

// settler tells the store which jobs are complete, and which are released: one
// call for as many as there are when the one before is over. The workers go on
// meanwhile.
type settler struct {
	work *work
	wake chan struct{}

	mu       sync.Mutex
	done     []*job
	released []*job
	closed   bool
}

// maxSettled is how many claims are in one call.
const maxSettled = 256

func (s *settler) complete(j *job) {
	s.mu.Lock()
	s.done = append(s.done, j)
	s.mu.Unlock()
	notify(s.wake)
}

func (s *settler) release(j *job) {
	s.mu.Lock()
	s.released = append(s.released, j)
	s.mu.Unlock()
	notify(s.wake)
}

// behind reports whether so much waits to be settled that no more should begin.
func (s *settler) behind() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.done) > 4*maxSettled
}

// close says that there will be no more.
func (s *settler) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	notify(s.wake)
}

// run settles until close.
func (s *settler) run() {
	var done, released []*job
	var claims []Claim
	for {
		s.mu.Lock()
		done, s.done = s.done, done[:0]
		released, s.released = s.released, released[:0]
		closed := s.closed
		s.mu.Unlock()
		claims = s.flush(claims, done, s.work.store.Complete)
		claims = s.flush(claims, released, s.work.store.Release)
		if len(done)+len(released) > 0 {
			notify(s.work.room)
			clear(done)
			clear(released)
			continue
		}
		if closed {
			return
		}
		<-s.wake
		runtime.Gosched() // there may be more in a moment
	}
}

// flush settles jobs and lets go of them. It returns the memory of its claims.
func (s *settler) flush(claims []Claim, jobs []*job, call func(context.Context, []Claim) (int, error)) []Claim {
	for len(jobs) > 0 {
		n := min(len(jobs), maxSettled)
		claims = claims[:0]
		for _, j := range jobs[:n] {
			claims = append(claims, j.claim)
		}
		s.insist(jobs[:n], func(ctx context.Context) error {
			settled, err := call(ctx, claims)
			if err == nil && settled < n {
				s.work.tell(slog.LevelWarn, "inbox items were somebody else's, or settled before", nil, slog.Int("items", n-settled))
			}
			return err
		})
		s.work.held.remove(jobs[:n]...)
		jobs = jobs[n:]
	}
	return claims
}

// insist repeats a call until it succeeds. Once the work is interrupted it gives
// up, and the leases run out.
func (s *settler) insist(jobs []*job, call func(ctx context.Context) error) {
	waits := backoff.Exponential{Base: 100 * time.Millisecond, Max: storeTimeout}
	for try := 1; ; try++ {
		err := s.work.call(call)
		if err == nil {
			return
		}
		s.work.tell(slog.LevelError, "inbox cannot settle items", err, slog.Int("items", len(jobs)))
		if backoff.Sleep(s.work.ctx, waits.Wait(try)) != nil && try >= endTries {
			return
		}
	}
}
