package protocol_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/protocol"
	"github.com/cactuscorp/cactus/protocol/protocoltest"
)

func echo(_ context.Context, e *protocol.Event) (*protocol.Event, error) {
	return e.Response(e.Payload)
}

// message returns what f panics with.
func message(t *testing.T, f func()) (text string) {
	t.Helper()
	defer func() { text = fmt.Sprint(recover()) }()
	f()
	t.Fatal("it did not panic")
	return ""
}

func TestHandleEvent_TakesTheNamesThatPythonTakes(t *testing.T) {
	var r protocol.Registry
	for _, name := range []string{
		"get:event", "ab:cd", "_a:_b", "user:name:set_", "get:event:example2", "get:event:a:b", "aa:bb:c", "ab:cd anything",
	} {
		require.NotPanics(t, func() { protocol.HandleEvent(&r, name, 1, echo) }, name)
	}
	for _, name := range []string{"a:b", "ab:c", "Get:event", "get-event:x", "event", "", " get:event", "g\u00e9t:event", "batch"} {
		text := message(t, func() { protocol.HandleEvent(&r, name, 1, echo) })
		require.Contains(t, text, "the name must begin with a match of [a-z_]+[a-z]:[a-z_]+[a-z](:[a-z]+[a-z])*", name)
		require.Contains(t, text, "register_test.go:")
	}
	require.Contains(t, message(t, func() { protocol.HandleEvent(&r, "ab:cd\xff", 1, echo) }), "must be valid UTF-8")
}

func TestHandleEvent_PanicsOnMisuse(t *testing.T) {
	var r protocol.Registry
	protocol.HandleEvent(&r, "get:event", 1, echo)
	for want, register := range map[string]func(){
		"it is already handled, registered at ": func() { protocol.HandleEvent(&r, "get:event", 1, echo) },
		"the handler is nil":                    func() { protocol.HandleEvent(&r, "get:event", 2, nil) },
		"the version must be at least 1":        func() { protocol.HandleEvent(&r, "get:event", 0, echo) },
		"the registry is nil":                   func() { protocol.HandleEvent(nil, "get:event", 2, echo) },
		"it was given a nil option":             func() { protocol.HandleEvent(&r, "get:event", 2, echo, nil) },
		"it was given a nil middleware": func() {
			protocol.HandleEvent(&r, "get:event", 2, echo, protocol.WithMiddleware(nil))
		},
		"a middleware returned a nil handler": func() {
			protocol.HandleEvent(&r, "get:event", 2, echo, protocol.WithMiddleware(func(protocol.HandlerFunc) protocol.HandlerFunc { return nil }))
		},
		"comes after a registration": func() { r.Use() },
	} {
		text := message(t, register)
		require.Contains(t, text, want)
		require.Contains(t, text, "register_test.go:")
	}
	require.Contains(t, message(t, func() { protocol.HandleBatch(&r, 0) }), "register_test.go:")
	require.Equal(t, []protocol.Registration{{Name: "get:event", Version: 1}}, r.Events())

	protocoltest.Send(t, &r, protocoltest.New(t, "no:such", 1, nil))
	require.Contains(t, message(t, func() { protocol.HandleEvent(&r, "get:event", 2, echo) }), "it comes after the first event")
	var empty protocol.Registry
	protocoltest.Send(t, &empty, protocoltest.New(t, "no:such", 1, nil))
	require.Contains(t, message(t, func() { empty.Use() }), "comes after the first event")
}

func TestRegistry_ListsInOrder(t *testing.T) {
	var r protocol.Registry
	for _, version := range []int{10, 2} {
		protocol.HandleEvent(&r, "get:event", version, echo)
	}
	protocol.HandleEvent(&r, "do:this", 1, echo)
	require.Equal(t, []protocol.Registration{{"do:this", 1}, {"get:event", 2}, {"get:event", 10}}, r.Events())
	require.True(t, r.Handles("get:event", 2))
	require.False(t, r.Handles("get:event", 1))
}
