package cactus_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/types"
)

var noon = time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)

// pastEvents has events evt_0, evt_1 ... a minute apart from noon on.
func pastEvents(n int) *cactustest.API {
	api := cactustest.NewAPI(cactustest.APIKey)
	for i := range n {
		e := cactus.New[types.OrderLost](fmt.Sprint("evt_", i))
		e.Created = noon.Add(time.Duration(i) * time.Minute)
		e.Data.LastSeenCity = "Boulder"
		api.AddEvent(e)
	}
	return api
}

// handles is a registry that has every event handled by h.
func handles(h func(ctx context.Context, e *cactus.RawEvent) error, mw ...cactus.Middleware) *cactus.Registry {
	r := &cactus.Registry{}
	r.Use(mw...)
	r.Handle("*", h)
	return r
}

func TestBackfill_BringsTheMissedWindowAndNothingTwice(t *testing.T) {
	api := pastEvents(10)
	var handled []string
	r := handles(func(_ context.Context, e *cactus.RawEvent) error {
		handled = append(handled, e.ID)
		require.Equal(t, "acme", e.Tenant)
		require.WithinDuration(t, time.Now(), e.ReceivedAt, time.Minute)
		require.JSONEq(t, `{"last_seen_city":"Boulder"}`, string(e.Data))
		return nil
	}, middleware.Dedupe(middleware.NewMemoryDedupe()))
	for _, i := range []int{2, 3, 7} { // pushed before
		env := &cactus.Envelope{Meta: cactus.Meta{ID: fmt.Sprint("evt_", i), Type: "order.lost", Tenant: "acme"}, Data: []byte(`{"last_seen_city":"Boulder"}`)}
		require.NoError(t, r.Dispatch(t.Context(), env))
	}
	handled = nil
	var told []cactus.Progress
	got, err := r.Backfill(t.Context(), api.Client(), noon.Add(2*time.Minute), cactus.WithUntil(noon.Add(8*time.Minute)),
		cactus.WithTenant("acme"), cactus.WithProgress(func(p cactus.Progress) { told = append(told, p) }))
	require.NoError(t, err)
	require.Equal(t, []string{"evt_4", "evt_5", "evt_6"}, handled)
	require.Equal(t, cactus.Progress{
		Seen: 6, Handled: 3, Ignored: 3, Cursor: "evt_7", At: noon.Add(7 * time.Minute),
		Since: noon.Add(2 * time.Minute), Until: noon.Add(8 * time.Minute),
	}, got)
	require.Len(t, told, 6)
	require.Equal(t, "evt_2", told[0].Cursor)
	require.Equal(t, got, told[5])
}

func TestBackfill_CountsWhatIsNoFailure(t *testing.T) {
	r := &cactus.Registry{DeadLetter: func(context.Context, *cactus.Envelope, error) error { return nil }}
	n := 0
	cactus.On(r, func(context.Context, *types.OrderLost) error {
		n++
		return []error{nil, cactus.ErrIgnored, cactus.Permanent(errFlaky)}[n%3]
	})
	got, err := r.Backfill(t.Context(), pastEvents(6).Client(), time.Time{})
	require.NoError(t, err)
	require.Equal(t, []int{11, 4, 3, 4, 0}, []int{got.Seen, got.Handled, got.Ignored, got.Unhandled, got.Failed},
		"the other four are Cactus Corp's, of other types, and one is lost")
	require.Equal(t, "evt_5", got.Cursor)
	require.WithinDuration(t, time.Now(), got.Until, time.Minute)
}

func TestBackfill_AFailureEndsItAndTheCursorResumes(t *testing.T) {
	for _, parallel := range []int{1, 3} {
		api := pastEvents(300)
		for name, failure := range map[string]error{
			"failed: the API is flaky":    &cactus.Error{Outcome: cactus.OutcomeFailed, Err: errFlaky},
			"busy: the API is flaky":      &cactus.Error{Outcome: cactus.OutcomeBusy, Err: errFlaky},
			"permanent: the API is flaky": cactus.Permanent(errFlaky),
		} {
			var down atomic.Bool
			down.Store(true)
			var mu sync.Mutex
			handled := map[string]bool{}
			r := handles(func(_ context.Context, e *cactus.RawEvent) error {
				mu.Lock()
				defer mu.Unlock()
				if down.Load() && e.ID == "evt_150" {
					return failure
				}
				handled[e.ID] = true
				return nil
			})
			list := api.Client()
			got, err := r.Backfill(t.Context(), list, noon, cactus.WithParallel(parallel))
			require.EqualError(t, err, "backfill: event evt_150: "+name)
			require.ErrorIs(t, err, errFlaky)
			require.Equal(t, cactus.OutcomeOf(failure), cactus.OutcomeOf(err))
			require.Equal(t, "evt_149", got.Cursor)
			require.Equal(t, 150, got.Seen)
			require.GreaterOrEqual(t, len(handled), 150)
			require.LessOrEqual(t, len(handled), 150+64*parallel)
			if parallel == 1 {
				require.Len(t, handled, 150)
			}
			down.Store(false)
			got, err = r.Backfill(t.Context(), list, noon, cactus.WithCursor(got.Cursor), cactus.WithParallel(parallel))
			require.NoError(t, err)
			require.Equal(t, 150, got.Seen)
			require.Len(t, handled, 300)
		}
	}
}

func TestBackfill_SkipGoesOnAfterHavingBeenTold(t *testing.T) {
	r := handles(func(_ context.Context, e *cactus.RawEvent) error {
		if e.ID == "evt_1" || e.ID == "evt_3" {
			return errFlaky
		}
		return nil
	})
	var skipped []string
	errStop := errors.New("enough")
	for limit, want := range map[int]string{1: "backfill: event evt_3: enough", 2: ""} {
		skipped = nil
		got, err := r.Backfill(t.Context(), pastEvents(5).Client(), noon,
			cactus.WithSkipFailed(func(_ context.Context, env *cactus.Envelope, err error) error {
				require.ErrorIs(t, err, errFlaky)
				require.NotEmpty(t, env.Data)
				if len(skipped) == limit {
					return errStop
				}
				skipped = append(skipped, env.ID)
				return nil
			}))
		if want != "" {
			require.EqualError(t, err, want)
			require.Equal(t, "evt_2", got.Cursor)
			require.Equal(t, 1, got.Failed)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, []string{"evt_1", "evt_3"}, skipped)
		require.Equal(t, 3, got.Handled)
		require.Equal(t, 2, got.Failed)
		require.Equal(t, "evt_4", got.Cursor)
	}
}

func TestBackfill_TheEndOfItsContextSkipsNothing(t *testing.T) {
	for _, parallel := range []int{1, 4} {
		ctx, cancel := context.WithCancel(t.Context())
		r := handles(func(ctx context.Context, e *cactus.RawEvent) error {
			if e.ID == "evt_7" {
				cancel()
			}
			return context.Cause(ctx)
		})
		got, err := r.Backfill(ctx, pastEvents(20).Client(), noon, cactus.WithParallel(parallel),
			cactus.WithSkipFailed(func(context.Context, *cactus.Envelope, error) error {
				t.Error("asked to skip")
				return nil
			}))
		require.ErrorIs(t, err, context.Canceled)
		require.LessOrEqual(t, got.Seen, 7)
		if parallel == 1 {
			require.Equal(t, "evt_6", got.Cursor)
			require.EqualError(t, err, "backfill: event evt_7: context canceled")
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	r := handles(func(context.Context, *cactus.RawEvent) error {
		cancel(errFlaky)
		return nil
	})
	got, err := r.Backfill(ctx, pastEvents(20).Client(), noon)
	require.EqualError(t, err, "backfill: the API is flaky")
	require.Equal(t, "evt_0", got.Cursor, "it was handled")
}

// A run in parallel is interrupted again and again, and resumed at its cursor.
func TestBackfill_InParallelNothingBeforeTheCursorIsLost(t *testing.T) {
	for seed := range uint64(12) {
		synctest.Test(t, func(t *testing.T) {
			const events = 200
			random := rand.New(rand.NewPCG(seed, 2))
			api := pastEvents(events)
			var mu sync.Mutex
			handled := map[string]int{}
			running, most := 0, 0
			r := handles(func(ctx context.Context, e *cactus.RawEvent) error {
				mu.Lock()
				running++
				most = max(most, running)
				took, fails := time.Duration(random.IntN(10))*time.Second, random.IntN(20) == 0
				mu.Unlock()
				defer func() {
					mu.Lock()
					running--
					mu.Unlock()
				}()
				select {
				case <-time.After(took):
				case <-ctx.Done():
					return ctx.Err()
				}
				if fails {
					return errFlaky
				}
				mu.Lock()
				defer mu.Unlock()
				handled[e.ID]++
				return nil
			})
			cursor, runs := "", 0
			for ; runs < 1000; runs++ {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(random.IntN(60))*time.Second)
				last := ""
				got, err := r.Backfill(ctx, api.Client(), noon,
					cactus.WithUntil(noon.Add(24*time.Hour)), cactus.WithParallel(8), cactus.WithCursor(cursor),
					cactus.WithProgress(func(p cactus.Progress) {
						last = p.Cursor
						mu.Lock()
						defer mu.Unlock()
						require.NotZero(t, handled[p.Cursor])
						require.Equal(t, p.Seen, p.Handled)
					}))
				cancel()
				if last != "" {
					require.Equal(t, last, got.Cursor)
				}
				if cursor = got.Cursor; err == nil {
					break
				}
			}
			require.Equal(t, fmt.Sprint("evt_", events-1), cursor)
			require.Len(t, handled, events)
			require.LessOrEqual(t, most, 8)
			require.NotZero(t, runs)
		})
	}
}

// listed is a Lister of these events.
type listed []*cactus.Envelope

func (l listed) Events(_ context.Context, q cactus.EventQuery) iter.Seq2[*cactus.Envelope, error] {
	start := 0
	if q.After != "" {
		start = slices.IndexFunc(l, func(env *cactus.Envelope) bool { return env != nil && env.ID == q.After }) + 1
	}
	return func(yield func(*cactus.Envelope, error) bool) {
		for _, env := range l[start:] {
			if !yield(env, nil) {
				return
			}
		}
	}
}

func listedAt(id string, created time.Time) *cactus.Envelope {
	return &cactus.Envelope{Meta: cactus.Meta{ID: id, Type: "order.lost", Created: created}}
}

func TestBackfill_TheCursorStaysBeforeWhatIsAfterTheWindow(t *testing.T) {
	list := listed{
		listedAt("evt_1", noon.Add(-2)), listedAt("evt_2", noon), listedAt("evt_3", noon.Add(-1)), listedAt("evt_4", time.Time{}),
		listedAt("evt_5", noon.Add(time.Minute)), listedAt("evt_6", noon.Add(-1)), listedAt("evt_7", noon.Add(time.Minute+1)), nil,
	}
	var handled []string
	r := handles(func(_ context.Context, e *cactus.RawEvent) error {
		handled = append(handled, e.ID)
		return nil
	})
	got, err := r.Backfill(t.Context(), list, time.Time{}, cactus.WithUntil(noon))
	require.NoError(t, err)
	require.Equal(t, []string{"evt_1", "evt_3", "evt_4", "evt_6"}, handled)
	require.Equal(t, cactus.Progress{Seen: 4, Handled: 4, Cursor: "evt_1", At: noon.Add(-2), Until: noon}, got)

	handled = nil
	_, err = r.Backfill(t.Context(), list[:7], time.Time{}, cactus.WithCursor(got.Cursor))
	require.NoError(t, err)
	require.Len(t, handled, 6)

	_, err = r.Backfill(t.Context(), list, noon, cactus.WithUntil(noon))
	require.EqualError(t, err, "backfill: since must be before until, which is now by default")
}

func TestBackfill_CoalesceServesManyEventsOfAWalk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := cactustest.NewAPI(cactustest.APIKey)
		started := time.Now()
		for i := range 30 {
			e := cactus.New[types.OrderShipped](fmt.Sprint("evt_", i))
			e.Created = started.Add(time.Duration(i-28)*time.Minute + 30*time.Second) // the last three are too young
			e.Data.ShippingService = "usps"
			e.RelatedObject = cactus.ObjectRef{ID: "ord_452", Type: "order"}
			api.AddEvent(e)
		}
		c := cactus.Coalesce(api.Client(), exact)
		r := &cactus.Registry{Fetcher: c}
		cactus.On(r, func(ctx context.Context, e *types.OrderShippedPushed) error {
			time.Sleep(time.Nanosecond)
			_, err := e.FetchRelatedObject(ctx)
			return err
		})
		got, err := r.Backfill(t.Context(), api.Client(), started.Add(-time.Hour), cactus.WithUntil(started.Add(time.Hour)))
		require.NoError(t, err)
		require.Equal(t, 30, got.Handled)
		require.EqualValues(t, 4, c.Stats().Requests)
	})
}

func TestBackfill_SurvivesPanicsAndNonsense(t *testing.T) {
	ok := handles(func(context.Context, *cactus.RawEvent) error { return nil })
	events := listed{listedAt("evt_1", noon), listedAt("evt_2", noon)}
	broken := func(yield func(*cactus.Envelope, error) bool) { yield(nil, errFlaky) }
	tests := []struct {
		r    *cactus.Registry
		from cactus.Lister
		opt  cactus.BackfillOption
		want string
		seen int
	}{
		{ok, events, cactus.WithProgress(func(cactus.Progress) { panic("boom") }), "backfill: panic: boom", 1},
		{
			handles(func(context.Context, *cactus.RawEvent) error { panic("boom") }), events,
			cactus.WithTenant(""), "backfill: event evt_1: panic: boom", 0,
		},
		{
			handles(func(context.Context, *cactus.RawEvent) error { panic(http.ErrAbortHandler) }), events,
			cactus.WithSkipFailed(func(context.Context, *cactus.Envelope, error) error { panic("skip") }),
			"backfill: event evt_1: panic: skip", 0,
		},
		{
			handles(func(context.Context, *cactus.RawEvent) error { runtime.Goexit(); return nil }), events,
			cactus.WithParallel(2), "backfill: event evt_1: the handler ended its goroutine", 0,
		},
		{ok, append(events, nil), cactus.WithParallel(3), "backfill: list of events: it has a nil event", 2},
		{ok, append(events, &cactus.Envelope{}), cactus.WithParallel(3), `backfill: event : cactus: malformed event: envelope field "id": is missing`, 2},
		{ok, listFunc(broken), cactus.WithUntil(time.Time{}), "backfill: the API is flaky", 0},
		{ok, listFunc(func(func(*cactus.Envelope, error) bool) { panic("list") }), cactus.WithCursor(""), "backfill: panic: list", 0},
	}
	for _, tt := range tests {
		got, err := tt.r.Backfill(t.Context(), tt.from, time.Time{}, tt.opt)
		require.EqualError(t, err, tt.want, tt.want)
		require.Equal(t, tt.seen, got.Seen)
	}
	require.Empty(t, events[0].Tenant, "the list's own are left as they are")
	require.True(t, events[0].ReceivedAt.IsZero())
}

func TestBackfill_TakesNoOtherAnswerForAnEmptyList(t *testing.T) {
	const otherList = `backfill: list of events: field "has_more" or "next_page_url": says that there is more, ` +
		`want the cursor of the next page in "next": the provider needs a Lister of its own`
	for body, want := range map[string]string{
		`{"data":[]}`:             "",
		`{"data":null}`:           "", // as a nil slice is written
		`{"data":[],"next":null}`: "",
		`{"data":[],"has_more":false,"next_page_url":null}`: "", // it says that this is all
		`{"data":[],"has_more":"no","next_page_url":""}`:    "",
		`{"data":[],"has_more":true}`:                       otherList,
		`{"data":[],"has_more":true,"next":null}`:           otherList,
		`{"data":[],"next_page_url":"/v2/core/events?a=b"}`: otherList,
		`{}`:                            `backfill: list of events: field "data": is missing, want an array`,
		`null`:                          `backfill: list of events: field "data": is missing, want an array`,
		`{"items":[{"id":"evt_1"}]}`:    `backfill: list of events: field "data": is missing, want an array`,
		`{"data":[null]}`:               "backfill: list of events: body: must be a JSON object",
		`{"data":{}}`:                   `backfill: list of events: field "data": must be an array, not object`,
		`{"data":[],"next":{"a":"b"}}`:  `backfill: list of events: field "next": must be a string, not object`,
		`{"data":[],"next":"x","data":`: "backfill: list of events: is not JSON",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
		client := cactus.NewClient("key", cactus.WithBaseURL(server.URL))
		got, err := new(cactus.Registry).Backfill(t.Context(), client, noon)
		server.Close()
		require.Zero(t, got.Seen)
		if want == "" {
			require.NoError(t, err, body)
			continue
		}
		require.EqualError(t, err, want, body)
	}
}

func TestBackfill_AsksForNoMoreOnceAnEventFailed(t *testing.T) {
	asked := false
	list := listFunc(func(yield func(*cactus.Envelope, error) bool) {
		if yield(listedAt("evt_1", noon), nil) {
			asked = true // a page of the API, maybe, with its retries
			yield(nil, errFlaky)
		}
	})
	r := handles(func(context.Context, *cactus.RawEvent) error { return errors.New("no disk") })
	_, err := r.Backfill(t.Context(), list, time.Time{})
	require.EqualError(t, err, "backfill: event evt_1: no disk")
	require.False(t, asked)
}

func TestBackfill_KeepsTheListersTenantUnlessOneIsGiven(t *testing.T) {
	env := listedAt("evt_1", noon)
	env.Tenant = "acme"
	for want, opts := range map[string][]cactus.BackfillOption{
		"acme": nil,
		"beta": {cactus.WithTenant("beta")},
	} {
		r := handles(func(_ context.Context, e *cactus.RawEvent) error {
			require.Equal(t, want, e.Tenant)
			return nil
		})
		got, err := r.Backfill(t.Context(), listed{env}, time.Time{}, opts...)
		require.NoError(t, err)
		require.Equal(t, 1, got.Handled)
	}
}

type listFunc func(yield func(*cactus.Envelope, error) bool)

func (f listFunc) Events(context.Context, cactus.EventQuery) iter.Seq2[*cactus.Envelope, error] {
	return iter.Seq2[*cactus.Envelope, error](f)
}

func TestBackfill_PanicsOnMisuse(t *testing.T) {
	for want, f := range map[string]func(){
		"cactus: Backfill needs a lister":                                 func() { _, _ = new(cactus.Registry).Backfill(t.Context(), nil, noon) },
		"cactus: WithParallel(0): at least one event at a time is needed": func() { cactus.WithParallel(0) },
		"cactus: WithProgress: the function is nil":                       func() { cactus.WithProgress(nil) },
		"cactus: WithSkipFailed: the function is nil":                     func() { cactus.WithSkipFailed(nil) },
	} {
		require.Equal(t, want, panicText(t, f))
	}
}

func TestClient_EventsBeginsBehindAnyEventOfTheList(t *testing.T) {
	api := pastEvents(50)
	for _, after := range []string{"evt_0", "evt_19", "evt_20", "evt_48", "evt_441"} { // the last one is outside the query
		var ids []string
		query := cactus.EventQuery{Type: "order.lost", Since: noon, After: after, Limit: 20}
		for env, err := range api.Client().Events(t.Context(), query) {
			require.NoError(t, err)
			ids = append(ids, env.ID)
		}
		var n int
		if _, err := fmt.Sscanf(after, "evt_%d", &n); err == nil && n < 50 {
			require.Len(t, ids, 49-n)
			require.Equal(t, fmt.Sprint("evt_", n+1), ids[0])
			continue
		}
		require.Len(t, ids, 50)
	}
}
