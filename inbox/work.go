package inbox

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cactuscorp/cactus/internal/backoff"
)

// work is an Inbox that runs: one goroutine claims, some work, one settles what is
// done, and one renews leases.
type work struct {
	*Inbox

	ctx       context.Context //nolint:containedctx // of all that runs
	interrupt context.CancelCauseFunc
	start     time.Time
	instant   bool // the store is a Memory, which looks at no context

	jobs     chan *job // claimed; has room for all of them
	inflight atomic.Int64
	room     chan struct{} // a worker is done with a job
	timer    *time.Timer   // of claim
	asked    time.Duration // when claim did so last, since start
	streak   int           // how often it did so in a row, see gather
	pace     atomic.Int64  // what a job takes, in nanoseconds, on average
	told     atomic.Int64  // when mayTell was last true of what is put off, in nanoseconds since start
	warned   atomic.Int64  // likewise, of what nothing takes
	workers  sync.WaitGroup
	held     held
	settler  settler

	over    chan struct{} // closed when nothing runs any more
	drained bool          // nothing was ready; set before over is closed
}

func newWork(ctx context.Context, in *Inbox) *work {
	w := &work{
		Inbox: in, start: time.Now(), jobs: make(chan *job, in.config.Workers+in.config.Batch),
		room: make(chan struct{}, 1), over: make(chan struct{}),
	}
	w.ctx, w.interrupt = context.WithCancelCause(ctx)
	_, w.instant = in.store.(*Memory)
	w.pace.Store(int64(time.Second)) // nothing is known yet
	w.settler = settler{work: w, wake: make(chan struct{}, 1)}
	return w
}

func (w *work) run(ctx context.Context) error {
	defer w.interrupt(nil)
	stop := make(chan struct{})
	var background sync.WaitGroup
	background.Go(func() { w.renewUntil(stop) }) //nolint:contextcheck // the store is told whatever becomes of ctx
	background.Go(w.settler.run)
	for range w.config.Workers {
		w.workers.Go(w.labour)
	}
	w.drained = w.claim() //nolint:contextcheck // likewise
	close(w.jobs)
	w.workers.Wait()
	w.settler.close()
	close(stop)
	background.Wait()
	defer close(w.over)
	if w.drained {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return context.Cause(w.ctx) //nolint:contextcheck // Shutdown ended it
}

// claim feeds the workers. It returns true if it was told to drain and nothing is
// ready any more, and false if it was interrupted.
func (w *work) claim() (drained bool) {
	w.timer = time.NewTimer(w.config.Poll)
	retry := backoff.Exponential{Base: w.config.Poll / 4, Max: 30 * time.Second}
	for failures := 0; ; {
		n := w.wanted()
		if n == 0 {
			w.timer.Reset(w.config.Poll) // the last word of room may have come too early
			select {
			case <-w.room:
			case <-w.timer.C:
			case <-w.ctx.Done():
				return false
			}
			continue
		}
		if w.ctx.Err() != nil {
			return false
		}
		draining := w.draining()
		got, err := w.take(n)
		wait := w.config.Poll
		if err != nil {
			failures++
			wait = retry.Wait(failures)
			w.tell(slog.LevelError, "inbox cannot claim items", err)
		} else {
			failures = 0
			if got == n || got > 0 && draining {
				continue
			}
			if draining {
				return true
			}
		}
		if !w.pause(wait, err == nil) {
			return false
		}
	}
}

func (w *work) draining() bool {
	select {
	case <-w.drain:
		return true
	default:
		return false
	}
}

// Gather is how long the claimer lets more come in when it has claimed maxStreak
// times in a row with less than ten times as much in between. A claim is for
// several then, and so is each waking of a goroutine, which costs the requests more
// than the work itself. Until then what comes in is claimed at once.
const (
	gather    = 100 * time.Microsecond
	maxStreak = 32
)

// pause waits before the store is asked again. It returns false if the work is
// interrupted.
func (w *work) pause(wait time.Duration, hopeful bool) bool {
	wake, drain := w.wake, w.drain
	if !hopeful { // the store fails
		wake, drain = nil, nil
	}
	w.timer.Reset(wait)
	defer w.timer.Stop()
	select {
	case <-w.timer.C:
	case <-wake:
		if w.streak > maxStreak && time.Since(w.start)-w.asked <= 10*gather {
			time.Sleep(gather)
			break
		}
		runtime.Gosched() // there may be more in a moment
	case <-drain:
	case <-w.ctx.Done():
		return false
	}
	return true
}

// prefetched is for how long items may wait here, claimed, for a worker.
const prefetched = 50 * time.Millisecond

// wanted returns how many items to claim: one for each idle worker, and as many
// more as will be done soon. It is zero while enough of those are still here, so
// that a claim is for several.
func (w *work) wanted() int {
	ahead := min(w.config.Batch, int(int64(w.config.Workers)*int64(prefetched)/max(w.pace.Load(), 1)))
	n := w.config.Workers + ahead - int(w.inflight.Load())
	if len(w.jobs) > ahead/2 || w.settler.behind() {
		return 0
	}
	return max(min(n, w.config.Batch), 0)
}

// take claims up to n items and hands them to the workers.
func (w *work) take(n int) (got int, err error) {
	asked, owner := time.Since(w.start), w.tokens.owner()
	var claimed []Claimed
	err = w.call(func(ctx context.Context) (err error) {
		claimed, err = w.store.Claim(ctx, ClaimRequest{Owner: owner, Max: n, Lease: w.config.Lease})
		if err == nil && slices.ContainsFunc(claimed, func(c Claimed) bool { return c.Item == nil }) {
			err = errors.New("the store has claimed an item that is nil")
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	jobs := make([]*job, 0, len(claimed))
	for _, c := range claimed {
		j := &job{Claimed: c, claim: Claim{c.Item.ID, owner}, parent: w.ctx}
		j.renewed.Store(int64(asked))
		jobs = append(jobs, j)
	}
	w.held.add(jobs)
	w.inflight.Add(int64(len(jobs)))
	for _, j := range jobs {
		w.jobs <- j
	}
	if asked-w.asked > 10*gather {
		w.streak = 0
	}
	w.asked, w.streak = asked, w.streak+1
	return len(jobs), nil
}

// call calls the store, even when the work is interrupted, so that it is known
// what becomes of it. A panic is an error.
func (w *work) call(f func(ctx context.Context) error) error {
	if w.instant {
		return guarded(func() error { return f(w.ctx) })
	}
	return w.patiently(f)
}

// patiently is call for what may wait. It bounds the wait.
func (w *work) patiently(f func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), storeTimeout)
	defer cancel()
	return guarded(func() error { return f(ctx) })
}
