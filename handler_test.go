package cactus_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
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

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func scheme() *signature.StandardWebhooks {
	return signature.Must(signature.NewStandardWebhooks(signature.Key{Name: "main", Secret: secret}))
}

// signed returns a request as the provider makes it.
func signed(tb testing.TB, id, body string) *http.Request {
	tb.Helper()
	req := httptest.NewRequestWithContext(tb.Context(), http.MethodPost, "/hooks", strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	require.NoError(tb, scheme().Sign(req.Header, id, []byte(body), time.Now()))
	return req
}

func serve(h http.Handler, req *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w
}

func TestHandler_RefusesWhatIsNotAsItShouldBe(t *testing.T) {
	var r cactus.Registry
	cactus.On(&r, func(context.Context, *types.OrderLostPushed) error { t.Error("the handler ran"); return nil })
	h := cactus.NewHandler(&r, cactus.Thin(scheme()), cactus.WithLimits(cactus.Limits{MaxBody: 1000}))
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	tests := map[string]struct {
		change func(*http.Request)
		status int
		text   string
	}{
		"method":     {func(r *http.Request) { r.Method = http.MethodGet }, 405, "method not allowed\n"},
		"no type":    {func(r *http.Request) { r.Header.Del("Content-Type") }, 415, "content type not supported\n"},
		"form":       {header("Content-Type", "application/x-www-form-urlencoded"), 415, "content type not supported\n"},
		"charset":    {header("Content-Type", "application/json; charset=latin1"), 415, "content type not supported\n"},
		"two types":  {func(r *http.Request) { r.Header.Add("Content-Type", "text/plain") }, 415, "content type not supported\n"},
		"compressed": {header("Content-Encoding", "gzip"), 415, "compressed bodies are not supported\n"},
		"announced":  {func(r *http.Request) { r.ContentLength = 1001 }, 413, "body too large\n"},
		"too large": {func(r *http.Request) {
			r.ContentLength = -1
			r.Body = io.NopCloser(strings.NewReader(strings.Repeat("x", 1001)))
		}, 413, "body too large\n"},
		"cut by others": {func(r *http.Request) { r.Body = http.MaxBytesReader(nil, r.Body, 10) }, 413, "body too large\n"},
		"cut short":     {func(r *http.Request) { r.Body = io.NopCloser(io.MultiReader(strings.NewReader("{"), errReader{})) }, 400, "body ended early\n"},
		"no signature":  {func(r *http.Request) { r.Header.Del("Webhook-Signature") }, 401, "refused\n"},
		"forged": {func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader(strings.Replace(lostThin, "849", "850", 1)))
		}, 401, "refused\n"},
		"nothing": {func(r *http.Request) { r.Body = nil }, 401, "refused\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			req := signed(t, "evt_849", lostThin)
			tt.change(req)
			w := serve(h, req)
			require.Equal(t, tt.status, w.Code)
			require.Equal(t, tt.text, w.Body.String())
			require.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
			if tt.status == http.StatusMethodNotAllowed {
				require.Equal(t, "POST", w.Header().Get("Allow"))
			}
			if tt.status == http.StatusRequestEntityTooLarge {
				require.Equal(t, "close", w.Header().Get("Connection"))
			}
		})
	}
	w := serve(h, signed(t, "evt_849", `{"type":"some.event"}`))
	require.Equal(t, 400, w.Code)
	require.Equal(t, "cactus: malformed event: envelope field \"id\": is missing\n", w.Body.String())
	w = serve(h, signed(t, "evt_1", lostThin))
	require.Equal(t, 400, w.Code)
	require.Equal(t, "cactus: malformed event: envelope field \"id\": must be the signed header's\n", w.Body.String())
}

func TestThin_TakesTheIDThatWasSigned(t *testing.T) {
	svix := scheme()
	svix.Svix = true
	r := &cactus.Registry{}
	cactus.On(r, func(context.Context, *types.OrderLostPushed) error { return nil })
	for id, status := range map[string]int{"evt_849": 200, "evt_1": 400} {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(lostThin))
		req.Header.Set("Content-Type", "application/json")
		require.NoError(t, svix.Sign(req.Header, id, []byte(lostThin), time.Now()))
		req.Header.Set("Webhook-Id", "evt_849") // counts for nothing
		require.Equal(t, status, serve(cactus.NewHandler(r, cactus.Thin(svix)), req).Code, id)
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestHandler_AnswersByOutcome(t *testing.T) {
	var result error
	var r cactus.Registry
	cactus.On(&r, func(context.Context, *types.OrderLostPushed) error { return result })
	h := cactus.NewHandler(&r, cactus.Thin(scheme()))
	tests := map[string]struct {
		err        error
		status     int
		text       string
		retryAfter string
	}{
		"handled":           {nil, 200, "", ""},
		"ignored":           {fmt.Errorf("not ours: %w", cactus.ErrIgnored), 200, "", ""},
		"nested":            {cactus.ErrNoHandler, 200, "", ""},
		"permanent":         {cactus.Permanent(errHandler), 422, "permanent\n", ""},
		"gone":              {cactus.ErrGone, 410, "gone\n", ""},
		"another body":      {fmt.Errorf("row 7: %w", cactus.ErrMalformed), 500, "failed\n", ""},
		"another tenant":    {cactus.ErrNoTenant, 500, "failed\n", ""},
		"another signature": {signature.ErrMismatch, 500, "failed\n", ""},
		"stated malformed":  {&cactus.Error{Outcome: cactus.OutcomeMalformed, Err: cactus.ErrMalformed}, 400, "malformed\n", ""},
		"no outcome":        {&cactus.Error{After: time.Minute, Err: errHandler}, 500, "failed\n", ""},
		"nothing, twice":    {fmt.Errorf("both: %w, %w", error(nil), error(nil)), 500, "failed\n", ""},
		"typed nil":         {(*cactus.Error)(nil), 500, "failed\n", ""},
		"busy":              {&cactus.Error{Outcome: cactus.OutcomeBusy}, 409, "busy\n", "1"},
		"retry late":        {cactus.RetryAfter(math.MaxInt64, errHandler), 503, "retry\n", "9223372037"},
		"retry":             {cactus.RetryAfter(1500*time.Millisecond, errHandler), 503, "retry\n", "2"},
		"failed":            {errHandler, 500, "failed\n", ""},
		"deadline":          {context.DeadlineExceeded, 500, "failed\n", ""},
		"odd outcome":       {&cactus.Error{Outcome: 99}, 500, "outcome(99)\n", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			result = tt.err
			w := serve(h, signed(t, "evt_849", lostThin))
			require.Equal(t, tt.status, w.Code)
			require.Equal(t, tt.text, w.Body.String())
			require.Equal(t, tt.retryAfter, w.Header().Get("Retry-After"))
		})
	}
}

func TestHandler_UnhandledIsSuccessUnlessStrict(t *testing.T) {
	var r cactus.Registry
	require.Equal(t, 200, serve(cactus.NewHandler(&r, cactus.Thin(scheme())), signed(t, "evt_849", lostThin)).Code)
	require.Equal(t, 404, serve(cactus.NewHandler(&r, cactus.Thin(scheme()), cactus.WithStrict()), signed(t, "evt_849", lostThin)).Code)
	require.EqualValues(t, 2, r.Unhandled())
}

func TestHandler_TheContextOutlivesTheSenderAndEndsAtTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		var r cactus.Registry
		var kept context.Context
		cactus.On(&r, func(ctx context.Context, _ *types.OrderLostPushed) error {
			kept = ctx //nolint:fatcontext // the test looks at it afterwards
			require.Equal(t, "value", ctx.Value(key{}))
			require.NoError(t, ctx.Err(), "the sender has hung up, which is no reason to stop")
			require.NoError(t, context.Cause(ctx))
			deadline, ok := ctx.Deadline()
			require.True(t, ok)
			require.Equal(t, 3*time.Second, time.Until(deadline))
			<-ctx.Done()
			return ctx.Err()
		})
		h := cactus.NewHandler(&r, cactus.Thin(scheme()), cactus.WithLimits(cactus.Limits{Deadline: 3 * time.Second}))
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
		cancel()
		start := time.Now()
		w := serve(h, signed(t, "evt_849", lostThin).WithContext(ctx))
		require.Equal(t, 500, w.Code)
		require.Equal(t, 3*time.Second, time.Since(start))
		require.ErrorIs(t, kept.Err(), context.DeadlineExceeded)
	})
}

func TestHandler_AnExpiredContextStaysExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r cactus.Registry
		var kept context.Context
		cactus.On(&r, func(ctx context.Context, _ *types.OrderLostPushed) error {
			kept = ctx //nolint:fatcontext // the test looks at it afterwards
			time.Sleep(20 * time.Second)
			require.ErrorIs(t, ctx.Err(), context.DeadlineExceeded, "without anybody asking for Done")
			return nil
		})
		require.Equal(t, 200, serve(cactus.NewHandler(&r, cactus.Thin(scheme())), signed(t, "evt_849", lostThin)).Code)
		require.ErrorIs(t, kept.Err(), context.DeadlineExceeded)
		<-kept.Done()
	})
}

func TestHandler_TheContextIsOverWhenTheDeliveryIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		var r cactus.Registry
		var kept, child context.Context
		var cancel context.CancelFunc
		armed := false
		cactus.On(&r, func(ctx context.Context, _ *types.OrderLostPushed) error {
			kept = ctx //nolint:fatcontext // the test looks at it afterwards
			if armed {
				child, cancel = context.WithTimeout(ctx, time.Hour)
			}
			return nil
		})
		h := cactus.NewHandler(&r, cactus.Thin(scheme()), cactus.WithLimits(cactus.Limits{Deadline: -1}))
		for _, armed = range []bool{false, true} {
			req := signed(t, "evt_849", lostThin)
			require.Equal(t, 200, serve(h, req.WithContext(context.WithValue(t.Context(), key{}, 1))).Code)
			_, ok := kept.Deadline()
			require.False(t, ok, "a negative deadline is none")
			require.ErrorIs(t, kept.Err(), context.Canceled)
			require.ErrorIs(t, context.Cause(kept), context.Canceled)
			require.Equal(t, 1, kept.Value(key{}))
			<-kept.Done()
			if armed {
				<-child.Done()
				require.ErrorIs(t, child.Err(), context.Canceled)
				cancel()
			}
		}
	})
}

func TestHandler_AKeptEventDoesNotChangeUnderItsOwner(t *testing.T) {
	var r cactus.Registry
	var raws []*cactus.RawEvent
	var pushed []*types.OrderShippedPushed
	r.OnOther(func(_ context.Context, e *cactus.RawEvent, _ bool) error { raws = append(raws, e); return nil })
	cactus.On(&r, func(_ context.Context, e *types.OrderShippedPushed) error { pushed = append(pushed, e); return nil })
	h := cactus.NewHandler(&r, cactus.Thin(scheme()))
	for i := range 100 {
		body := fmt.Sprintf(`{"id":"evt_%d","type":"a.b","data":{"n":%d}}`, i, i)
		require.Equal(t, 200, serve(h, signed(t, fmt.Sprintf("evt_%d", i), body)).Code)
		body = fmt.Sprintf(`{"id":"evt_%d","type":"order.shipped","data":{"shipping_service":"s%d"}}`, i, i)
		require.Equal(t, 200, serve(h, signed(t, fmt.Sprintf("evt_%d", i), body)).Code)
		body = fmt.Sprintf(`{"id":"thin_%d","type":"order.shipped","related_object":{"id":"ord_%d","type":"order"}}`, i, i)
		require.Equal(t, 200, serve(h, signed(t, fmt.Sprintf("thin_%d", i), body)).Code)
	}
	require.Len(t, raws, 100)
	require.Len(t, pushed, 200)
	for i, e := range raws {
		require.Equal(t, fmt.Sprintf(`{"n":%d}`, i), string(e.Data))
		require.Contains(t, string(e.Raw), fmt.Sprintf(`"evt_%d"`, i))
	}
	for i, e := range pushed {
		if e.RelatedObject.IsZero() {
			full, err := e.Pull(t.Context())
			require.NoError(t, err)
			require.Equal(t, fmt.Sprintf("s%d", i/2), full.Data.ShippingService)
		} else {
			require.Equal(t, fmt.Sprintf("ord_%d", i/2), e.RelatedObject.ID)
			require.Equal(t, fmt.Sprintf("thin_%d", i/2), e.ID)
		}
	}
}

// fakeSource is a provider that says everything by header.
type fakeSource struct {
	verifyErr error
	parseErr  error
	responds  func(req *cactus.Request, verified bool) *cactus.Response
	limits    cactus.Limits
}

func (s *fakeSource) Verify(context.Context, *cactus.Request) (string, error) {
	return "k1", s.verifyErr
}

func (s *fakeSource) Parse(dst []cactus.Envelope, req *cactus.Request) ([]cactus.Envelope, error) {
	for id := range strings.FieldsSeq(string(req.Body)) {
		dst = append(dst, cactus.Envelope{Meta: cactus.Meta{ID: id, Type: "batch." + id}})
	}
	return dst, s.parseErr
}

func (s *fakeSource) Limits() cactus.Limits { return s.limits }

func (s *fakeSource) Respond(req *cactus.Request, verified bool) *cactus.Response {
	if s.responds == nil {
		return nil
	}
	return s.responds(req, verified)
}

func plain(method, body string) *http.Request {
	req := httptest.NewRequestWithContext(context.Background(), method, "/hooks/acme", strings.NewReader(body))
	req.Header.Set("Content-Type", "text/plain; charset=UTF-8")
	return req
}

func TestHandler_ABatchAnswersWithItsWorstOutcome(t *testing.T) {
	var r cactus.Registry
	var ran []string
	for name, err := range map[string]error{
		"ok": nil, "again": nil, "ignored": cactus.ErrIgnored, "retry": cactus.RetryAfter(3*time.Second, errHandler),
		"later": cactus.RetryAfter(9*time.Second, errHandler), "failed": errHandler,
	} {
		r.Handle("batch."+name, func(_ context.Context, e *cactus.RawEvent) error {
			ran = append(ran, e.ID+" "+e.Key+" "+e.Tenant)
			return err
		})
	}
	src := &fakeSource{limits: cactus.Limits{ContentTypes: []string{"text/plain"}}}
	h := cactus.NewHandler(&r, cactus.PerRequest(func(_ context.Context, req *cactus.Request) (string, cactus.Source, error) {
		require.Nil(t, req.Body, "the body is not read yet")
		return strings.TrimPrefix(req.URL.Path, "/hooks/"), src, nil
	}))
	for body, want := range map[string]int{"": 200, "ok again": 200, "ok ignored": 200, "retry ok later": 503, "failed retry": 500} {
		w := serve(h, plain(http.MethodPost, body))
		require.Equal(t, want, w.Code, body)
		if want == 503 {
			require.Equal(t, "9", w.Header().Get("Retry-After"), "the longest wait")
		}
	}
	require.Contains(t, ran, "later k1 acme")
	require.Len(t, ran, 9, "one that fails does not keep the others from running")
}

func TestHandler_ABatchWithABadEventRunsNoHandler(t *testing.T) {
	var r cactus.Registry
	r.Handle("*", func(context.Context, *cactus.RawEvent) error { t.Error("a handler ran"); return nil })
	h := cactus.NewHandler(&r, halfSource{})
	req := plain(http.MethodPost, "x")
	req.Header.Set("Content-Type", "application/json")
	w := serve(h, req)
	require.Equal(t, 400, w.Code)
	require.Contains(t, w.Body.String(), `field "id": is missing`)
}

// halfSource parses one good event and one without an id.
type halfSource struct{}

func (halfSource) Verify(context.Context, *cactus.Request) (string, error) { return "", nil }

func (halfSource) Parse(dst []cactus.Envelope, _ *cactus.Request) ([]cactus.Envelope, error) {
	return append(dst, cactus.Envelope{Meta: cactus.Meta{ID: "1", Type: "a"}}, cactus.Envelope{Meta: cactus.Meta{Type: "a"}}), nil
}

func TestHandler_ThePathOfAMuxNamesTheTenant(t *testing.T) {
	var r cactus.Registry
	r.Handle("*", func(_ context.Context, e *cactus.RawEvent) error {
		require.Equal(t, "acme", e.Tenant)
		return nil
	})
	mux := http.NewServeMux()
	mux.Handle("POST /hooks/{tenant}", cactus.NewHandler(&r, cactus.PerRequest(
		func(_ context.Context, req *cactus.Request) (string, cactus.Source, error) {
			return req.PathValue("tenant"), cactus.Thin(scheme()), nil
		})))
	req := signed(t, "evt_849", lostThin)
	req.URL.Path = "/hooks/acme"
	require.Equal(t, 200, serve(mux, req).Code)
	require.Zero(t, r.Unhandled())
	require.Empty(t, cactus.NewRequest(nil, nil, time.Time{}).PathValue("tenant"))
}

func TestHandler_ASourceMayRespondItself(t *testing.T) {
	var r cactus.Registry
	src := &fakeSource{limits: cactus.Limits{
		ContentTypes: []string{"text/plain"},
		Methods:      []string{http.MethodPost, http.MethodOptions},
	}}
	src.responds = func(req *cactus.Request, verified bool) *cactus.Response {
		switch {
		case req.Method == http.MethodOptions && !verified:
			return &cactus.Response{Status: 204, Header: http.Header{"webhook-allowed-origin": {"*"}}}
		case verified && string(req.Body) == "challenge":
			return &cactus.Response{Body: []byte("answer")}
		}
		return nil
	}
	h := cactus.NewHandler(&r, src)
	w := serve(h, plain(http.MethodOptions, ""))
	require.Equal(t, 204, w.Code)
	require.Equal(t, "*", w.Header().Get("Webhook-Allowed-Origin"))
	w = serve(h, plain(http.MethodPost, "challenge"))
	require.Equal(t, 200, w.Code)
	require.Equal(t, "answer", w.Body.String())
	w = serve(h, plain(http.MethodPut, ""))
	require.Equal(t, "POST, OPTIONS", w.Header().Get("Allow"))

	src.verifyErr = signature.ErrRefused
	require.Equal(t, 401, serve(h, plain(http.MethodPost, "challenge")).Code, "not before it is verified")
}

func TestHandler_ErrorsOfASource(t *testing.T) {
	var r cactus.Registry
	limits := cactus.Limits{ContentTypes: []string{"text/plain"}}
	tests := map[string]struct {
		src    cactus.Source
		status int
		text   string
	}{
		"verify fails for its own reasons": {&fakeSource{limits: limits, verifyErr: errHandler}, 500, "failed\n"},
		"parse": {
			&fakeSource{limits: limits, parseErr: errors.New(`field "n": is missing`)}, 400,
			"cactus: malformed event: field \"n\": is missing\n",
		},
		"no tenant":      {perRequest("", nil, fmt.Errorf("%w: acme", cactus.ErrNoTenant)), 404, "no tenant\n"},
		"no source":      {perRequest("acme", nil, nil), 404, "no tenant\n"},
		"choosing fails": {perRequest("acme", nil, errHandler), 500, "failed\n"},
		"two choices":    {perRequest("acme", perRequest("", nil, nil), nil), 500, "failed\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := serve(cactus.NewHandler(&r, tt.src), plain(http.MethodPost, "x"))
			require.Equal(t, tt.status, w.Code)
			require.Equal(t, tt.text, w.Body.String())
		})
	}
}

func perRequest(tenant string, src cactus.Source, err error) cactus.Source {
	return cactus.PerRequest(func(context.Context, *cactus.Request) (string, cactus.Source, error) { return tenant, src, err })
}

func TestHandler_LogsReasonsAndNeverBodiesOrSecrets(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	r := &cactus.Registry{Fetcher: newFetcher()}
	cactus.On(r, func(context.Context, *types.OrderShipped) error { return errHandler })
	cactus.On(r, func(context.Context, *types.OrderLostPushed) error { panic("boom") })
	h := cactus.NewHandler(r, cactus.Thin(scheme()), cactus.WithLogger(logger))

	body := strings.Replace(shippedFull, "usps", "body-marker", 1)
	serve(h, signed(t, "evt_441", body))
	require.Contains(t, log.String(),
		`level=ERROR msg="event not handled" event.id=evt_441 event.type=order.shipped outcome=failed error="handler failed"`)
	serve(h, signed(t, "evt_849", lostThin))
	require.Contains(t, log.String(), `error="panic: boom" stack=`)
	serve(h, signed(t, "e", `{"id":"e","type":"x.y"}`))
	require.Contains(t, log.String(), `level=INFO msg="event not handled" event.id=e event.type=x.y outcome=unhandled`)

	forged := signed(t, "evt_441", body)
	forged.Body = io.NopCloser(strings.NewReader(body + " "))
	serve(h, forged)
	require.Contains(t, log.String(), `level=WARN msg="webhook refused" reason=`)
	serve(h, signed(t, "evt_441", strings.Replace(shippedFull, `"usps"`, `["body-marker"]`, 1)))
	require.Contains(t, log.String(), `must be a string, not array`)
	for _, never := range []string{"body-marker", secret, secret[6:], forged.Header.Get("Webhook-Signature")[3:]} {
		require.NotContains(t, log.String(), never)
	}
}

func TestHandler_LogsAFailureOnceWithALoggingMiddleware(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	r := &cactus.Registry{DeadLetter: func(context.Context, *cactus.Envelope, error) error { return errors.New("disk full") }}
	r.Use(middleware.Logging(logger))
	result := errHandler
	cactus.On(r, func(context.Context, *types.OrderLostPushed) error { return result })
	h := cactus.NewHandler(r, cactus.Thin(scheme()), cactus.WithLogger(logger))

	require.Equal(t, 500, serve(h, signed(t, "evt_849", lostThin)).Code)
	require.Equal(t, 1, strings.Count(log.String(), "\n"), log.String())
	log.Reset()
	result = cactus.RetryAfter(time.Second, errHandler)
	require.Equal(t, 503, serve(h, signed(t, "evt_849", lostThin)).Code)
	require.Equal(t, 1, strings.Count(log.String(), "level=WARN"), log.String())
	log.Reset()
	result = cactus.Permanent(errHandler)
	require.Equal(t, 500, serve(h, signed(t, "evt_849", lostThin)).Code)
	require.Contains(t, log.String(), "disk full", "the middleware could not know")

	log.Reset()
	alone := cactus.NewHandler(new(cactus.Registry), &fakeSource{}, cactus.WithLogger(logger))
	serve(alone, plain(http.MethodPost, ""))
	require.Contains(t, log.String(), "content type not supported")
}

func TestHandler_LogsAFailureThatTheMiddlewareCouldNotSee(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	var r cactus.Registry
	attempt := 0
	limit := func(next cactus.HandlerFunc) cactus.HandlerFunc {
		return func(ctx context.Context, e cactus.Event) error {
			if attempt++; attempt == 2 {
				return cactus.Permanent(errors.New("lock lost"))
			}
			return next(ctx, e)
		}
	}
	r.Use(retryOnce, limit, middleware.Logging(logger))
	cactus.On(&r, func(context.Context, *types.OrderLostPushed) error { return errHandler })
	h := cactus.NewHandler(&r, cactus.Thin(scheme()), cactus.WithLogger(logger))
	require.Equal(t, 422, serve(h, signed(t, "evt_849", lostThin)).Code)
	require.Contains(t, log.String(), "handler failed")
	require.Contains(t, log.String(), "lock lost")
}

func TestHandler_ALargeBatchOfHarmlessEventsIsASuccess(t *testing.T) {
	var r cactus.Registry
	r.Handle("batch.x", func(context.Context, *cactus.RawEvent) error { return fmt.Errorf("x: %w", cactus.ErrIgnored) })
	h := cactus.NewHandler(&r, &fakeSource{limits: cactus.Limits{ContentTypes: []string{"text/plain"}}})
	require.Equal(t, 200, serve(h, plain(http.MethodPost, strings.Repeat("x y ", 3000))).Code)
}

func TestHandler_APanicThatPanicsAgainDoesNotEndTheBatch(t *testing.T) {
	var r cactus.Registry
	ran := 0
	r.Handle("batch.panics", func(context.Context, *cactus.RawEvent) error { panic((*nilError)(nil)) })
	r.Handle("batch.circles", func(context.Context, *cactus.RawEvent) error { return circleError{} })
	r.Handle("batch.ok", func(context.Context, *cactus.RawEvent) error { ran++; return nil })
	logger := slog.New(slog.NewTextHandler(new(bytes.Buffer), nil))
	h := cactus.NewHandler(&r, &fakeSource{limits: cactus.Limits{ContentTypes: []string{"text/plain"}}}, cactus.WithLogger(logger))
	require.Equal(t, 500, serve(h, plain(http.MethodPost, "panics circles ok")).Code)
	require.Equal(t, 1, ran)
}

func TestReceive_AnAbortIsAnErrorOfItsEventAlone(t *testing.T) {
	var r cactus.Registry
	var ran []string
	r.Handle("batch.later", func(context.Context, *cactus.RawEvent) error { return cactus.RetryAfter(time.Minute, nil) })
	r.Handle("batch.abort", func(context.Context, *cactus.RawEvent) error { panic(http.ErrAbortHandler) })
	r.Handle("batch.ok", func(_ context.Context, e *cactus.RawEvent) error { ran = append(ran, e.ID); return nil })
	err := r.Receive(t.Context(), &fakeSource{}, cactus.NewRequest(nil, []byte("later abort ok"), time.Time{}))
	require.Equal(t, []string{"ok"}, ran)
	require.Equal(t, cactus.OutcomeFailed, cactus.OutcomeOf(err))
	require.Equal(t, time.Minute, cactus.WaitOf(err))
	require.ErrorIs(t, err, http.ErrAbortHandler)
	require.EqualError(t, err, "cactus: retry\npanic: net/http: abort Handler")
}

func TestHandler_AnAbortReachesTheServer(t *testing.T) {
	var r cactus.Registry
	r.Handle("*", func(context.Context, *cactus.RawEvent) error { panic(http.ErrAbortHandler) })
	require.PanicsWithValue(t, http.ErrAbortHandler, func() {
		serve(cactus.NewHandler(&r, cactus.Thin(scheme())), signed(t, "evt_849", lostThin))
	})
}

func TestNewHandler_PanicsOnMisuse(t *testing.T) {
	panicText(t, func() { cactus.NewHandler(nil, cactus.Thin(scheme())) })
	panicText(t, func() { cactus.NewHandler(new(cactus.Registry), nil) })
	panicText(t, func() { cactus.Thin(nil) })
	panicText(t, func() { cactus.PerRequest(nil) })
	panicText(t, func() { cactus.FetcherByTenant(nil) })
}

func TestHandler_ShutdownLetsARunningHandlerFinish(t *testing.T) {
	var r cactus.Registry
	entered, release := make(chan struct{}), make(chan struct{})
	cactus.On(&r, func(context.Context, *types.OrderLostPushed) error {
		close(entered)
		<-release
		return nil
	})
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &http.Server{Handler: cactus.NewHandler(&r, cactus.Thin(scheme())), ReadHeaderTimeout: time.Minute}
	var group sync.WaitGroup
	group.Go(func() { _ = server.Serve(listener) })

	req := signed(t, "evt_849", lostThin)
	req.RequestURI = ""
	req.URL.Scheme, req.URL.Host = "http", listener.Addr().String()
	status := make(chan int, 1)
	group.Go(func() {
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Error(err)
			close(status)
			return
		}
		defer resp.Body.Close()
		status <- resp.StatusCode
	})
	select {
	case <-entered:
	case got := <-status:
		require.FailNow(t, "answered before the handler has run", got)
	}
	done := make(chan error, 1)
	group.Go(func() { done <- server.Shutdown(context.Background()) })
	close(release)
	require.Equal(t, 200, <-status)
	require.NoError(t, <-done)
	group.Wait()
}

func TestReceive_TakesARequestOutOfAQueue(t *testing.T) {
	var r cactus.Registry
	var got *types.OrderLostPushed
	cactus.On(&r, func(_ context.Context, e *types.OrderLostPushed) error { got = e; return errHandler })
	src := cactus.Thin(scheme())
	header := make(http.Header)
	received := time.Now().Add(-time.Hour) // it has been in the queue for long
	require.NoError(t, scheme().Sign(header, "evt_849", []byte(lostThin), received))
	lower := make(map[string][]string)
	for name, values := range header {
		lower[strings.ToLower(name)] = values
	}

	err := r.Receive(t.Context(), src, cactus.NewRequest(lower, []byte(lostThin), received))
	require.Same(t, errHandler, err, "not wrapped")
	require.Equal(t, "main", got.Key)
	require.True(t, received.Equal(got.ReceivedAt))

	err = r.Receive(t.Context(), src, cactus.NewRequest(lower, []byte(lostThin), time.Time{}))
	require.ErrorIs(t, err, signature.ErrTooOld)
	require.Equal(t, cactus.OutcomeRefused, cactus.OutcomeOf(err))

	err = r.Receive(t.Context(), src, cactus.NewRequest(lower, []byte(shippedThin), received))
	require.ErrorIs(t, err, signature.ErrRefused)
}

func TestReceive_JoinsTheErrorsOfABatch(t *testing.T) {
	var r cactus.Registry
	r.Handle("batch.bad", func(context.Context, *cactus.RawEvent) error { return errHandler })
	src := &fakeSource{}
	err := r.Receive(t.Context(), src, cactus.NewRequest(nil, []byte("bad other"), time.Time{}))
	require.ErrorIs(t, err, errHandler)
	require.ErrorIs(t, err, cactus.ErrNoHandler)
	require.Equal(t, cactus.OutcomeFailed, cactus.OutcomeOf(err))

	src.responds = func(*cactus.Request, bool) *cactus.Response { return &cactus.Response{} }
	require.NoError(t, r.Receive(t.Context(), src, cactus.NewRequest(nil, []byte("bad"), time.Time{})))

	require.Contains(t, panicText(t, func() { _ = r.Receive(t.Context(), nil, &cactus.Request{}) }), "needs a source")
	panics := cactus.PerRequest(func(_ context.Context, req *cactus.Request) (string, cactus.Source, error) {
		require.Empty(t, req.URL.Path, "empty, and not nil")
		panic("bug in a source")
	})
	var p *cactus.PanicError
	require.ErrorAs(t, r.Receive(t.Context(), panics, cactus.NewRequest(nil, nil, time.Time{})), &p)

	unresolved := perRequest("t", src, nil)
	_, err = unresolved.Verify(t.Context(), &cactus.Request{})
	require.Error(t, err)
	_, err = unresolved.Parse(nil, &cactus.Request{})
	require.Error(t, err)
}

func TestNewHandler_BoundsWhatTheUnverifiedWriteIntoTheLog(t *testing.T) {
	var log strings.Builder
	long := strings.Repeat("x", 10_000)
	h := cactus.NewHandler(new(cactus.Registry), cactus.PerRequest(func(_ context.Context, req *cactus.Request) (string, cactus.Source, error) {
		return req.URL.Path[1:], cactus.Thin(standard(diagnosedSecret)), nil
	}), cactus.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	r := forged(t)
	r.URL.Path = "/" + long
	require.Equal(t, http.StatusUnauthorized, serve(h, r).Code)
	require.Contains(t, log.String(), "tenant=xxx")
	require.Less(t, log.Len(), 1000)
}
