package main

import (
	"context"
	"net/http"

	"github.com/cactuscorp/cactus/protocol"
)

// MyEvent is the payload of the example event. Example is required, because it is
// neither a pointer nor omitempty.
type MyEvent struct {
	Example string `json:"example"`
}

// MyAnswer is the payload of its response.
type MyAnswer struct {
	MyEventPayload string
}

// newProcessor answers two events.
func newProcessor() *protocol.Processor {
	var registry protocol.Registry
	protocol.Handle(&registry, "get:event:example", 1, func(_ context.Context, in MyEvent) (MyAnswer, error) {
		return MyAnswer{MyEventPayload: in.Example}, nil
	})
	protocol.Handle(&registry, "get:redirect", 1, func(context.Context, map[string]any) (MyAnswer, error) {
		return MyAnswer{}, protocol.Redirect("https://cactuscorp.example/login", map[string]any{"next": "home"})
	})
	return protocol.NewProcessor(&registry)
}

// newServer has the processor at /events and /events/. Without HTTP, Process takes
// an event's JSON and returns the answer's.
func newServer() http.Handler {
	mux := http.NewServeMux()
	newProcessor().Mount(mux)
	return mux
}
