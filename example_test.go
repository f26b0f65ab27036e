package cactus_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/types"
)

// deliver dispatches Cactus Corp's events that have one of the given types.
func deliver(r *cactus.Registry, eventTypes ...string) {
	for _, body := range cactustest.ThinBodies() {
		env, err := cactus.ParseEnvelope(body)
		if err != nil {
			panic(err)
		}
		for _, t := range eventTypes {
			if env.Type == t {
				fmt.Println(t+":", r.Dispatch(context.Background(), env))
			}
		}
	}
}

// A thin event pulls its data and its related object when the handler says so.
func ExampleOn() {
	api := cactustest.NewAPI(cactustest.APIKey)
	r := &cactus.Registry{Fetcher: api.Client()}

	cactus.On(r, func(ctx context.Context, e *types.MovieCompletedPushed) error {
		full, err := e.Pull(ctx)
		if err != nil {
			return err
		}
		movie, err := e.FetchRelatedObject(ctx)
		if err != nil {
			return err
		}
		fmt.Printf("%s rated %s with %d stars\n", full.Data.User, movie.Title, full.Data.Rating)
		return nil
	})

	deliver(r, "movie.completed")
	fmt.Println(len(api.Requests()), "requests")
	// Output:
	// usr_223 rated Kung Fu Panda with 4 stars
	// movie.completed: <nil>
	// 2 requests
}

// A handler of the full type is given the data, whatever the sender pushed.
func ExampleOn_full() {
	r := &cactus.Registry{Fetcher: cactustest.NewAPI(cactustest.APIKey).Client()}

	cactus.On(r, func(_ context.Context, e *types.OrderLost) error {
		fmt.Println("last seen in", e.Data.LastSeenCity)
		return nil
	})

	deliver(r, "order.lost")
	// Output:
	// last seen in Boulder
	// order.lost: <nil>
}

// shop is a struct whose methods are handlers.
type shop struct{ shipped int }

func (s *shop) OnOrderShipped(context.Context, *types.OrderShippedPushed) error {
	s.shipped++
	return nil
}

func (s *shop) OnOrderLost(_ context.Context, e *types.OrderLost) error {
	fmt.Println("search", e.Data.LastSeenCity)
	return nil
}

func (s *shop) OnOther(_ context.Context, e *cactus.RawEvent, known bool) error {
	fmt.Printf("no handler for %s, in the catalogue: %t\n", e.Type, known)
	return nil
}

// Handlers that share state are methods of a struct, registered one by one:
// nothing to inherit, and a forgotten method is not called by accident.
func ExampleOn_methods() {
	s := new(shop)
	r := &cactus.Registry{
		Fetcher:   cactustest.NewAPI(cactustest.APIKey).Client(),
		Catalogue: types.Catalogue,
	}
	cactus.On(r, s.OnOrderShipped)
	cactus.On(r, s.OnOrderLost)
	r.OnOther(s.OnOther)

	deliver(r, "order.shipped", "order.lost", "movie.started")
	_ = r.DispatchUnverified(context.Background(), []byte(`{"id": "evt_1", "type": "some.event"}`))
	fmt.Println(s.shipped, "shipped")
	// Output:
	// order.shipped: <nil>
	// search Boulder
	// order.lost: <nil>
	// no handler for movie.started, in the catalogue: true
	// movie.started: <nil>
	// no handler for some.event, in the catalogue: false
	// 1 shipped
}

// AccountCreated is a user's own event.
type AccountCreated struct{ cactus.Bare }

func (AccountCreated) EventType() string { return "account.created" }

// A function is registered by the type that it takes, also a user's own.
func ExampleOn_ownEvent() {
	var r cactus.Registry

	cactus.On(&r, func(_ context.Context, e *AccountCreated) error {
		fmt.Println(e.Created)
		return nil
	})

	body := `{"id": "evt_1", "type": "account.created", "created": "2025-06-01T10:00:00Z"}`
	fmt.Println(r.DispatchUnverified(context.Background(), []byte(body)))
	// Output:
	// 2025-06-01 10:00:00 +0000 UTC
	// <nil>
}

// audited is a typed decorator: it is given the event with its data and fields.
func audited[E any](next cactus.HandlerOf[E]) cactus.HandlerOf[E] {
	return func(ctx context.Context, e *E) error {
		fmt.Printf("audit %T\n", e)
		return next(ctx, e)
	}
}

// only is a typed decorator with an argument.
func only[E any](keep func(*E) bool, next cactus.HandlerOf[E]) cactus.HandlerOf[E] {
	return func(ctx context.Context, e *E) error {
		if !keep(e) {
			return cactus.ErrIgnored
		}
		return next(ctx, e)
	}
}

// Decorators compose, and the compiler infers every type.
func ExampleHandlerOf() {
	r := &cactus.Registry{Fetcher: cactustest.NewAPI(cactustest.APIKey).Client()}
	delivered := func(e *types.OrderDeliveryAttempted) bool { return e.Data.Success }

	cactus.On(r, audited(only(delivered, func(_ context.Context, e *types.OrderDeliveryAttempted) error {
		fmt.Println("delivered to the", e.Data.DeliveryLocation)
		return nil
	})))

	deliver(r, "order.delivery_attempted")
	// Output:
	// audit *types.OrderDeliveryAttempted
	// delivered to the front porch
	// order.delivery_attempted: <nil>
}

// named is a middleware: it wraps handlers of any type.
func named(name string) cactus.Middleware {
	return func(next cactus.HandlerFunc) cactus.HandlerFunc {
		return func(ctx context.Context, e cactus.Event) error {
			fmt.Println(name, "before", e.Metadata().Type)
			err := next(ctx, e)
			fmt.Println(name, "after")
			return err
		}
	}
}

// The first middleware is the outermost. The event is pulled below them all.
func ExampleRegistry_Use() {
	api := cactustest.NewAPI(cactustest.APIKey)
	r := &cactus.Registry{Fetcher: api.Client()}
	r.Use(named("first"), named("second"))
	cactus.On(r, func(_ context.Context, e *types.OrderLost) error {
		fmt.Println("handler", e.Data.LastSeenCity)
		return nil
	}, cactus.WithMiddleware(named("own")))

	deliver(r, "order.lost")
	// Output:
	// first before order.lost
	// second before order.lost
	// own before order.lost
	// handler Boulder
	// own after
	// second after
	// first after
	// order.lost: <nil>
}

func ExampleRegistry_Handle() {
	var r cactus.Registry
	r.Handle("order.*", func(_ context.Context, e *cactus.RawEvent) error {
		fmt.Println(e.Type, e.RelatedObject.ID, string(e.Raw))
		return nil
	})
	deliver(&r, "order.lost", "movie.started")
	fmt.Println(r.EventTypes())
	// Output:
	// order.lost  {"id": "evt_849", "type": "order.lost", "related_object": null}
	// order.lost: <nil>
	// movie.started: cactus: no handler for event type "movie.started"
	// [order.*]
}

// PullRequest is one struct for the many events about pull requests.
type PullRequest struct {
	cactus.Full[struct {
		Number int `json:"number" validate:"required"`
	}]
}

func (PullRequest) EventType() string { return "pull_request" }

func ExampleWithTypes() {
	var r cactus.Registry
	cactus.On(&r, func(_ context.Context, e *PullRequest) error {
		fmt.Println("any:", e.Type, e.Data.Number)
		return nil
	}, cactus.WithTypes("pull_request.*"))
	cactus.On(&r, func(_ context.Context, e *PullRequest) error {
		fmt.Println("opened:", e.Data.Number)
		return nil
	}, cactus.WithTypes("pull_request.opened"))

	for _, action := range []string{"opened", "closed"} {
		body := fmt.Sprintf(`{"id": "1", "type": "pull_request.%s", "data": {"number": 7}}`, action)
		_ = r.DispatchUnverified(context.Background(), []byte(body))
	}
	fmt.Println(r.DispatchUnverified(context.Background(), []byte(`{"id": "1", "type": "pull_request.opened", "data": {}}`)))
	// Output:
	// opened: 7
	// any: pull_request.closed 7
	// permanent: decode pull_request: field "data.number": fails "required"
}

func ExamplePrefetch() {
	api := cactustest.NewAPI(cactustest.APIKey)
	r := &cactus.Registry{Fetcher: api.Client()}
	cactus.On(r, func(context.Context, *types.OrderShippedPushed) error {
		fmt.Println(len(api.Requests()), "requests before the handler, at the same time")
		return nil
	}, cactus.Prefetch())
	deliver(r, "order.shipped")
	// Output:
	// 2 requests before the handler, at the same time
	// order.shipped: <nil>
}

// Compare what is registered with what the endpoint is subscribed to.
func ExampleRegistry_EventTypes() {
	var r cactus.Registry
	r.Handle("order.shipped", func(context.Context, *cactus.RawEvent) error { return nil })

	subscribed := []string{"order.lost"}
	for _, eventType := range r.EventTypes() {
		if !slices.Contains(subscribed, eventType) {
			fmt.Println("nobody will send", eventType)
		}
	}
	for _, eventType := range subscribed {
		if !r.Handles(eventType) {
			fmt.Println("nobody handles", eventType)
		}
	}
	// Output:
	// nobody will send order.shipped
	// nobody handles order.lost
}

func ExamplePermanent() {
	r := &cactus.Registry{
		DeadLetter: func(_ context.Context, env *cactus.Envelope, err error) error {
			fmt.Println("keep", env.ID, "because:", err)
			return nil // it is ours now; the sender is told that all is well
		},
	}
	r.Handle("order.lost", func(context.Context, *cactus.RawEvent) error {
		return cactus.Permanent(errors.New("no such customer"))
	})
	deliver(r, "order.lost")
	// Output:
	// keep evt_849 because: permanent: no such customer
	// order.lost: <nil>
}

func ExampleRetryAfter() {
	err := fmt.Errorf("ship: %w", cactus.RetryAfter(30*time.Second, errors.New("warehouse closed")))
	outcome := cactus.OutcomeOf(err)
	fmt.Println(outcome, outcome.Status(), cactus.WaitOf(err))
	// Output: retry 503 30s
}

func ExampleOutcomeOf() {
	batch := errors.Join(cactus.ErrIgnored, errors.New("disk full"), nil)
	fmt.Println(cactus.OutcomeOf(nil), cactus.OutcomeOf(cactus.ErrIgnored), cactus.OutcomeOf(batch))
	// Output: handled ignored failed
}

func ExampleMarshal() {
	e := cactus.New[types.OrderShipped]("evt_1")
	e.RelatedObject = cactus.ObjectRef{ID: "ord_1", Type: "order"}
	e.Data.ShippingService = "usps"

	full, _ := cactus.Marshal(e)
	thin, _ := cactus.MarshalThin(e)
	fmt.Println(string(full))
	fmt.Println(string(thin))
	// Output:
	// {"id":"evt_1","type":"order.shipped","related_object":{"id":"ord_1","type":"order"},"data":{"shipping_service":"usps"}}
	// {"id":"evt_1","type":"order.shipped","related_object":{"id":"ord_1","type":"order"}}
}

func ExampleParseEnvelope() {
	_, err := cactus.ParseEnvelope([]byte(`{"type": "some.event"}`))
	fmt.Println(err)
	// Output: cactus: malformed event: envelope field "id": is missing
}

func ExampleCatalogue_ParseEvent() {
	event, err := types.Catalogue.ParseEvent(context.Background(), nil,
		[]byte(`{"id": "evt_849", "type": "order.lost", "data": {"last_seen_city": "Boulder"}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	switch e := event.(type) {
	case *types.OrderLostPushed:
		full, err := e.Pull(context.Background()) // no request: the data came along
		fmt.Println(full.Data.LastSeenCity, err)
	case *cactus.RawEvent:
		fmt.Println("not in the catalogue:", e.Type)
	}
	// Output: Boulder <nil>
}

func ExampleRegistry_validate() {
	r := &cactus.Registry{Validate: func(v any) error {
		if data, ok := v.(*types.OrderShippedData); ok && data.ShippingService == "pigeon" {
			return errors.New("no pigeons")
		}
		return nil
	}}
	cactus.On(r, func(context.Context, *types.OrderShipped) error { return nil })
	fmt.Println(r.DispatchUnverified(context.Background(),
		[]byte(`{"id": "evt_1", "type": "order.shipped", "data": {"shipping_service": "pigeon"}}`)))
	// Output: permanent: decode order.shipped: no pigeons
}
