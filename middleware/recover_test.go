package middleware_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
)

// seen is a middleware that notes the error that came back to it.
func seen(err *error) cactus.Middleware {
	return func(next cactus.HandlerFunc) cactus.HandlerFunc {
		return func(ctx context.Context, event cactus.Event) error {
			*err = next(ctx, event)
			return *err
		}
	}
}

func TestRecover_ShowsThePanicToTheMiddlewareOutside(t *testing.T) {
	cause := errors.New("no such row")
	var outside error
	err := dispatch(t.Context(), panicWith(cause), seen(&outside), middleware.Recover())

	var p *cactus.PanicError
	require.ErrorAs(t, outside, &p)
	require.Equal(t, cause, p.Value)
	require.Contains(t, string(p.Stack), "panicWith")
	require.ErrorIs(t, outside, cause)
	require.Same(t, outside, err)
	require.Equal(t, cactus.OutcomeFailed, cactus.OutcomeOf(err))
}

func TestRecover_TakesAPanicOfMiddlewareInside(t *testing.T) {
	broken := func(cactus.HandlerFunc) cactus.HandlerFunc {
		return func(context.Context, cactus.Event) error { panic("broken") }
	}
	var outside error
	err := dispatch(t.Context(), succeed, seen(&outside), middleware.Recover(), broken)
	require.EqualError(t, outside, "panic: broken")
	require.Same(t, outside, err)
}

func TestRecover_PassesOnAbortHandler(t *testing.T) {
	require.PanicsWithValue(t, http.ErrAbortHandler, func() {
		_ = dispatch(t.Context(), panicWith(http.ErrAbortHandler), middleware.Recover())
	})
}

func TestRecover_LeavesResultsAlone(t *testing.T) {
	require.NoError(t, dispatch(t.Context(), succeed, middleware.Recover()))

	fail := func(context.Context) error { return errFlaky }
	require.Equal(t, errFlaky, dispatch(t.Context(), fail, middleware.Recover()))
}

func succeed(context.Context) error { return nil }

func panicWith(v any) func(context.Context) error {
	return func(context.Context) error { panic(v) }
}
