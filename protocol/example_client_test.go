package protocol_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/cactuscorp/cactus/protocol"
)

// answer is a server whose every answer this is.
func answer(body string) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }))
}

func ExampleSend() {
	server := answer(`{"name":"get:event:example:response","version":1,"payload":{"MyEventPayload":"example"}}`)
	defer server.Close()
	client, err := protocol.NewClient(server.URL + "/events/")
	if err != nil {
		fmt.Println(err)
		return
	}

	type Answer struct{ MyEventPayload string }
	got, err := protocol.Send[Answer](context.Background(), client, "get:event:example", 1,
		map[string]string{"example": "example"},
		protocol.WithIdentity(map[string]string{"userId": "USER_ID"}),
		protocol.WithTimeout(10*time.Second))
	fmt.Println(got.MyEventPayload, err)
	// Output: example <nil>
}

func ExampleResponseError() {
	server := answer(`{"name":"get:offers:notFound","version":1,"payload":{"code":"NO_OFFERS","parameters":{"offer":3}}}`)
	defer server.Close()
	client, err := protocol.NewClient(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}

	_, err = protocol.Send[any](context.Background(), client, "get:offers", 1, nil)
	var failed *protocol.ResponseError
	if errors.As(err, &failed) && failed.Type == protocol.TypeNotFound {
		fmt.Println(failed.Code, string(failed.Parameters))
	}
	fmt.Println(err)
	// Output:
	// NO_OFFERS {"offer":3}
	// send get:offers:v1: answered notFound NO_OFFERS
}

func ExampleClient_SendEvent() {
	transport := func(_ context.Context, body []byte) ([]byte, error) {
		fmt.Println(string(body))
		return []byte(`{"name":"a:b:response","version":1}`), nil
	}
	client := protocol.NewTransportClient(transport)

	event, err := client.SendEvent(context.Background(), &protocol.Event{Name: "a:b", Version: 1, ID: "id", FlowID: "flow"})
	fmt.Println(event.Type(), event.FlowID, err)
	// Output:
	// {"name":"a:b","version":1,"id":"id","flowId":"flow","payload":{},"identity":{},"auth":{},"metadata":{}}
	// response flow <nil>
}

func ExampleWithSendMiddleware() {
	note := func(next protocol.HandlerFunc) protocol.HandlerFunc {
		return func(ctx context.Context, event *protocol.Event) (*protocol.Event, error) {
			answer, err := next(ctx, event)
			fmt.Printf("%s:v%d %v\n", event.Name, event.Version, err)
			return answer, err
		}
	}
	client := protocol.NewTransportClient(func(context.Context, []byte) ([]byte, error) {
		return nil, &protocol.FailedDependencyError{Status: http.StatusBadGateway}
	}, protocol.WithSendMiddleware(note), protocol.WithRetries(3))

	_, err := client.SendEvent(context.Background(), &protocol.Event{Name: "a:b", Version: 1})
	fmt.Println(err)
	// Output:
	// a:b:v1 failed dependency: answered HTTP 502
	// send a:b:v1: failed dependency: answered HTTP 502
}
