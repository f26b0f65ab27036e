package inbox_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/inbox"
	"github.com/cactuscorp/cactus/inbox/inboxtest"
	"github.com/cactuscorp/cactus/types"
)

func TestMemory_IsAStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inboxtest.Run(struct{ testing.TB }{t}, func(testing.TB) inbox.Store { return inbox.NewMemory() })
	})
}

func TestInbox_AnswersAtOnceAndWorksLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		notes, gate := newJournal(), make(chan struct{})
		in := start(t, inbox.NewMemory(), inbox.Config{}, lostRegistry(func(_ context.Context, e *types.OrderLostPushed) error {
			<-gate
			notes.note(e.ID + " by " + e.Key)
			return nil
		}))
		w := post(t, in.Handler("shop"), "evt_1")
		require.Equal(t, http.StatusAccepted, w.Code)
		synctest.Wait()
		require.Empty(t, notes.all())
		s, err := in.Stats(t.Context())
		require.NoError(t, err)
		require.Equal(t, inbox.Stats{Running: 1}, s)
		close(gate)
		in.drain(t)
		require.Equal(t, []string{"evt_1 by " + cactustest.KeyName}, notes.all())
	})
}

func TestInbox_RefusesAForgedRequestAndStoresNothing(t *testing.T) {
	in := inbox.New(inbox.NewMemory(), inbox.Config{})
	in.Register("shop", &cactus.Registry{}, cactustest.Source())
	req := signed(t, "evt_1", lostBody("evt_1"))
	req.Header.Set("Webhook-Id", "evt_2")
	w := record(in.Handler("shop"), req)
	require.Equal(t, http.StatusUnauthorized, w.Code)
	s, err := in.Stats(t.Context())
	require.NoError(t, err)
	require.Zero(t, s)
}

func TestInbox_FullStoreIs503AndLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		notes := newJournal()
		registry := lostRegistry(func(_ context.Context, e *types.OrderLostPushed) error {
			notes.note(e.ID)
			return nil
		})
		for name, store := range map[string]*inbox.Memory{
			"items": inbox.NewMemory(inbox.WithMaxItems(2)),
			"bytes": inbox.NewMemory(inbox.WithMaxBytes(3000)),
		} {
			in := inbox.New(store, inbox.Config{})
			in.Register("shop", registry, cactustest.Source())
			h := in.Handler("shop")
			require.Equal(t, http.StatusAccepted, post(t, h, name+"_1").Code)
			require.Equal(t, http.StatusAccepted, post(t, h, name+"_2").Code)
			w := post(t, h, name+"_3")
			require.Equal(t, http.StatusServiceUnavailable, w.Code)
			require.Equal(t, "10", w.Header().Get("Retry-After"))
			require.Equal(t, 2, stats(t, store).Ready)

			go func() { _ = in.Run(t.Context()) }()
			synctest.Wait()
			require.Equal(t, http.StatusAccepted, post(t, h, name+"_3").Code)
			left, err := in.Shutdown(t.Context())
			require.NoError(t, err)
			require.Zero(t, left)
			require.ElementsMatch(t, []string{name + "_1", name + "_2", name + "_3"}, notes.all())
			notes = newJournal()
		}
	})
}

func TestInbox_EnqueueSaysWhatTheSenderIsToDo(t *testing.T) {
	store := &faulty{Store: inbox.NewMemory()}
	in := inbox.New(store, inbox.Config{})
	in.Register("shop", &cactus.Registry{}, cactustest.Source())
	require.ErrorContains(t, in.Enqueue(t.Context(), "other", verified("evt_1")), `"other"`)

	store.fail(errors.New("disk"))
	err := in.Enqueue(t.Context(), "shop", verified("evt_1"))
	require.ErrorContains(t, err, "disk")
	require.Equal(t, cactus.OutcomeRetry, cactus.OutcomeOf(err))

	store.fail(nil)
	left, err := in.Shutdown(t.Context())
	require.NoError(t, err)
	require.Zero(t, left)
	err = in.Enqueue(t.Context(), "shop", verified("evt_1"))
	require.ErrorIs(t, err, inbox.ErrShutdown)
	require.Equal(t, cactus.OutcomeRetry, cactus.OutcomeOf(err))
}

func TestInbox_PanicsOnMisuse(t *testing.T) {
	in := inbox.New(inbox.NewMemory(), inbox.Config{})
	r := &cactus.Registry{}
	in.Register("shop", r, cactustest.Source())
	for name, misuse := range map[string]func(){
		"New needs":      func() { inbox.New(nil, inbox.Config{}) },
		"Config.Workers": func() { inbox.New(inbox.NewMemory(), inbox.Config{Workers: -1}) },
		"Config.Lease":   func() { inbox.New(inbox.NewMemory(), inbox.Config{Lease: 1}) },
		"is taken":       func() { in.Register("shop", r, cactustest.Source()) },
		"needs a reg":    func() { in.Register("other", nil, cactustest.Source()) },
		"1 to 200 bytes": func() { in.Register("\xff", r, cactustest.Source()) },
		"no such source": func() { in.Handler("other") },
		"Enqueue needs":  func() { _ = in.Enqueue(t.Context(), "shop", nil) },
		"WithMaxItems":   func() { inbox.WithMaxItems(0) },
		"WithMaxBytes":   func() { inbox.WithMaxBytes(0) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() { require.Contains(t, recover(), name) }()
			misuse()
		})
	}
}

func TestInbox_StoresNoCredentialsAndAllTheRest(t *testing.T) {
	store := &faulty{Store: inbox.NewMemory()}
	source := cactus.PerRequest(func(_ context.Context, req *cactus.Request) (string, cactus.Source, error) {
		return req.PathValue("tenant"), cactustest.Source(), nil
	})
	in := inbox.New(store, inbox.Config{})
	in.Register("shop", &cactus.Registry{}, source)
	mux := http.NewServeMux()
	mux.Handle("POST /hooks/{tenant}", in.Handler("shop"))

	req := signed(t, "evt_1", lostBody("evt_1"))
	req.URL.Path, req.URL.RawQuery = "/hooks/acme", "a=b"
	req.Header["Authorization"] = []string{"secret"}
	req.Header["Proxy-Authorization"] = []string{"secret"}
	req.Header["Cookie"] = []string{"secret"}
	req.Header["X-Twice"] = []string{"1", "2"}
	require.Equal(t, http.StatusAccepted, record(mux, req).Code)

	require.Len(t, store.added(), 1)
	item := store.added()[0]
	require.Equal(t, "shop", item.Source)
	require.Equal(t, "acme", item.Tenant)
	require.Equal(t, cactustest.KeyName, item.Key)
	require.Equal(t, map[string]string{"tenant": "acme"}, item.Path)
	require.Equal(t, "/hooks/acme?a=b", item.URL.String())
	require.Equal(t, http.MethodPost, item.Method)
	require.JSONEq(t, lostBody("evt_1"), string(item.Body))
	require.WithinDuration(t, time.Now(), item.ReceivedAt, time.Minute)
	require.Equal(t, []string{"1", "2"}, item.Header["X-Twice"])
	require.NotEmpty(t, item.Header.Get("Webhook-Signature"))
	for _, name := range []string{"Authorization", "Proxy-Authorization", "Cookie"} {
		require.NotContains(t, item.Header, name)
	}
	require.Contains(t, req.Header, "Cookie", "the request's own header")
}

func TestConfig_ChoosesHeadersAndContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		notes := newJournal()
		in := start(t, inbox.NewMemory(), inbox.Config{
			DropHeader: func(name string) bool { return name == "X-Secret" },
			Context: func(ctx context.Context, req *cactus.Request) context.Context {
				require.NotContains(t, req.Header, "X-Secret")
				return context.WithValue(ctx, key{}, req.Header.Get("Traceparent"))
			},
		}, lostRegistry(func(ctx context.Context, _ *types.OrderLostPushed) error {
			trace, _ := ctx.Value(key{}).(string)
			notes.note(trace)
			return nil
		}))
		req := verified("evt_1")
		req.Header.Set("Traceparent", "00-abc")
		req.Header.Set("X-Secret", "secret")
		require.NoError(t, in.Enqueue(t.Context(), "shop", req))
		in.drain(t)
		require.Equal(t, []string{"00-abc"}, notes.all())
	})
}

func TestInbox_KnowsPathValuesAndTenantLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		notes := newJournal()
		in := start(t, inbox.NewMemory(), inbox.Config{}, nil)
		in.Register("shop", lostRegistry(func(_ context.Context, e *types.OrderLostPushed) error {
			notes.note(e.Tenant)
			return nil
		}), cactus.PerRequest(func(_ context.Context, req *cactus.Request) (string, cactus.Source, error) {
			return req.PathValue("tenant"), cactustest.Source(), nil
		}))
		mux := http.NewServeMux()
		mux.Handle("POST /hooks/{tenant}", in.Handler("shop"))
		req := signed(t, "evt_1", lostBody("evt_1"))
		req.URL.Path = "/hooks/acme"
		require.Equal(t, http.StatusAccepted, record(mux, req).Code)
		in.drain(t)
		require.Equal(t, []string{"acme"}, notes.all())
	})
}
