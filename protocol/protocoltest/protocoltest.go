// Package protocoltest runs the handlers of package protocol in tests, without
// HTTP.
package protocoltest

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/cactuscorp/cactus/protocol"
)

// Send processes event with r's handlers as a [protocol.Processor] with these
// options does, from JSON to JSON, and returns the answer. An event without an
// id or a flow id is sent with "test-id" and "test-flow". The handler's context
// is tb's.
//
// The test fails at once if the event cannot be written. It does not if the
// answer is an error: look at its Type, or use [Payload] and [Code].
func Send(tb testing.TB, r *protocol.Registry, event *protocol.Event, opts ...protocol.ProcessorOption) *protocol.Event {
	tb.Helper()
	request := *event
	if request.ID == "" {
		request.ID = "test-id"
	}
	if request.FlowID == "" {
		request.FlowID = "test-flow"
	}
	body, err := json.Marshal(&request)
	if err != nil {
		tb.Fatalf("protocoltest.Send: %v", err)
	}
	answer := new(protocol.Event)
	if err := json.Unmarshal(protocol.NewProcessor(r, opts...).Process(tb.Context(), body), answer); err != nil {
		tb.Fatalf("protocoltest.Send: the answer to %s: %v", event.Name, err)
	}
	return answer
}

// New returns a request of this name and version with the payload as JSON, nil
// as {}. The test fails at once if it cannot be encoded.
func New(tb testing.TB, name string, version int, payload any) *protocol.Event {
	tb.Helper()
	if payload == nil {
		return &protocol.Event{Name: name, Version: version}
	}
	raw, err := json.Marshal(payload)
	if err != nil {
		tb.Fatalf("protocoltest.New: payload of %s: %v", name, err)
	}
	return &protocol.Event{Name: name, Version: version, Payload: raw}
}

// Payload returns the payload of a response. The test fails at once if the
// answer is not a response or its payload does not fit T.
func Payload[T any](tb testing.TB, answer *protocol.Event) T {
	tb.Helper()
	var payload T
	if !answer.IsSuccess() {
		tb.Fatalf("protocoltest.Payload: want a response, got %s with the payload %s", answer.Name, answer.Payload)
	}
	if err := json.Unmarshal(answer.Payload, &payload); err != nil {
		tb.Fatalf("protocoltest.Payload: of %s: %v", answer.Name, err)
	}
	return payload
}

// Code returns the code of an error, such as "MISSING_FIELDS". The test fails
// at once if the answer is not an error or has no code.
func Code(tb testing.TB, answer *protocol.Event) string {
	tb.Helper()
	var payload struct {
		Code string `json:"code"`
	}
	if !answer.IsError() {
		tb.Fatalf("protocoltest.Code: want an error, got %s", answer.Name)
	}
	if err := json.Unmarshal(answer.Payload, &payload); err != nil || payload.Code == "" {
		tb.Fatalf("protocoltest.Code: %s has no code", answer.Name)
	}
	return payload.Code
}

// Transport is p as what a [protocol.Client] sends its events through, so that
// a client's code can be tested with the handlers that it calls.
func Transport(p *protocol.Processor) protocol.Transport {
	return func(ctx context.Context, body []byte) ([]byte, error) {
		return p.Process(ctx, append([]byte(nil), body...)), nil
	}
}
