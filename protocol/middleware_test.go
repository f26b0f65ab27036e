package protocol_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/protocol"
	"github.com/cactuscorp/cactus/protocol/protocoltest"
)

func TestLogging_WritesOneRecordAnEvent(t *testing.T) {
	const who = `event.EventID=test-id event.FlowID=test-flow event.Operation=get:event:v1 event.UserId=7 event.UserType=ADMIN `
	for name, tt := range map[string]struct {
		h    protocol.HandlerFunc
		want string
	}{
		"response": {echo, `level=INFO msg="event processed" ` + who + "type=response duration=0s\n"},
		"its own error": {
			func(context.Context, *protocol.Event) (*protocol.Event, error) {
				return nil, protocol.NotFound("NO", nil)
			},
			`level=INFO msg="event processed" ` + who + "type=notFound code=NO duration=0s error=\"protocol: notFound NO\"\n",
		},
		"failure": {
			func(context.Context, *protocol.Event) (*protocol.Event, error) { return nil, errors.New("reason") },
			`level=ERROR msg="event processed" ` + who + "type=error code=UNHANDLED_ERROR duration=0s error=reason\n",
		},
		"panic": {
			func(context.Context, *protocol.Event) (*protocol.Event, error) { panic("boom") },
			`level=ERROR msg="event processed" ` + who + "type=error code=UNHANDLED_ERROR duration=0s error=\"panic: boom\" stack=true\n",
		},
		"nothing": {
			func(context.Context, *protocol.Event) (*protocol.Event, error) { return nil, nil }, //nolint:nilnil // the mistake under test
			`level=ERROR msg="event processed" ` + who + "type=error code=UNHANDLED_ERROR duration=0s error=\"the handler returned neither a response nor an error\"\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var buf bytes.Buffer
				log := slog.New(slog.NewTextHandler(&buf, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
					switch a.Key {
					case slog.TimeKey:
						return slog.Attr{}
					case "stack":
						return slog.Bool("stack", a.Value.String() != "")
					}
					return a
				}}))
				request := protocoltest.New(t, "get:event", 1, "s3cret")
				request.Auth = json.RawMessage(`{"token":"s3cret"}`)
				request.Identity = json.RawMessage(`{"user":{"id":7,"type":"ADMIN"},"name":"s3cret"}`)
				protocoltest.Send(t, handling(tt.h, protocol.WithMiddleware(protocol.Logging(log))), request)
				require.Equal(t, tt.want, buf.String())
			})
		})
	}
	require.True(t, protocoltest.Send(t, handling(echo, protocol.WithMiddleware(protocol.Logging(nil))), protocoltest.New(t, "get:event", 1, nil)).IsSuccess())
}

func TestTimeout_EndsTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		waits := func(ctx context.Context, _ *protocol.Event) (*protocol.Event, error) {
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}
		start := time.Now()
		answer := protocoltest.Send(t, handling(waits, protocol.WithMiddleware(protocol.Timeout(3*time.Second))), protocoltest.New(t, "get:event", 1, nil))
		require.Equal(t, 3*time.Second, time.Since(start))
		require.Equal(t, "EVENT_TIMEOUT", protocoltest.Code(t, answer))
	})
	require.PanicsWithValue(t, "protocol: Timeout of 0s: it must be positive", func() { protocol.Timeout(0) })
}

func TestUse_WrapsOutsideWithMiddleware(t *testing.T) {
	var order []string
	named := func(name string) protocol.Middleware {
		return func(next protocol.HandlerFunc) protocol.HandlerFunc {
			return func(ctx context.Context, e *protocol.Event) (*protocol.Event, error) {
				order = append(order, name)
				_, err := next(ctx, e)
				if p := (*protocol.PanicError)(nil); !errors.As(err, &p) {
					t.Errorf("want a PanicError, got %v", err)
				}
				return nil, err
			}
		}
	}
	var r protocol.Registry
	r.Use(named("a"), named("b"))
	r.Use(named("c"))
	protocol.HandleEvent(&r, "get:event", 1, func(context.Context, *protocol.Event) (*protocol.Event, error) {
		panic(errors.New("boom"))
	}, protocol.WithMiddleware(named("d"), named("e")))
	protocoltest.Send(t, &r, protocoltest.New(t, "get:event", 1, nil))
	require.Equal(t, []string{"a", "b", "c", "d", "e"}, order)
}

func TestUse_LetsMiddlewareLookAtTheRegistryWhileItIsRegistered(t *testing.T) {
	var r protocol.Registry
	var seen []int
	r.Use(func(next protocol.HandlerFunc) protocol.HandlerFunc {
		seen = append(seen, len(r.Events()))
		return next
	})
	nothing := func(context.Context, *protocol.Event) (*protocol.Event, error) { return nil, nil } //nolint:nilnil // it is never called
	protocol.HandleEvent(&r, "get:event", 1, nothing)
	protocol.HandleEvent(&r, "get:event", 2, nothing)
	require.Equal(t, []int{0, 1}, seen)
}
