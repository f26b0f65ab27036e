package inbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/inbox"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/source/eventbridge"
	"github.com/cactuscorp/cactus/types"
)

// slowAdds is a store whose Add takes a second.
type slowAdds struct{ inbox.Store }

func (s slowAdds) Add(ctx context.Context, item *inbox.Item) error {
	time.Sleep(time.Second)
	return s.Store.Add(ctx, item)
}

func TestShutdown_TwiceAtOnceWaitsNoLongerThanRequestsDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := start(t, slowAdds{inbox.NewMemory()}, inbox.Config{}, lostRegistry(func(context.Context, *types.OrderLostPushed) error { return nil }))
		added := make(chan error, 1)
		go func() { added <- in.Enqueue(t.Context(), "shop", verified("evt_1")) }()
		synctest.Wait()
		began, lefts := time.Now(), make(chan int, 3)
		for range 3 {
			go func() {
				left, err := in.Shutdown(t.Context())
				if err != nil {
					left = -2
				}
				lefts <- left
			}()
		}
		for range 3 {
			require.Zero(t, <-lefts)
		}
		require.NoError(t, <-added)
		require.Equal(t, time.Second, time.Since(began))
	})
}

// rude is a logger that panics.
type rude struct{ slog.Handler }

func (rude) Enabled(context.Context, slog.Level) bool  { return true }
func (rude) Handle(context.Context, slog.Record) error { panic("no space left on the disk") }
func (rude) WithAttrs([]slog.Attr) slog.Handler        { return rude{} }

func TestRun_SurvivesALoggerThatPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, notes := &faulty{Store: inbox.NewMemory()}, newJournal()
		store.fail(errors.New("the database is gone"))
		in := start(t, store, inbox.Config{Logger: slog.New(rude{}), Lease: 10 * time.Second}, lostRegistry(func(_ context.Context, e *types.OrderLostPushed) error {
			time.Sleep(15 * time.Second)
			if notes.note(e.ID); len(notes.all()) == 1 {
				return errors.New("no")
			}
			return nil
		}))
		time.Sleep(time.Minute)
		store.fail(nil)
		in.add(t, "evt_1")
		time.Sleep(20 * time.Second)
		store.fail(errors.New("gone again")) // while it runs, renews and settles
		time.Sleep(time.Minute)
		store.fail(nil)
		time.Sleep(5 * time.Minute)
		in.drain(t)
		require.GreaterOrEqual(t, len(notes.all()), 2)
	})
}

// forgetful is a store that claims what is not there, once.
type forgetful struct {
	inbox.Store

	done bool
}

func (f *forgetful) Claim(ctx context.Context, req inbox.ClaimRequest) ([]inbox.Claimed, error) {
	if !f.done {
		f.done = true
		return make([]inbox.Claimed, 1), nil
	}
	return f.Store.Claim(ctx, req)
}

func TestRun_SurvivesAStoreThatClaimsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		notes := newJournal()
		in := start(t, &forgetful{Store: inbox.NewMemory()}, inbox.Config{}, lostRegistry(func(_ context.Context, e *types.OrderLostPushed) error {
			notes.note(e.ID)
			return nil
		}))
		in.add(t, "evt_1")
		time.Sleep(time.Minute)
		require.Len(t, notes.all(), 1)
		in.drain(t)
	})
}

func TestHandler_ThatDoesNotReturnIsToldOfOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		gate := make(chan struct{})
		in := start(t, inbox.NewMemory(), inbox.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}, lostRegistry(func(context.Context, *types.OrderLostPushed) error {
			<-gate
			return nil
		}))
		in.add(t, "evt_1")
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Equal(t, 1, strings.Count(log.String(), "inbox handler does not return"))
		close(gate)
		in.drain(t)
	})
}

func TestBusy_ForNoTimeAtAllIsNoBusyLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		notes := newJournal()
		in := start(t, inbox.NewMemory(), inbox.Config{
			Workers: 1, Batch: 1, Poll: time.Millisecond, Logger: slog.New(slog.NewTextHandler(&log, nil)),
		}, lostRegistry(func(_ context.Context, e *types.OrderLostPushed) error {
			notes.note(e.ID)
			return &cactus.Error{Outcome: cactus.OutcomeBusy, After: 1}
		}))
		in.add(t, "evt_1")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		require.LessOrEqual(t, len(notes.all()), 101)
		require.LessOrEqual(t, strings.Count(log.String(), "\n"), 11, "a line a second")
		_, err := in.Shutdown(t.Context())
		require.NoError(t, err)
	})
}

// A token is the secret itself, and needed by nobody once it was checked.
func TestInbox_StoresNoToken(t *testing.T) {
	const secret = "b52e8a01d8c94f6e8b77"
	token := eventbridge.New(signature.Must(signature.NewToken("X-Api-Key", signature.Key{Secret: secret})))
	for name, src := range map[string]cactus.Source{
		"at once": token,
		"chosen": cactus.PerRequest(func(context.Context, *cactus.Request) (string, cactus.Source, error) {
			return "acme", token, nil
		}),
	} {
		t.Run(name, func(t *testing.T) {
			store := &faulty{Store: inbox.NewMemory()}
			in := inbox.New(store, inbox.Config{})
			in.Register("bus", &cactus.Registry{}, src)
			req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader("{}"))
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("X-Api-Key", secret)
			require.Equal(t, http.StatusAccepted, record(in.Handler("bus"), req).Code)
			require.Equal(t, secret, req.Header.Get("X-Api-Key"), "others may need it")
			if name == "at once" {
				require.NoError(t, in.Enqueue(t.Context(), "bus", cactus.NewRequest(req.Header, nil, time.Now())))
			}
			for _, item := range store.added() {
				head, err := item.MarshalHead()
				require.NoError(t, err)
				require.NotContains(t, string(head), secret)
				require.Contains(t, string(head), "application/json")
			}
		})
	}
}

// counting is a store that counts calls of Claim.
type counting struct {
	inbox.Store

	claims atomic.Int64
}

func (c *counting) Claim(ctx context.Context, req inbox.ClaimRequest) ([]inbox.Claimed, error) {
	c.claims.Add(1)
	return c.Store.Claim(ctx, req)
}

func TestRun_ClaimsSeveralAtOnceInACrowd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, notes := &counting{Store: inbox.NewMemory()}, newJournal()
		in := start(t, store, inbox.Config{}, lostRegistry(func(_ context.Context, e *types.OrderLostPushed) error {
			notes.note(e.ID)
			return nil
		}))
		for n := range 1000 { // 100,000 a second
			in.add(t, fmt.Sprintf("evt_%d", n))
			time.Sleep(10 * time.Microsecond)
		}
		time.Sleep(time.Millisecond)
		require.Len(t, notes.all(), 1000)
		require.Less(t, store.claims.Load(), int64(250))
		in.add(t, "evt_last")
		time.Sleep(2 * time.Millisecond)
		began := notes.times()
		in.add(t, "evt_alone")
		synctest.Wait()
		require.Len(t, notes.times(), len(began)+1, "at once")
		in.drain(t)
	})
}
