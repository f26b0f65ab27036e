package inbox_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/inbox"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/types"
)

// twentyPercent are duplicates at 20 %, half of them at the same moment.
var twentyPercent = cactustest.ChaosFaults{Duplicate: 0.1, Concurrent: 0.1}

// watched is an Inbox whose handler takes a moment, fails one time in ten before
// its effect, and records the effect.
type watched struct {
	*inbox.Inbox

	effects cactustest.Effects
	done    chan error // what Run has returned
}

// watch runs a watched Inbox over store.
func watch(tb testing.TB, seed uint64, store inbox.Store, config inbox.Config, work time.Duration) *watched {
	tb.Helper()
	w := &watched{Inbox: inbox.New(store, config), effects: cactustest.Effects{Seed: seed}, done: make(chan error, 1)}
	failures := &cactustest.Failures{Seed: seed, Rate: 0.1}
	r := new(cactus.Registry)
	r.Use(middleware.Dedupe(middleware.NewMemoryDedupe()))
	cactus.On(r, func(_ context.Context, e *types.OrderShippedPushed) error {
		err := failures.Next(e.ID)
		time.Sleep(work)
		if err == nil {
			w.effects.Record(e.ID)
		}
		return err
	})
	w.Register("shop", r, cactustest.Source())
	go func() { w.done <- w.Run(context.Background()) }()
	return w
}

// requireOnce waits until the store is empty and requires that each event had
// its effect once.
func (w *watched) requireOnce(tb testing.TB, store inbox.Store, events []cactustest.ChaosEvent) {
	tb.Helper()
	for stats(tb, store).Left() > 0 {
		time.Sleep(50 * time.Millisecond) // what failed is scheduled
	}
	left, err := w.Shutdown(tb.Context())
	require.NoError(tb, err)
	require.Zero(tb, left)
	require.NoError(tb, <-w.done)
	require.Zero(tb, stats(tb, store), "no dead letters")
	w.effects.RequireOnce(tb, cactustest.ChaosIDs(events))
}

// Ten thousand events, one in five delivered twice, through handlers that fail now
// and then, and all answered before anybody has looked at them.
func TestInbox_SurvivesDuplicatesAndFailures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := inbox.NewMemory(inbox.WithMaxItems(20_000))
		w := watch(t, 1, store, inbox.Config{Workers: 64}, 200*time.Millisecond)
		chaos := cactustest.Chaos{Seed: 1, Faults: twentyPercent, Scale: 1, Senders: 100}
		sent := cactustest.ChaosEvents(10_000, 100)
		report := chaos.Deliver(t, w.Handler("shop"), sent)
		t.Log(report)
		report.RequireAccepted(t)
		require.Len(t, report.Statuses, 1, "nobody waits for handlers, and none of their failures shows")
		w.requireOnce(t, store, sent)
	})
}

// The same with a store that is full all the time.
func TestInbox_SurvivesAStoreThatIsFull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := inbox.NewMemory(inbox.WithMaxItems(200))
		w := watch(t, 2, store, inbox.Config{}, 20*time.Millisecond)
		chaos := cactustest.Chaos{Seed: 2, Faults: twentyPercent, Scale: 1, Senders: 100, Tries: 1000}
		sent := cactustest.ChaosEvents(2000, 100)
		report := chaos.Deliver(t, w.Handler("shop"), sent)
		t.Log(report)
		report.RequireAccepted(t)
		require.NotZero(t, report.Statuses[http.StatusServiceUnavailable])
		w.requireOnce(t, store, sent)
	})
}

// Over real connections, with everything that can go wrong.
func TestInbox_SurvivesABadDayOverHTTP(t *testing.T) {
	t.Parallel()
	store := inbox.NewMemory()
	w := watch(t, 3, store, inbox.Config{
		Poll: 5 * time.Millisecond, Retry: inbox.Schedule{Base: 5 * time.Millisecond, Max: 50 * time.Millisecond},
	}, 0)
	server := httptest.NewServer(w.Handler("shop"))
	sent := cactustest.ChaosEvents(1000, 100)
	report := cactustest.Chaos{Seed: 3, Faults: cactustest.BadDay()}.Post(t, server.URL, sent)
	server.Close() // waits for handlers that run
	t.Log(report)
	report.RequireAccepted(t)
	w.requireOnce(t, store, sent)
}

// And with a store that fails, hangs or forgets to answer, one call in ten.
func TestInbox_SurvivesAStoreThatFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		memory := inbox.NewMemory()
		w := watch(t, 4, newMoody(memory, 4, 0.1), inbox.Config{Workers: 64}, 200*time.Millisecond)
		chaos := cactustest.Chaos{Seed: 4, Faults: cactustest.BadDay(), Scale: 1, Senders: 100}
		sent := cactustest.ChaosEvents(2000, 100)
		report := chaos.Deliver(t, w.Handler("shop"), sent)
		t.Log(report)
		report.RequireAccepted(t)
		require.NotZero(t, report.Statuses[http.StatusServiceUnavailable])
		w.requireOnce(t, memory, sent)
	})
}

// moody is a store of which a share of the calls goes wrong: a quarter of them
// fails, one panics, one hangs until its context is done, and one takes effect and
// fails all the same.
type moody struct {
	inbox.Store

	rate float64
	mu   sync.Mutex
	rand *rand.Rand
}

func newMoody(store inbox.Store, seed uint64, rate float64) *moody {
	return &moody{Store: store, rate: rate, rand: rand.New(rand.NewPCG(seed, 0))}
}

var errMood = errors.New("the store is in a mood")

func (m *moody) try(ctx context.Context, call func() error) error {
	m.mu.Lock()
	mood := m.rand.Float64() / m.rate
	m.mu.Unlock()
	switch {
	case mood < 0.25:
		return errMood
	case mood < 0.5:
		panic(errMood)
	case mood < 0.75:
		<-ctx.Done()
		return ctx.Err()
	}
	if err := call(); err != nil || mood >= 1 {
		return err
	}
	return errMood
}

func (m *moody) Add(ctx context.Context, item *inbox.Item) error {
	return m.try(ctx, func() error { return m.Store.Add(ctx, item) })
}

func (m *moody) Claim(ctx context.Context, req inbox.ClaimRequest) (claimed []inbox.Claimed, err error) {
	err = m.try(ctx, func() error {
		claimed, err = m.Store.Claim(ctx, req)
		return err
	})
	return claimed, err
}

func (m *moody) Renew(ctx context.Context, lease time.Duration, claims []inbox.Claim) (ids []inbox.ID, err error) {
	err = m.try(ctx, func() error {
		ids, err = m.Store.Renew(ctx, lease, claims)
		return err
	})
	return ids, err
}

func (m *moody) Complete(ctx context.Context, claims []inbox.Claim) (n int, err error) {
	err = m.try(ctx, func() error {
		n, err = m.Store.Complete(ctx, claims)
		return err
	})
	return n, err
}

func (m *moody) Release(ctx context.Context, claims []inbox.Claim) (n int, err error) {
	err = m.try(ctx, func() error {
		n, err = m.Store.Release(ctx, claims)
		return err
	})
	return n, err
}

func (m *moody) Retry(ctx context.Context, claim inbox.Claim, retry inbox.Retry) error {
	return m.try(ctx, func() error { return m.Store.Retry(ctx, claim, retry) })
}

func (m *moody) Bury(ctx context.Context, claim inbox.Claim, burial inbox.Burial) error {
	return m.try(ctx, func() error { return m.Store.Bury(ctx, claim, burial) })
}
