package middleware_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/types"
)

// newLogger writes text without the time. A stack is cut down to whether it is
// there and shows the panicking function of this package.
func newLogger(buf *bytes.Buffer, level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(buf, &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		switch a.Key {
		case slog.TimeKey:
			return slog.Attr{}
		case "stack":
			return slog.Bool("stack", strings.Contains(a.Value.String(), "panicWith"))
		}
		return a
	}}))
}

func TestLogging_WritesOneRecordAnEvent(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"handled", nil, `level=INFO msg="event handled" event.id=evt_441 event.type=order.shipped outcome=handled duration=1.5s`},
		{"ignored", cactus.ErrIgnored, `level=INFO msg="event ignored" event.id=evt_441 event.type=order.shipped outcome=ignored duration=1.5s error="cactus: event ignored"`},
		{"unhandled", cactus.ErrNoHandler, `level=INFO msg="event not handled" event.id=evt_441 event.type=order.shipped outcome=unhandled duration=1.5s error="cactus: no handler"`},
		{"busy", &cactus.Error{Outcome: cactus.OutcomeBusy}, `level=WARN msg="event not handled" event.id=evt_441 event.type=order.shipped outcome=busy duration=1.5s error="cactus: busy"`},
		{"retry", cactus.RetryAfter(time.Minute, errFlaky), `level=WARN msg="event not handled" event.id=evt_441 event.type=order.shipped outcome=retry duration=1.5s error="retry: connection reset"`},
		{"permanent", cactus.Permanent(errFlaky), `level=ERROR msg="event not handled" event.id=evt_441 event.type=order.shipped outcome=permanent duration=1.5s error="permanent: connection reset"`},
		{"gone", cactus.ErrGone, `level=ERROR msg="event not handled" event.id=evt_441 event.type=order.shipped outcome=gone duration=1.5s error="cactus: endpoint gone"`},
		{"malformed", cactus.ErrMalformed, `level=ERROR msg="event not handled" event.id=evt_441 event.type=order.shipped outcome=failed duration=1.5s error="failed: cactus: malformed event"`},
		{"refused", fmt.Errorf("inner: %w", signature.ErrRefused), `level=ERROR msg="event not handled" event.id=evt_441 event.type=order.shipped outcome=failed duration=1.5s error="failed: inner: ` + signature.ErrRefused.Error() + `"`},
		{"failed", errFlaky, `level=ERROR msg="event not handled" event.id=evt_441 event.type=order.shipped outcome=failed duration=1.5s error="connection reset"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var buf bytes.Buffer
				err := dispatch(t.Context(), func(context.Context) error {
					time.Sleep(1500 * time.Millisecond)
					return tt.err
				}, middleware.Logging(newLogger(&buf, slog.LevelDebug)))
				require.ErrorIs(t, err, tt.err)
				require.Equal(t, tt.want+"\n", buf.String())
			})
		})
	}
}

func TestLogging_ShowsTheTenant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var buf bytes.Buffer
		r := &cactus.Registry{}
		r.Use(middleware.Logging(newLogger(&buf, slog.LevelInfo)))
		cactus.On(r, func(context.Context, *types.OrderShippedPushed) error { return nil })
		env := thin()
		env.Tenant = "acme"
		require.NoError(t, r.Dispatch(t.Context(), env))
		require.Equal(t, `level=INFO msg="event handled" event.id=evt_441 event.type=order.shipped event.tenant=acme `+
			"outcome=handled duration=0s\n", buf.String())
	})
}

func TestLogging_LogsAPanicAndLetsItPass(t *testing.T) {
	const want = `level=ERROR msg="event not handled" event.id=evt_441 event.type=order.shipped ` +
		"outcome=failed duration=0s error=\"panic: boom\" stack=true\n"
	for name, inside := range map[string][]cactus.Middleware{
		"passing through":  nil,
		"recovered inside": {middleware.Recover()},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var buf bytes.Buffer
				chain := append([]cactus.Middleware{middleware.Logging(newLogger(&buf, slog.LevelInfo))}, inside...)
				err := dispatch(t.Context(), panicWith("boom"), chain...)
				require.Equal(t, want, buf.String())

				var p *cactus.PanicError
				require.ErrorAs(t, err, &p)
				require.Equal(t, "boom", p.Value)
				require.Contains(t, string(p.Stack), "panicWith") // not only where it went on
			})
		})
	}
}

func TestLogging_LogsAbortHandlerWithoutStack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var buf bytes.Buffer
		require.PanicsWithValue(t, http.ErrAbortHandler, func() {
			_ = dispatch(t.Context(), panicWith(http.ErrAbortHandler), middleware.Logging(newLogger(&buf, slog.LevelInfo)))
		})
		require.Equal(t, `level=ERROR msg="event not handled" event.id=evt_441 event.type=order.shipped `+
			"outcome=failed duration=0s error=\"panic: net/http: abort Handler\"\n", buf.String())
	})
}

func TestLogging_InsideRetryLogsEachAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var buf bytes.Buffer
		require.NoError(t, dispatch(t.Context(), func(ctx context.Context) error {
			if middleware.Attempt(ctx) < 3 {
				return errFlaky
			}
			return nil
		}, middleware.Retry(), middleware.Logging(newLogger(&buf, slog.LevelInfo))))
		require.Equal(t, `level=ERROR msg="event not handled" event.id=evt_441 event.type=order.shipped outcome=failed duration=0s error="connection reset"
level=ERROR msg="event not handled" event.id=evt_441 event.type=order.shipped outcome=failed duration=0s attempt=2 error="connection reset"
level=INFO msg="event handled" event.id=evt_441 event.type=order.shipped outcome=handled duration=0s attempt=3
`, buf.String())
	})
}

func TestLogging_NilLoggerLogsNothing(t *testing.T) {
	require.Equal(t, errFlaky, dispatch(t.Context(), func(context.Context) error { return errFlaky }, middleware.Logging(nil)))
}

func TestLogging_RespectsTheLoggersLevel(t *testing.T) {
	var buf bytes.Buffer
	require.NoError(t, dispatch(t.Context(), succeed, middleware.Logging(newLogger(&buf, slog.LevelWarn))))
	require.Empty(t, buf.String())
}

func TestWithLevel_ChoosesByOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var buf bytes.Buffer
		quiet := middleware.WithLevel(func(o cactus.Outcome) slog.Level {
			if o == cactus.OutcomeHandled {
				return slog.LevelDebug
			}
			return slog.LevelWarn
		})
		logging := middleware.Logging(newLogger(&buf, slog.LevelInfo), quiet)
		require.NoError(t, dispatch(t.Context(), succeed, logging))
		require.Empty(t, buf.String())
		require.Error(t, dispatch(t.Context(), func(context.Context) error { return errFlaky }, logging))
		require.Contains(t, buf.String(), "level=WARN")
	})
	require.PanicsWithValue(t, "middleware: WithLevel: the function is nil", func() { middleware.WithLevel(nil) })
}

func TestLogging_KeepsConcurrentEventsApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var buf bytes.Buffer
		r := &cactus.Registry{}
		r.Use(middleware.Logging(newLogger(&buf, slog.LevelInfo)))
		cactus.On(r, func(context.Context, *types.OrderShippedPushed) error { return nil })
		var group sync.WaitGroup
		for i := range 50 {
			group.Go(func() {
				env := thin()
				env.ID = fmt.Sprintf("evt_%d", i)
				if err := r.Dispatch(t.Context(), env); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		for i := range 50 {
			line := fmt.Sprintf("level=INFO msg=\"event handled\" event.id=evt_%d event.type=order.shipped outcome=handled duration=0s\n", i)
			require.Equal(t, 1, strings.Count(buf.String(), line))
		}
	})
}
