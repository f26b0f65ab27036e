package cactustest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/types"
)

// A whole receiver, tested without a network: the five events of Cactus Corp,
// its API, and a registry with the handlers of the program.
func Example() {
	var t exampleT // a test has its own

	api := cactustest.NewAPI(cactustest.APIKey)
	rec := new(cactustest.Recorder)
	registry := &cactus.Registry{Fetcher: api.Client(), Catalogue: types.Catalogue}
	registry.Use(rec.Middleware())
	cactus.On(registry, func(_ context.Context, e *types.OrderLost) error {
		fmt.Println("last seen in", e.Data.LastSeenCity)
		return nil
	})
	webhooks := cactus.NewHandler(registry, cactustest.Source())

	for _, body := range cactustest.ThinBodies() {
		cactustest.Deliver(t, webhooks, body)
	}
	rec.RequireSequence(t, "evt_849")
	for _, r := range api.Requests() {
		fmt.Println(r.Method, r.Path, r.Status)
	}
	// Output:
	// last seen in Boulder
	// GET /v1/events/evt_849 200
}

func ExampleEvent() {
	var t exampleT // a test has its own

	handle := func(ctx context.Context, e *types.MovieCompletedPushed) error {
		full, err := e.Pull(ctx)
		if err != nil {
			return err
		}
		movie, err := e.FetchRelatedObject(ctx)
		if err != nil {
			return err
		}
		fmt.Printf("%s: %d stars\n", movie.Title, full.Data.Rating)
		return nil
	}

	e := cactustest.Event[types.MovieCompletedPushed](t,
		types.MovieCompletedData{User: "usr_1", Rating: 5}, types.Movie{ID: "mov_1", Title: "Kung Fu Panda"})
	fmt.Println(handle(context.Background(), e))

	// The same handler, while the API is down.
	e = cactustest.Event[types.MovieCompletedPushed](t, errors.New("connection refused"), nil)
	fmt.Println(handle(context.Background(), e))
	// Output:
	// Kung Fu Panda: 5 stars
	// <nil>
	// pull event evt_test: connection refused
}

func ExampleEvent_tenant() {
	var t exampleT // a test has its own

	e := cactustest.Event[types.OrderLostPushed](t, types.OrderLostData{LastSeenCity: "Boulder"}, nil,
		func(env *cactus.Envelope) { env.ID, env.Tenant = "evt_849", "acme" })
	fmt.Println(e.ID, e.Tenant)
	// Output: evt_849 acme
}

func ExampleRawEvent() {
	var t exampleT // a test has its own

	e := cactustest.RawEvent(t, "order.returned", map[string]int{"items": 2}, types.Order{ID: "ord_1"})
	full, err := e.Pull(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(full.Type, full.RelatedObject.ID, string(full.Data))
	// Output: order.returned ord_1 {"items":2}
}

func ExampleDeliver() {
	var t exampleT // a test has its own

	registry := new(cactus.Registry)
	cactus.On(registry, func(context.Context, *types.OrderLostPushed) error { return nil })
	webhooks := cactus.NewHandler(registry, cactustest.Source())

	body := cactustest.ThinBodies()[2]
	fmt.Println(cactustest.Deliver(t, webhooks, body).Status)
	fmt.Println(cactustest.Deliver(t, webhooks, body, cactustest.Forged()).Status)
	fmt.Println(cactustest.Deliver(t, webhooks, body, cactustest.WithTime(time.Now().Add(-time.Hour))).Status)
	fmt.Println(cactustest.Deliver(t, webhooks, []byte(`{"id": "evt_1"}`)).Status)
	// Output:
	// 200
	// 401
	// 401
	// 400
}

func ExamplePost() {
	var t exampleT // a test has its own

	registry := new(cactus.Registry)
	cactus.On(registry, func(context.Context, *types.OrderLostPushed) error {
		return cactus.RetryAfter(30*time.Second, errors.New("the database is down"))
	})
	server := httptest.NewServer(cactus.NewHandler(registry, cactustest.Source()))
	defer server.Close()

	res := cactustest.Post(t, server.URL, cactustest.ThinBodies()[2])
	fmt.Println(res.Status, res.Header.Get("Retry-After"))
	// Output: 503 30
}

func ExampleAPI() {
	api := cactustest.NewAPI("ck_of_your_choice")
	lost := cactus.New[types.OrderLost]("evt_1")
	lost.Data.LastSeenCity = "Denver"
	api.AddEvent(lost)

	event, err := api.Client().RetrieveEvent(context.Background(), "evt_1")
	if err != nil {
		fmt.Println(err)
		return
	}
	if lost, ok := event.(*types.OrderLost); ok {
		fmt.Println(lost.Data.LastSeenCity)
	}
	fmt.Println(len(api.Requests()), "request")
	// Output:
	// Denver
	// 1 request
}

func ExampleAPI_Fail() {
	api := cactustest.NewAPI(cactustest.APIKey)
	api.Fail(1, http.StatusBadGateway, 0)

	client := api.Client(cactus.WithRetries(2, time.Second))
	order, err := client.RetrieveOrder(context.Background(), "ord_452")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(order.NumItems, "items")
	for _, r := range api.Requests() {
		fmt.Println(r.Status)
	}
	// Output:
	// 5 items
	// 502
	// 200
}

func ExampleNewServer() {
	var t exampleT // a test has its own

	server := cactustest.NewServer(t)
	movie, err := server.Client().RetrieveMovie(context.Background(), "mov_261")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(movie.Title, movie.ReleaseYear)
	// Output: Kung Fu Panda 2008
}

func ExampleRecorder() {
	var t exampleT // a test has its own

	rec := new(cactustest.Recorder)
	registry := new(cactus.Registry)
	registry.Use(rec.Middleware())
	cactus.On(registry, func(context.Context, *types.OrderLostPushed) error { return cactus.ErrIgnored })

	_ = registry.Dispatch(context.Background(), cactustest.Envelope(t, cactustest.ThinBodies()[2]))
	rec.RequireOutcome(t, "evt_849", cactus.OutcomeIgnored)
	fmt.Println(rec.Records()[0])
	// Output: evt_849 order.lost: ignored (cactus: event ignored)
}

func ExampleBody() {
	var t exampleT // a test has its own

	e := cactus.New[types.MovieStarted]("evt_1")
	e.RelatedObject = cactus.ObjectRef{ID: "mov_261", Type: "movie"}
	e.Data.Date = types.Date{Year: 2025, Month: time.June, Day: 1}
	fmt.Println(string(cactustest.ThinBody(t, e)))
	fmt.Println(string(cactustest.Body(t, e)))
	// Output:
	// {"id":"evt_1","type":"movie.started","related_object":{"id":"mov_261","type":"movie"}}
	// {"id":"evt_1","type":"movie.started","related_object":{"id":"mov_261","type":"movie"},"data":{"date":"2025-06-01"}}
}
