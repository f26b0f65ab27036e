package protocol_test

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/cactuscorp/cactus/protocol"
)

// show prints the name and the payload of the answer to a request.
func show(r *protocol.Registry, request string) {
	answer := protocol.NewProcessor(r).Process(context.Background(), []byte(request))
	var event protocol.Event
	if err := json.Unmarshal(answer, &event); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n%s\n", event.Name, event.Payload)
}

func ExampleHandle() {
	type Example struct {
		Example string `json:"example"`
	}
	type Answer struct {
		MyEventPayload string
	}

	var r protocol.Registry
	protocol.Handle(&r, "get:event:example", 1, func(_ context.Context, in Example) (Answer, error) {
		return Answer{MyEventPayload: in.Example}, nil
	})

	show(&r, `{"name":"get:event:example","version":1,"id":"1","flowId":"2","payload":{"example":"example"}}`)
	show(&r, `{"name":"get:event:example","version":1,"id":"1","flowId":"2","payload":{}}`)
	// Output:
	// get:event:example:response
	// {"MyEventPayload":"example"}
	// get:event:example:badRequest
	// {"code":"MISSING_FIELDS","parameters":{"fields":[{"name":"example","errorType":"value_error.missing","message":"field required"}]}}
}

// What is required, what is optional, what a validate tag adds, and what callers
// in other languages may send instead.
func ExampleHandle_payload() {
	type Order struct {
		CustomerID string  `json:"customer_id"    validate:"min=3"` // required
		Quantity   int     `json:"quantity"`                        // required, 0 is fine
		Coupon     *string `json:"coupon"`                          // may be missing or null
		Note       string  `json:"note,omitempty"`                  // likewise
	}

	var r protocol.Registry
	protocol.Handle(&r, "create:order", 1, func(_ context.Context, in Order) (map[string]any, error) {
		return map[string]any{"customer": in.CustomerID, "quantity": in.Quantity}, nil
	})

	show(&r, `{"name":"create:order","version":1,"id":"1","flowId":"2","payload":{"customerId":4711,"quantity":"0"}}`)
	show(&r, `{"name":"create:order","version":1,"id":"1","flowId":"2","payload":{"customer_id":"4","quantity":1}}`)
	// Output:
	// create:order:response
	// {"customer":"4711","quantity":0}
	// create:order:badRequest
	// {"code":"MISSING_FIELDS","parameters":{"fields":[{"name":"customerId","errorType":"value_error.min","message":"fails the rule \"min=3\""}]}}
}

// A rule over two fields is the handler's own.
func ExampleMissingFields() {
	type Period struct {
		From  time.Time `json:"from"`
		Until time.Time `json:"until"`
	}

	var r protocol.Registry
	protocol.Handle(&r, "get:report", 1, func(_ context.Context, in Period) (struct{}, error) {
		if in.Until.Before(in.From) {
			return struct{}{}, protocol.MissingFields(protocol.FieldError{
				Name: "until", ErrorType: "value_error", Message: "must not come before from",
			})
		}
		return struct{}{}, nil
	})

	show(&r, `{"name":"get:report","version":1,"id":"1","flowId":"2",
		"payload":{"from":"2026-02-01T00:00:00Z","until":"2026-01-01T00:00:00Z"}}`)
	// Output:
	// get:report:badRequest
	// {"code":"MISSING_FIELDS","parameters":{"fields":[{"name":"until","errorType":"value_error","message":"must not come before from"}]}}
}
