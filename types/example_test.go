package types_test

import (
	"context"
	"fmt"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/types"
)

// A switch over strings compiles, and each of its
// branches has a mistake that only shows when an event comes.
func ExampleClient_ParseEventV1() {
	ctx := context.Background()
	client := cactustest.NewAPI(cactustest.APIKey).Client()

	handle := func(body []byte) (result string) {
		defer func() {
			if v := recover(); v != nil {
				result = fmt.Sprint("panic: ", v)
			}
		}()
		event, err := client.ParseEventV1(body)
		if err != nil {
			return err.Error()
		}
		switch event.Type {
		case "order.shiped": // misspelt: never taken
			return "shipped"
		case "order.delivery_attempted": // cast to the wrong event
			full, err := client.RetrieveEvent(ctx, event.ID)
			if err != nil {
				return err.Error()
			}
			return full.(*types.OrderShipped).Data.ShippingService
		case "order.lost": // has no related object
			return event.RelatedObject.ID
		case "movie.started": // a movie is not an order
			_, err := client.RetrieveOrder(ctx, event.RelatedObject.ID)
			return err.Error()
		}
		return "nothing done"
	}
	for _, body := range cactustest.ThinBodies()[:4] {
		fmt.Println(handle(body))
	}
	// Output:
	// nothing done
	// panic: interface conversion: cactus.Event is *types.OrderDeliveryAttempted, not *types.OrderShipped
	// panic: runtime error: invalid memory address or nil pointer dereference
	// unable to fetch order with invalid id: mov_261
}

// The same with V2: the event types are Go types, and what does not fit does
// not compile.
func ExampleClient_ParseEventV2() {
	ctx := context.Background()
	client := cactustest.NewAPI(cactustest.APIKey).Client()

	handle := func(body []byte) error {
		event, err := client.ParseEventV2(ctx, body)
		if err != nil {
			return err
		}
		switch e := event.(type) {
		case *types.OrderDeliveryAttemptedPushed:
			full, err := e.Pull(ctx)
			if err != nil {
				return err
			}
			fmt.Println("attempt", full.Data.AttemptNum)
		case *types.MovieStartedPushed:
			movie, err := e.FetchRelatedObject(ctx)
			if err != nil {
				return err
			}
			fmt.Println("started", movie.Title)
		case *cactus.RawEvent:
			fmt.Println("unknown type", e.Type)
		}
		return nil
	}
	for _, body := range append(cactustest.ThinBodies(), []byte(`{"id": "evt_1", "type": "foo.bar"}`)) {
		if err := handle(body); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// attempt 2
	// started Kung Fu Panda
	// unknown type foo.bar
}

func ExampleClient_RetrieveOrder() {
	client := cactustest.NewAPI(cactustest.APIKey).Client()
	order, err := client.RetrieveOrder(context.Background(), "ord_452")
	fmt.Println(order.NumItems, order.DeliveryDate, err)
	_, err = client.RetrieveOrder(context.Background(), "mov_261")
	fmt.Println(err)
	_, err = client.RetrieveEvent(context.Background(), "evt_1")
	fmt.Println(err)
	// Output:
	// 5 2025-06-09 <nil>
	// unable to fetch order with invalid id: mov_261
	// 404: event evt_1 not found
}
