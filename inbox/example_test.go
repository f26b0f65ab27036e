package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/inbox"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/types"
)

// send signs an event as the provider does and returns the answer's status.
func send(h http.Handler, id string) int {
	body := lostBody(id)
	req := httptest.NewRequest(http.MethodPost, "/hooks/shop", strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	if err := cactustest.Scheme().Sign(req.Header, id, []byte(body), time.Now()); err != nil {
		panic(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w.Code
}

func Example() {
	r := &cactus.Registry{}
	r.Use(middleware.Dedupe(middleware.NewMemoryDedupe())) // delivery is at least once
	working := make(chan struct{})
	cactus.On(r, func(_ context.Context, e *types.OrderLostPushed) error {
		<-working
		fmt.Println("search for the order of", e.ID)
		return nil
	})

	in := inbox.New(inbox.NewMemory(), inbox.Config{Workers: 1})
	in.Register("shop", r, cactustest.Source())
	mux := http.NewServeMux()
	mux.Handle("POST /hooks/shop", in.Handler("shop"))

	fmt.Println(send(mux, "evt_849"), "while nobody has looked at it")
	fmt.Println(send(mux, "evt_850"), "while nobody has looked at it")

	done := make(chan error)
	go func() { done <- in.Run(context.Background()) }()
	working <- struct{}{} // the first of them runs
	close(working)
	left, err := in.Shutdown(context.Background())
	fmt.Println("left:", left, err, <-done)
	fmt.Println(send(mux, "evt_851"), "after Shutdown")
	// Output:
	// 202 while nobody has looked at it
	// 202 while nobody has looked at it
	// search for the order of evt_849
	// search for the order of evt_850
	// left: 0 <nil> <nil>
	// 503 after Shutdown
}

// A type that was forgotten in a deploy is kept for the next one.
func ExampleConfig_strict() {
	store, ctx := inbox.NewMemory(), context.Background()
	deploy := func(r *cactus.Registry) *inbox.Inbox {
		in := inbox.New(store, inbox.Config{Strict: true})
		in.Register("shop", r, cactustest.Source())
		return in
	}
	workOff := func(in *inbox.Inbox) { // Run returns when nothing is ready any more
		_, _ = in.Shutdown(ctx)
		_ = in.Run(ctx)
	}
	in := deploy(&cactus.Registry{}) // there is no handler
	fmt.Println(send(in.Handler("shop"), "evt_849"))
	workOff(in)
	for letter, err := range in.Dead(ctx) {
		if err != nil {
			return
		}
		fmt.Println(letter.EventID, letter.Reason)
	}

	r := &cactus.Registry{}
	cactus.On(r, func(_ context.Context, e *types.OrderLostPushed) error {
		fmt.Println("search for the order of", e.ID)
		return nil
	})
	in = deploy(r)
	n, err := in.ReplayAll(ctx)
	fmt.Println("replayed:", n, err)
	workOff(in)
	// Output:
	// 202
	// evt_849 cactus: no handler for event type "order.lost"
	// replayed: 1 <nil>
	// search for the order of evt_849
}

func ExampleInbox_Dead() {
	r, mended := &cactus.Registry{}, false
	cactus.On(r, func(context.Context, *types.OrderLostPushed) error {
		if !mended {
			return cactus.Permanent(errors.New("no such warehouse"))
		}
		fmt.Println("handled")
		return nil
	})
	store, ctx := inbox.NewMemory(), context.Background()
	deploy := func() *inbox.Inbox {
		in := inbox.New(store, inbox.Config{})
		in.Register("shop", r, cactustest.Source())
		return in
	}
	workOff := func(in *inbox.Inbox) { // Run returns when nothing is ready any more
		_, _ = in.Shutdown(ctx)
		_ = in.Run(ctx)
	}
	in := deploy()
	send(in.Handler("shop"), "evt_849")
	workOff(in)

	var ids []inbox.ID
	for letter, err := range in.Dead(ctx) {
		if err != nil {
			return
		}
		fmt.Println(letter.Item.Source, letter.EventType, letter.EventID, letter.Attempts, letter.Reason)
		ids = append(ids, letter.Item.ID)
	}
	mended = true
	in = deploy()
	n, err := in.Replay(ctx, ids...)
	fmt.Println("replayed:", n, err)
	workOff(in)
	// Output:
	// shop order.lost evt_849 1 permanent: no such warehouse
	// replayed: 1 <nil>
	// handled
}
