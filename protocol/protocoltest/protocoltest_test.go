package protocoltest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/protocol"
	"github.com/cactuscorp/cactus/protocol/protocoltest"
)

func greeting() *protocol.Registry {
	r := new(protocol.Registry)
	protocol.HandleEvent(r, "get:greeting", 1, func(_ context.Context, e *protocol.Event) (*protocol.Event, error) {
		if e.UserID() == "" {
			return nil, protocol.Unauthorized("NO_USER", nil)
		}
		return e.Response(map[string]string{"text": "hello " + e.UserID()})
	})
	return r
}

func TestSend_RunsTheHandler(t *testing.T) {
	request := protocoltest.New(t, "get:greeting", 1, nil)
	answer := protocoltest.Send(t, greeting(), request)
	require.Equal(t, protocol.TypeUnauthorized, answer.Type())
	require.Equal(t, "NO_USER", protocoltest.Code(t, answer))
	require.Empty(t, request.ID, "the request is the caller's")

	request.Identity = json.RawMessage(`{"userId":7}`)
	answer = protocoltest.Send(t, greeting(), request, protocol.WithDialect(protocol.Kotlin))
	require.Equal(t, map[string]string{"text": "hello 7"}, protocoltest.Payload[map[string]string](t, answer))
	require.JSONEq(t, `{}`, string(answer.Identity))
	require.Equal(t, "test-id", answer.ID)
}

func TestNew_WritesNilAsAnEmptyObject(t *testing.T) {
	var r protocol.Registry
	protocol.Handle(&r, "get:event", 1, func(_ context.Context, in map[string]any) (map[string]any, error) { return in, nil })
	require.True(t, protocoltest.Send(t, &r, protocoltest.New(t, "get:event", 1, nil)).IsSuccess())
	require.Equal(t, "MISSING_FIELDS", protocoltest.Code(t, protocoltest.Send(t, &r, protocoltest.New(t, "get:event", 1, json.RawMessage("null")))))
}

// fatal records how a helper fails.
type fatal struct {
	testing.TB

	text string
}

func (f *fatal) Fatalf(format string, args ...any) {
	f.text = fmt.Sprintf(format, args...)
	panic(f)
}

func TestHelpers_FailWithTheReason(t *testing.T) {
	response := &protocol.Event{Name: "a:response", Payload: json.RawMessage(`{"a":1}`)}
	for want, f := range map[string]func(testing.TB){
		"protocoltest.Send: json: error": func(tb testing.TB) { tb.Helper(); protocoltest.Send(tb, greeting(), &protocol.Event{}) },
		"protocoltest.New: payload of a": func(tb testing.TB) { tb.Helper(); protocoltest.New(tb, "a", 1, make(chan int)) },
		"want a response, got a:error": func(tb testing.TB) {
			tb.Helper()
			protocoltest.Payload[any](tb, &protocol.Event{Name: "a:error", Payload: json.RawMessage(`{}`)})
		},
		"protocoltest.Payload: of a:response: json": func(tb testing.TB) { tb.Helper(); protocoltest.Payload[int](tb, response) },
		"want an error, got a:response":             func(tb testing.TB) { tb.Helper(); protocoltest.Code(tb, response) },
		"a:error has no code": func(tb testing.TB) {
			tb.Helper()
			protocoltest.Code(tb, &protocol.Event{Name: "a:error", Payload: json.RawMessage(`{}`)})
		},
	} {
		failed := &fatal{TB: t}
		require.Panics(t, func() { f(failed) })
		require.Contains(t, failed.text, want)
	}
}

func TestTransport_IsTheProcessor(t *testing.T) {
	send := protocoltest.Transport(protocol.NewProcessor(greeting()))
	answer, err := send(t.Context(), []byte(`{"name":"get:greeting","version":1,"id":"1","flowId":"2"}`))
	require.NoError(t, err)
	require.JSONEq(t, `{"name":"get:greeting:unauthorized","version":1,"id":"1","flowId":"2",
		"payload":{"code":"NO_USER","parameters":{}},"identity":{},"auth":{},"metadata":{}}`, string(answer))
}
