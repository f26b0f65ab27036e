package inbox

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// held is the jobs whose leases are to be renewed.
type held struct {
	mu   sync.Mutex
	jobs []*job // each knows its place
}

func (h *held) add(jobs []*job) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, j := range jobs {
		j.at = len(h.jobs)
		h.jobs = append(h.jobs, j)
	}
}

// remove forgets jobs. Those that were removed before do no harm.
func (h *held) remove(jobs ...*job) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, j := range jobs {
		if j.at < 0 {
			continue
		}
		last := len(h.jobs) - 1
		h.jobs[j.at], h.jobs[last].at = h.jobs[last], j.at
		h.jobs[last] = nil
		h.jobs, j.at = h.jobs[:last], -1
	}
}

// before returns the jobs whose leases were last known to hold before a time.
func (h *held) before(at time.Duration) (old []*job) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, j := range h.jobs {
		if time.Duration(j.renewed.Load()) < at && !j.lost.Load() {
			old = append(old, j)
		}
	}
	return old
}

// overdue returns the jobs whose handlers began before a time, each once.
func (h *held) overdue(began time.Duration) (late []*job) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, j := range h.jobs {
		if at := j.began.Load(); at > 0 && time.Duration(at) < began && j.inner.Load() != finished {
			j.began.Store(0)
			late = append(late, j)
		}
	}
	return late
}

// has reports whether j is still held.
func (h *held) has(j *job) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return j.at >= 0
}

// renewUntil renews, each sixth of a lease, those that are as old as that or
// older: none is older than a third when its renewal begins.
func (w *work) renewUntil(stop <-chan struct{}) {
	ticker := time.NewTicker(w.config.Lease / 6)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
		}
		w.tellOverdue()
		old := w.held.before(time.Since(w.start) - w.config.Lease/6)
		for len(old) > 0 {
			n := min(len(old), maxSettled)
			w.renew(old[:n])
			old = old[n:]
		}
	}
}

// renew renews leases. A call that fails is tried again at the next tick.
func (w *work) renew(jobs []*job) {
	claims := make([]Claim, 0, len(jobs))
	for _, j := range jobs {
		claims = append(claims, j.claim)
	}
	asked := time.Since(w.start)
	var ids []ID
	err := guarded(func() (err error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), w.config.Lease/3)
		defer cancel()
		ids, err = w.store.Renew(ctx, w.config.Lease, claims)
		return err
	})
	if err != nil {
		w.tell(slog.LevelError, "inbox cannot renew leases", err, slog.Int("items", len(jobs)))
		return
	}
	renewed := make(map[ID]bool, len(ids))
	for _, id := range ids {
		renewed[id] = true
	}
	for _, j := range jobs {
		switch {
		case renewed[j.claim.ID]:
			j.renewed.Store(int64(asked))
		case w.held.has(j): // it may have ended meanwhile
			j.lose()
		}
	}
}
