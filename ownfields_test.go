package cactus_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
)

// explosive panics when it is read.
type explosive struct{}

func (*explosive) UnmarshalJSON([]byte) error { panic("boom") }

type fieldsOfItsOwn struct {
	cactus.Full[struct{}]

	Labels map[string][]string `json:"labels"`
	Level  int                 `json:"level"`
	Fuse   *explosive          `json:"fuse"`
}

func (fieldsOfItsOwn) EventType() string { return "shop.opened" }

func TestMiddleware_APanicOfAnOwnFieldIsTheHandlers(t *testing.T) {
	var r cactus.Registry
	var seen error
	r.Use(func(next cactus.HandlerFunc) cactus.HandlerFunc {
		return func(ctx context.Context, event cactus.Event) error {
			defer func() {
				if v := recover(); v != nil {
					seen = cactus.NewPanicError(v)
					panic(v)
				}
			}()
			return next(ctx, event)
		}
	})
	cactus.On(&r, func(context.Context, *fieldsOfItsOwn) error { return errors.New("it ran") })
	err := r.DispatchUnverified(t.Context(), []byte(`{"id":"evt_1","type":"shop.opened","fuse":{},"data":{}}`))
	require.ErrorAs(t, err, new(*cactus.PanicError))
	require.ErrorAs(t, seen, new(*cactus.PanicError), "the middleware is above it")
}

func TestMiddleware_SharesNoOwnFieldWithTheHandler(t *testing.T) {
	var r cactus.Registry
	r.Use(func(next cactus.HandlerFunc) cactus.HandlerFunc {
		return func(ctx context.Context, event cactus.Event) error {
			e, _ := event.(*fieldsOfItsOwn)
			for range 2 {
				require.Equal(t, map[string][]string{"a": {"1"}}, e.Labels)
				require.NoError(t, next(ctx, event))
			}
			return nil
		}
	})
	cactus.On(&r, func(_ context.Context, e *fieldsOfItsOwn) error {
		require.Equal(t, map[string][]string{"a": {"1"}}, e.Labels)
		e.Labels["a"][0] = "2"
		return nil
	})
	body := []byte(`{"id":"evt_1","type":"shop.opened","labels":{"a":["1"]},"data":{}}`)
	require.NoError(t, r.DispatchUnverified(t.Context(), body))
}
