package eventgrid_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/source/eventbridge"
	"github.com/cactuscorp/cactus/source/eventgrid"
	"github.com/cactuscorp/cactus/source/stripe"
)

// blobCreated is the user's own type, as far as the user needs it.
type blobCreated struct {
	cactus.Full[struct {
		Length int64 `json:"contentLength" validate:"required"` //nolint:tagliatelle // Azure's case
	}]

	Subject string `json:"subject"`
}

func (blobCreated) EventType() string { return "Microsoft.Storage.BlobCreated" }

func Example() {
	var r cactus.Registry
	cactus.On(&r, func(_ context.Context, e *blobCreated) error {
		fmt.Println(e.Subject, "has", e.Data.Length, "bytes")
		return nil
	})
	// The header and the value of the subscription's delivery properties.
	token := signature.Must(signature.NewToken("X-Event-Grid-Token", signature.Key{Secret: "b52e8a01d8c94f6e8b77"}))
	h := cactus.NewHandler(&r, eventgrid.New(token))

	fmt.Println(deliver(h, "application/json", "b52e8a01d8c94f6e8b77", validation).Body)
	fmt.Println(deliver(h, "application/json", "b52e8a01d8c94f6e8b77", "["+blob+"]").Code)
	fmt.Println(deliver(h, "application/json", "somebody's guess", "["+blob+"]").Code)
	// Output:
	// {"validationResponse":"512d38b6-c7b8-40c8-89fe-f46f9e9622b6"}
	// /blobs/logo.png has 524288 bytes
	// 200
	// 401
}

// The endpoint of the subscription is https://example.com/events?code=b52e8a01d8c94f6e8b77.
func ExampleWithQueryParameter() {
	var r cactus.Registry
	cactus.On(&r, func(_ context.Context, e *blobCreated) error {
		fmt.Println(e.Subject)
		return nil
	})
	token := signature.Must(signature.NewToken("Unused", signature.Key{Secret: "b52e8a01d8c94f6e8b77"}))
	h := cactus.NewHandler(&r, eventgrid.New(token, eventgrid.WithQueryParameter("code")))
	for _, target := range []string{"/events?code=b52e8a01d8c94f6e8b77", "/events?code=guess", "/events"} {
		req := httptest.NewRequest(http.MethodPost, target, strings.NewReader("["+blob+"]"))
		req.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		fmt.Println(w.Code)
	}
	// Output:
	// /blobs/logo.png
	// 200
	// 401
	// 401
}

type customer struct {
	Name string `json:"name"`
}

type customerCreated struct {
	cactus.Full[stripe.Data[customer]]
	cactus.Related[customer]

	Livemode bool `json:"livemode"`
}

func (customerCreated) EventType() string { return "customer.created" }

// One handler takes Stripe's events whichever way they come, and an event that
// comes three ways is handled once.
func ExampleWithInner() {
	var r cactus.Registry
	r.Use(middleware.Dedupe(middleware.NewMemoryDedupe()))
	cactus.On(&r, func(_ context.Context, e *customerCreated) error {
		fmt.Println(e.ID, e.Data.Object.Name, e.RelatedObject.URL, e.Livemode)
		return nil
	})
	secret := signature.Must(signature.NewStripe(signature.Key{Secret: "whsec_test_secret"}))
	token := signature.Must(signature.NewToken("X-Api-Key", signature.Key{Secret: "b52e8a01d8c94f6e8b77"}))
	mux := http.NewServeMux()
	mux.Handle("/direct", cactus.NewHandler(&r, stripe.Snapshot(secret)))
	mux.Handle("/eventbridge", cactus.NewHandler(&r, eventbridge.New(token, eventbridge.WithInner(stripe.Inner()))))
	mux.Handle("/eventgrid", cactus.NewHandler(&r, eventgrid.New(token, eventgrid.WithInner(stripe.Inner()))))

	post := func(path, contentType, body string) {
		req := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
		req.Header.Set("Content-Type", contentType)
		_ = secret.Sign(req.Header, "", []byte(body), time.Now())
		_ = token.Sign(req.Header, "", nil, time.Now())
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, req)
		fmt.Println(path, w.Code)
	}
	const event = `{"id":"evt_1","object":"event","created":1749000000,"livemode":true,"type":"customer.created",` +
		`"data":{"object":{"id":"cus_1","object":"customer","name":"Saguaro"}}}`
	post("/direct", "application/json", event)
	post("/eventbridge", "application/json", `{"id":"17e8dff5","detail-type":"customer.created","source":"aws.partner/stripe.com/ed_1","detail":`+event+`}`)
	post("/eventgrid", "application/json", `[{"id":"9aeb0fdf","eventType":"customer.created","data":`+event+`}]`)
	post("/eventgrid", "application/cloudevents+json", `{"specversion":"1.0","id":"9aeb0fdf","type":"customer.created","source":"/stripe","data":`+event+`}`)
	// Output:
	// evt_1 Saguaro /v1/customers/cus_1 true
	// /direct 200
	// /eventbridge 200
	// /eventgrid 200
	// /eventgrid 200
}
