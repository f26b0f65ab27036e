package protocol_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/protocol"
	"github.com/cactuscorp/cactus/protocol/protocoltest"
)

// handling returns a registry with one handler, of get:event version 1.
func handling(h protocol.HandlerFunc, opts ...protocol.HandleOption) *protocol.Registry {
	r := new(protocol.Registry)
	protocol.HandleEvent(r, "get:event", 1, h, opts...)
	return r
}

type upstream struct{ failed, late bool }

func (upstream) Error() string            { return "https://internal.example: refused" }
func (u upstream) FailedDependency() bool { return u.failed }
func (u upstream) Timeout() bool          { return u.late }

type nilUpstreamError struct{ upstream }

type panicking struct{}

func (panicking) MarshalJSON() ([]byte, error) { panic("s3cret") }

func TestProcessor_TurnsErrorsIntoAnswers(t *testing.T) {
	const unhandled = `{"code":"UNHANDLED_ERROR","parameters":{}}`
	for name, tt := range map[string]struct {
		err          error
		typ, payload string
	}{
		"an Error, wrapped":         {fmt.Errorf("x: %w", protocol.Forbidden("NO", map[string]int{"n": 1})), "forbidden", `{"code":"NO","parameters":{"n":1}}`},
		"no type":                   {&protocol.Error{Code: "C"}, "error", `{"code":"C","parameters":{}}`},
		"the type of a success":     {&protocol.Error{Type: "response", Code: "C"}, "error", `{"code":"C","parameters":{}}`},
		"a success in disguise":     {&protocol.Error{Type: "x:response", Code: "C"}, "error", `{"code":"C","parameters":{}}`},
		"a type of one's own":       {&protocol.Error{Type: "teapot", Code: "\"\n"}, "teapot", `{"code":"\"\n","parameters":{}}`},
		"nil map":                   {protocol.Gone("C", map[string]any(nil)), "gone", `{"code":"C","parameters":{}}`},
		"unencodable parameters":    {protocol.Expired("C", make(chan int)), "error", unhandled},
		"a typed nil":               {(*protocol.Error)(nil), "error", unhandled},
		"a redirect":                {protocol.Redirect("https://x", nil), "redirect", `{"url":"https://x","queryParameters":{}}`},
		"an unencodable redirect":   {protocol.Redirect("https://x", map[string]any{"a": make(chan int)}), "error", unhandled},
		"an upstream's failure":     {fmt.Errorf("x: %w", upstream{failed: true}), "error", `{"code":"FAILED_DEPENDENCY","parameters":{"message":"a service that the event depends on failed"}}`},
		"an upstream's timeout":     {upstream{late: true}, "error", `{"code":"EVENT_TIMEOUT","parameters":{"message":"the event took too long"}}`},
		"an upstream's other":       {upstream{}, "error", unhandled},
		"a deadline":                {fmt.Errorf("x: %w", context.DeadlineExceeded), "error", `{"code":"EVENT_TIMEOUT","parameters":{"message":"the event took too long"}}`},
		"a nil whose methods panic": {(*nilUpstreamError)(nil), "error", unhandled},
		"parameters that panic":     {protocol.Gone("C", panicking{}), "error", unhandled},
		"any":                       {errors.New("s3cret"), "error", unhandled},
	} {
		t.Run(name, func(t *testing.T) {
			answer := protocoltest.Send(t, handling(func(context.Context, *protocol.Event) (*protocol.Event, error) {
				return nil, tt.err
			}), protocoltest.New(t, "get:event", 1, nil))
			require.Equal(t, "get:event:"+tt.typ, answer.Name)
			require.JSONEq(t, tt.payload, string(answer.Payload))
		})
	}
}

func TestProcessor_RefusesResponsesThatAreNone(t *testing.T) {
	for name, h := range map[string]protocol.HandlerFunc{
		"nil":         func(context.Context, *protocol.Event) (*protocol.Event, error) { return nil, nil }, //nolint:nilnil // the mistake under test
		"the request": func(_ context.Context, e *protocol.Event) (*protocol.Event, error) { return e, nil },
		"the request, changed": func(_ context.Context, e *protocol.Event) (*protocol.Event, error) {
			e.Name += ":response"
			return e, nil
		},
		"a copy of the request": func(_ context.Context, e *protocol.Event) (*protocol.Event, error) { c := *e; return &c, nil },
		"no name":               func(context.Context, *protocol.Event) (*protocol.Event, error) { return &protocol.Event{}, nil },
		"a payload that is no JSON": func(context.Context, *protocol.Event) (*protocol.Event, error) {
			return &protocol.Event{Name: "a", Payload: []byte("{")}, nil
		},
		"a panic": func(context.Context, *protocol.Event) (*protocol.Event, error) { panic(http.ErrAbortHandler) },
		"a panic of a Go type": func(context.Context, *protocol.Event) (*protocol.Event, error) {
			var e *protocol.Event
			return nil, errors.New(e.Name)
		},
		"a broken request": func(_ context.Context, e *protocol.Event) (*protocol.Event, error) {
			clear(e.Identity)
			return nil, errors.New("s3cret")
		},
	} {
		t.Run(name, func(t *testing.T) {
			request := protocoltest.New(t, "get:event", 1, nil)
			request.Identity = json.RawMessage(`{"userId":1}`)
			answer := protocoltest.Send(t, handling(h), request)
			require.Equal(t, "get:event:error", answer.Name)
			require.Equal(t, "UNHANDLED_ERROR", protocoltest.Code(t, answer))
			require.Equal(t, "test-flow", answer.FlowID)
		})
	}
	panics := protocol.WithMiddleware(func(protocol.HandlerFunc) protocol.HandlerFunc {
		return func(context.Context, *protocol.Event) (*protocol.Event, error) { panic("above") }
	})
	require.Equal(t, "UNHANDLED_ERROR", protocoltest.Code(t, protocoltest.Send(t, handling(echo, panics), protocoltest.New(t, "get:event", 1, nil))))
}

func TestProcessor_KeepsAuthToItself(t *testing.T) {
	const token = `{"token":"s3cret"}`
	request := protocoltest.New(t, "get:event", 1, nil)
	request.Auth = json.RawMessage(token)
	copies := func(_ context.Context, e *protocol.Event) (*protocol.Event, error) {
		c := *e
		c.Name += ":response"
		return &c, nil
	}
	sets := func(context.Context, *protocol.Event) (*protocol.Event, error) {
		return &protocol.Event{Name: "get:event:response", Auth: json.RawMessage(`{"token":"new"}`)}, nil
	}
	for _, dialect := range []protocol.Dialect{protocol.Python, protocol.Kotlin} {
		in := protocol.WithDialect(dialect)
		require.JSONEq(t, `{}`, string(protocoltest.Send(t, handling(echo), request, in).Auth))
		require.JSONEq(t, `{}`, string(protocoltest.Send(t, handling(copies), request, in).Auth))
		require.JSONEq(t, `{"token":"new"}`, string(protocoltest.Send(t, handling(sets), request, in).Auth))
		require.JSONEq(t, token, string(protocoltest.Send(t, handling(echo), request, in, protocol.WithEchoAuth()).Auth))
		require.JSONEq(t, token, string(protocoltest.Send(t, handling(copies), request, in, protocol.WithEchoAuth()).Auth))
	}
}

func TestProcessor_TellsTheHandlerWhatItHandles(t *testing.T) {
	r := handling(func(ctx context.Context, e *protocol.Event) (*protocol.Event, error) {
		inner, cancel := context.WithCancel(ctx)
		defer cancel()
		require.Same(t, e, protocol.EventFromContext(inner))
		require.Equal(t, "test-id", protocol.IDFromContext(inner))
		require.Equal(t, "test-flow", protocol.FlowIDFromContext(inner))
		return e.Response(nil)
	})
	require.True(t, protocoltest.Send(t, r, protocoltest.New(t, "get:event", 1, nil)).IsSuccess())
	require.Nil(t, protocol.EventFromContext(t.Context()))
	require.Empty(t, protocol.IDFromContext(t.Context()))
	require.Empty(t, protocol.FlowIDFromContext(t.Context()))
}

func TestProcessor_OverHTTP(t *testing.T) {
	mux := http.NewServeMux()
	protocol.NewProcessor(handling(echo), protocol.WithMaxBody(100)).Mount(mux)
	serve := func(method, path, body string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
		return w
	}
	const request = `{"name":"get:event","version":1,"id":"i","flowId":"f"}`
	const response = `{"name":"get:event:response","version":1,"id":"i","flowId":"f","payload":{},"identity":{},"auth":{},"metadata":{}}`
	for _, path := range []string{"/events", "/events/"} {
		w := serve(http.MethodPost, path, request)
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, "application/json; charset=utf-8", w.Header().Get("Content-Type"))
		require.JSONEq(t, response, w.Body.String())

		w = serve(http.MethodGet, path, "")
		require.Equal(t, http.StatusMethodNotAllowed, w.Code)
		require.Equal(t, http.MethodPost, w.Header().Get("Allow"))
	}
	for want, body := range map[string]string{
		"the body is too large": request + strings.Repeat(" ", 100),
		"must be JSON in UTF-8": "something",
	} {
		w := serve(http.MethodPost, "/events", body)
		require.Equal(t, http.StatusOK, w.Code)
		require.Contains(t, w.Body.String(), `"name":"badProtocol","version":1,`)
		require.Contains(t, w.Body.String(), want)
	}
	require.Equal(t, http.StatusNotFound, serve(http.MethodPost, "/events/more", request).Code)

	w := serve(http.MethodGet, "/health", "")
	require.Equal(t, http.StatusOK, w.Code)
	require.JSONEq(t, `{"checks":[]}`, w.Body.String())
}

func TestProcessor_LogsWhatNobodyElseSees(t *testing.T) {
	var buf bytes.Buffer
	log := slog.New(slog.NewTextHandler(&buf, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	p := protocol.NewProcessor(handling(func(context.Context, *protocol.Event) (*protocol.Event, error) {
		return nil, errors.New("reason")
	}), protocol.WithLogger(log))
	for _, body := range []string{
		`{"name":"get:event","version":1,"id":"i","flowId":"f","payload":"s3cret","auth":{"token":"s3cret"},"identity":{"userId":7}}`,
		`{"name":"no:such","version":1,"id":"i","flowId":"f"}`,
		`s3cret`,
	} {
		p.Process(t.Context(), []byte(body))
	}
	require.Equal(t, `level=ERROR msg="event failed" event.EventID=i event.FlowID=f event.Operation=get:event:v1 event.UserId=7 error=reason
level=INFO msg="event unknown" event.EventID=i event.FlowID=f event.Operation=no:such:v1
level=WARN msg="event malformed" event.EventID="" event.FlowID="" event.Operation=:v0 error="event: must be JSON in UTF-8, an object at most 512 deep: must be a JSON object"
`, buf.String())
}

func TestProcessor_IsSafeForConcurrentUse(t *testing.T) {
	p := protocol.NewProcessor(handling(echo))
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			want := fmt.Sprintf(`"payload":%d,`, i)
			answer := p.Process(t.Context(), fmt.Appendf(nil, `{"name":"get:event","version":1,"payload":%d}`, i))
			if !bytes.Contains(answer, []byte(want)) {
				t.Errorf("want %s, got %s", want, answer)
			}
		})
	}
	group.Wait()
}

func TestNewProcessor_PanicsOnMisuse(t *testing.T) {
	require.PanicsWithValue(t, "protocol: NewProcessor: the registry is nil", func() { protocol.NewProcessor(nil) })
	require.PanicsWithValue(t, "protocol: NewProcessor was given a nil option", func() { protocol.NewProcessor(&protocol.Registry{}, nil) })
	require.PanicsWithValue(t, "protocol: NewProcessor: there is no Dialect(2)", func() {
		protocol.NewProcessor(&protocol.Registry{}, protocol.WithDialect(2))
	})
	require.PanicsWithValue(t, "protocol: WithMaxBody of 0: it must be positive", func() { protocol.WithMaxBody(0) })
}

// panickingLog is a log handler with a mistake of its own.
type panickingLog struct{ slog.Handler }

func (panickingLog) Enabled(context.Context, slog.Level) bool { panic("s3cret") }

func TestProcessor_AnswersWhenItsLoggerPanics(t *testing.T) {
	p := protocol.NewProcessor(handling(func(context.Context, *protocol.Event) (*protocol.Event, error) {
		return nil, protocol.NotFound("GONE", nil)
	}), protocol.WithLogger(slog.New(panickingLog{})))
	for body, want := range map[string]string{
		`s3cret`:                           `"badProtocol"`,
		`{"name":"no:such","version":1}`:   `"no:such:notFound"`,
		`{"name":"get:event","version":1}`: `"get:event:notFound"`,
	} {
		require.Contains(t, string(p.Process(t.Context(), []byte(body))), want)
	}
}

func TestLogging_CostsNoAnswerWhenItsLoggerPanics(t *testing.T) {
	r := handling(echo, protocol.WithMiddleware(protocol.Logging(slog.New(panickingLog{}))))
	require.True(t, protocoltest.Send(t, r, protocoltest.New(t, "get:event", 1, nil)).IsSuccess())
}

func TestProcessor_LogsAFailureWhoseMethodsPanic(t *testing.T) {
	var buf bytes.Buffer
	p := protocol.NewProcessor(handling(func(context.Context, *protocol.Event) (*protocol.Event, error) {
		return nil, (*nilUpstreamError)(nil)
	}), protocol.WithLogger(slog.New(slog.NewTextHandler(&buf, nil))))
	p.Process(t.Context(), []byte(`{"name":"get:event","version":1}`))
	require.Contains(t, buf.String(), `error="*protocol_test.nilUpstreamError: its Error method panics"`)
}

func TestProcessor_TellsNothingOfAPanicWithAnError(t *testing.T) {
	for _, value := range []error{
		protocol.NotFound("S3CRET", nil), protocol.Redirect("https://s3cret", nil), context.DeadlineExceeded, upstream{failed: true},
	} {
		answer := protocoltest.Send(t, handling(func(context.Context, *protocol.Event) (*protocol.Event, error) {
			panic(value)
		}), protocoltest.New(t, "get:event", 1, nil))
		require.Equal(t, "get:event:error", answer.Name)
		require.Equal(t, "UNHANDLED_ERROR", protocoltest.Code(t, answer))
	}
}

func TestProcessor_LetsMiddlewareAnswerForAPanic(t *testing.T) {
	answers := protocol.WithMiddleware(func(next protocol.HandlerFunc) protocol.HandlerFunc {
		return func(ctx context.Context, e *protocol.Event) (*protocol.Event, error) {
			_, err := next(ctx, e)
			return nil, &protocol.Error{Type: protocol.TypeExpired, Code: "OVER", Cause: err}
		}
	})
	answer := protocoltest.Send(t, handling(func(context.Context, *protocol.Event) (*protocol.Event, error) {
		panic(protocol.NotFound("S3CRET", nil))
	}, answers), protocoltest.New(t, "get:event", 1, nil))
	require.Equal(t, "get:event:expired", answer.Name)
}

func TestProcessor_FillsInTheVersion(t *testing.T) {
	answer := protocoltest.Send(t, handling(func(context.Context, *protocol.Event) (*protocol.Event, error) {
		return &protocol.Event{Name: "get:event:response"}, nil
	}), protocoltest.New(t, "get:event", 1, nil))
	require.Equal(t, 1, answer.Version)
}
