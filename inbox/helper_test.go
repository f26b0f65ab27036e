package inbox_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/inbox"
	"github.com/cactuscorp/cactus/types"
)

// lostBody is an event as it is pushed.
func lostBody(id string) string { return fmt.Sprintf(`{"id":%q,"type":"order.lost"}`, id) }

// signed returns a request as the provider makes it.
func signed(tb testing.TB, id, body string) *http.Request {
	tb.Helper()
	req := httptest.NewRequestWithContext(tb.Context(), http.MethodPost, "/hooks", strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	require.NoError(tb, cactustest.Scheme().Sign(req.Header, id, []byte(body), time.Now()))
	return req
}

// post sends an event and returns the answer.
func post(tb testing.TB, h http.Handler, id string) *httptest.ResponseRecorder {
	tb.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, signed(tb, id, lostBody(id)))
	return w
}

// verified returns what a queue would have of an event.
func verified(id string) *cactus.Request {
	return cactus.NewRequest(map[string][]string{"webhook-id": {id}}, []byte(lostBody(id)), time.Now())
}

// lostRegistry has one handler.
func lostRegistry(handle func(ctx context.Context, e *types.OrderLostPushed) error, mw ...cactus.Middleware) *cactus.Registry {
	r := &cactus.Registry{}
	r.Use(mw...)
	cactus.On(r, handle)
	return r
}

// running is an Inbox whose Run is under way.
type running struct {
	*inbox.Inbox

	stop context.CancelFunc // of Run's context
	done chan error         // what Run has returned
}

// start runs an Inbox over store with one source, "shop", in a bubble.
func start(tb testing.TB, store inbox.Store, config inbox.Config, r *cactus.Registry) *running {
	tb.Helper()
	in := &running{Inbox: inbox.New(store, config), done: make(chan error, 1)}
	if r != nil {
		in.Register("shop", r, cactustest.Source())
	}
	var ctx context.Context
	ctx, in.stop = context.WithCancel(tb.Context())
	tb.Cleanup(in.stop)
	go func() { in.done <- in.Run(ctx) }()
	synctest.Wait() // it has begun
	return in
}

// add enqueues events.
func (in *running) add(tb testing.TB, ids ...string) {
	tb.Helper()
	for _, id := range ids {
		require.NoError(tb, in.Enqueue(tb.Context(), "shop", verified(id)))
	}
}

// drain shuts down and requires that nothing is left.
func (in *running) drain(tb testing.TB) {
	tb.Helper()
	left, err := in.Shutdown(tb.Context())
	require.NoError(tb, err)
	require.Zero(tb, left)
	require.NoError(tb, <-in.done)
}

// letters returns all dead letters.
func (in *running) letters(tb testing.TB) (all []inbox.Letter) {
	tb.Helper()
	for letter, err := range in.Dead(tb.Context()) {
		require.NoError(tb, err)
		all = append(all, letter)
	}
	return all
}

func stats(tb testing.TB, store inbox.Store) inbox.Stats {
	tb.Helper()
	s, err := store.Stats(tb.Context())
	require.NoError(tb, err)
	return s
}

// journal notes what handlers did.
type journal struct {
	mu    sync.Mutex
	start time.Time
	ids   []string
	at    []time.Duration
}

func newJournal() *journal { return &journal{start: time.Now()} }

func (j *journal) note(id string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ids = append(j.ids, id)
	j.at = append(j.at, time.Since(j.start))
}

func (j *journal) all() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]string(nil), j.ids...)
}

func (j *journal) times() []time.Duration {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]time.Duration(nil), j.at...)
}

func record(h http.Handler, req *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w
}

// faulty is a store that fails when told to, and remembers what was added.
type faulty struct {
	inbox.Store

	mu    sync.Mutex
	err   error
	lost  bool // of renewals
	items []*inbox.Item
	calls int // of Renew
}

func (f *faulty) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

func (f *faulty) renewals() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

func (f *faulty) failure() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

func (f *faulty) added() []*inbox.Item {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.items
}

func (f *faulty) Add(ctx context.Context, item *inbox.Item) error {
	if err := f.failure(); err != nil {
		return err
	}
	f.mu.Lock()
	f.items = append(f.items, item)
	f.mu.Unlock()
	return f.Store.Add(ctx, item)
}

func (f *faulty) Claim(ctx context.Context, req inbox.ClaimRequest) ([]inbox.Claimed, error) {
	if err := f.failure(); err != nil {
		return nil, err
	}
	return f.Store.Claim(ctx, req)
}

func (f *faulty) Renew(ctx context.Context, lease time.Duration, claims []inbox.Claim) ([]inbox.ID, error) {
	f.mu.Lock()
	f.calls++
	err, lost := f.err, f.lost
	f.mu.Unlock()
	if err != nil || lost {
		return nil, err
	}
	return f.Store.Renew(ctx, lease, claims)
}

func (f *faulty) Complete(ctx context.Context, claims []inbox.Claim) (int, error) {
	if err := f.failure(); err != nil {
		return 0, err
	}
	return f.Store.Complete(ctx, claims)
}

func (f *faulty) Retry(ctx context.Context, claim inbox.Claim, r inbox.Retry) error {
	if err := f.failure(); err != nil {
		return err
	}
	return f.Store.Retry(ctx, claim, r)
}
