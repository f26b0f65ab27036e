package eventbridge_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/source/eventbridge"
	"github.com/cactuscorp/cactus/source/stripe"
)

// instanceChanged is the user's own type, as far as the user needs it.
type instanceChanged struct {
	cactus.Full[struct {
		Instance string `json:"instance-id" validate:"required"` //nolint:tagliatelle // AWS's case
		State    string `json:"state"`
	}]

	Region string `json:"region"`
}

func (instanceChanged) EventType() string { return "EC2-Instance-State-change-Notification" }

func Example() {
	var r cactus.Registry
	cactus.On(&r, func(_ context.Context, e *instanceChanged) error {
		fmt.Println(e.Data.Instance, "in", e.Region, "is", e.Data.State)
		return nil
	})
	// The header and the value that the connection of the API destination has.
	token := signature.Must(signature.NewToken("X-Api-Key", signature.Key{Secret: "b52e8a01d8c94f6e8b77"}))
	h := cactus.NewHandler(&r, eventbridge.New(token))

	fmt.Println(deliver(h, "b52e8a01d8c94f6e8b77", ec2))
	fmt.Println(deliver(h, "somebody's guess", ec2))
	// Output:
	// i-1 in us-west-1 is terminated
	// 200
	// 401
}

func ExampleWithInner() {
	var r cactus.Registry
	r.Handle("customer.created", func(_ context.Context, e *cactus.RawEvent) error {
		fmt.Println(e.ID, e.Type, e.RelatedObject.ID)
		return nil
	})
	token := signature.Must(signature.NewToken("X-Api-Key", signature.Key{Secret: "b52e8a01d8c94f6e8b77"}))
	h := cactus.NewHandler(&r, eventbridge.New(token,
		eventbridge.WithSources("aws.partner/stripe.com/"),
		eventbridge.WithInner(stripe.Inner())))

	fmt.Println(deliver(h, "b52e8a01d8c94f6e8b77", stripeEnvelope))
	// Output:
	// evt_1 customer.created cus_1
	// 200
}

// Two services may use the same detail-type, so a type can tell of both.
func ExampleWithType() {
	var r cactus.Registry
	r.Handle("aws.ec2.*", func(_ context.Context, e *cactus.RawEvent) error {
		fmt.Println(e.Type)
		return nil
	})
	token := signature.Must(signature.NewToken("X-Api-Key", signature.Key{Secret: "b52e8a01d8c94f6e8b77"}))
	h := cactus.NewHandler(&r, eventbridge.New(token, eventbridge.WithType(func(source, detailType string) string {
		return source + "." + strings.ReplaceAll(detailType, " ", "-")
	})))
	fmt.Println(deliver(h, "b52e8a01d8c94f6e8b77", ec2))
	// Output:
	// aws.ec2.EC2-Instance-State-change-Notification
	// 200
}
