// Command protocol answers request events and sends some: the two halves of
// events-protocol, over HTTP. From the repository's root:
//
//	go run ./examples/protocol
//
// The server is in server.go. This file is what a program that sends looks like.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"time"

	"github.com/cactuscorp/cactus/protocol"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "protocol:", err)
		os.Exit(1)
	}
}

// Answer is what the example event's payload is read into.
type Answer struct {
	MyEventPayload string
}

func run(ctx context.Context) error {
	server := httptest.NewServer(newServer()) // in your program: http.ListenAndServe
	defer server.Close()

	client, err := protocol.NewClient(server.URL + "/events/")
	if err != nil {
		return err
	}

	// What every event needs: name, version and payload. The ids are made.
	answer, err := protocol.Send[Answer](ctx, client, "get:event:example", 1, map[string]string{"example": "example"})
	if err != nil {
		return err
	}
	fmt.Println("essential:", answer.MyEventPayload)

	// All that an event can have. SendEvent returns the whole answer.
	event, err := client.SendEvent(ctx, &protocol.Event{
		Name:    "get:event:example",
		Version: 1,
		Payload: []byte(`{"example": "example"}`),
	},
		protocol.WithID("9230c47c-3bcf-11ea-b77f-2e728ce88125"),
		protocol.WithFlowID("a47830ca-3bcf-11ea-a232-2e728ce88125"),
		protocol.WithIdentity(map[string]string{"userId": "USER_ID"}),
		protocol.WithMetadata(map[string]string{"date": "00-00-0000"}),
		protocol.WithTimeout(10*time.Second))
	if err != nil {
		return err
	}
	fmt.Printf("full: %s v%d in flow %s: %s\n", event.Name, event.Version, event.FlowID, event.Payload)

	// Any other answer is an error that says what it is.
	for _, call := range []struct {
		what, name string
		payload    any
	}{
		{"unknown", "event:example", nil},
		{"bad request", "get:event:example", nil},
		{"redirect", "get:redirect", nil},
	} {
		_, err := protocol.Send[Answer](ctx, client, call.name, 1, call.payload)
		fmt.Printf("%s: %v\n", call.what, err)
		show(err)
	}
	return nil
}

// show prints what an answer has beside its type.
func show(err error) {
	if failed, ok := errors.AsType[*protocol.ResponseError](err); ok {
		fmt.Printf("  %s\n", failed.Parameters)
	}
	if elsewhere, ok := errors.AsType[*protocol.RedirectedError](err); ok {
		fmt.Printf("  %s %s\n", elsewhere.URL, elsewhere.Query)
	}
}
