package cactus_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/types"
)

// handleShipped dispatches body to a handler of the thin type.
func handleShipped(t *testing.T, f cactus.Fetcher, body string, h func(context.Context, *types.OrderShippedPushed) error) error {
	t.Helper()
	r := &cactus.Registry{Fetcher: f}
	cactus.On(r, h)
	return r.DispatchUnverified(t.Context(), []byte(body))
}

func TestPushed_PullAsksOnceForHandlerCopiesAndTheFullEvent(t *testing.T) {
	f := newFetcher()
	err := handleShipped(t, f, shippedThin, func(ctx context.Context, e *types.OrderShippedPushed) error {
		require.Empty(t, f.requests(), "nothing is pulled before it is asked for")
		full, err := e.Pull(ctx)
		require.NoError(t, err)
		require.Equal(t, "usps", full.Data.ShippingService)
		require.Equal(t, "evt_441", full.ID)
		require.Equal(t, e.ReceivedAt, full.ReceivedAt)

		kept := *e
		full.Data.ShippingService = "changed"
		again, err := kept.Pull(ctx)
		require.NoError(t, err)
		require.Equal(t, "usps", again.Data.ShippingService, "each caller has a value of its own")

		order, err := full.FetchRelatedObject(ctx)
		require.NoError(t, err)
		require.Equal(t, 5, order.NumItems)
		require.Equal(t, types.Date{Year: 2025, Month: time.June, Day: 9}, order.DeliveryDate)
		_, err = kept.FetchRelatedObject(ctx)
		return err
	})
	require.NoError(t, err)
	require.Equal(t, []string{"event evt_441", "order ord_452"}, f.requests())
}

func TestPushed_PullCostsNoRequestWhenTheDataCameAlong(t *testing.T) {
	err := handleShipped(t, nil, shippedFull, func(ctx context.Context, e *types.OrderShippedPushed) error {
		full, err := e.Pull(ctx)
		require.NoError(t, err)
		require.Equal(t, "usps", full.Data.ShippingService)
		require.Equal(t, "ord_452", full.RelatedObject.ID)
		_, err = e.FetchRelatedObject(ctx)
		return err
	})
	require.ErrorIs(t, err, cactus.ErrNoFetcher)
	require.EqualError(t, err, "fetch order ord_452: cactus: no fetcher to pull with")
}

func TestFull_IsPulledForTheHandlerIfItMust(t *testing.T) {
	for name, body := range map[string]string{"thin": shippedThin, "full": shippedFull} {
		t.Run(name, func(t *testing.T) {
			f := newFetcher()
			r := &cactus.Registry{Fetcher: f}
			cactus.On(r, func(_ context.Context, e *types.OrderShipped) error {
				require.Equal(t, "usps", e.Data.ShippingService)
				require.Equal(t, "ord_452", e.RelatedObject.ID)
				return nil
			})
			require.NoError(t, r.DispatchUnverified(t.Context(), []byte(body)))
			require.Len(t, f.requests(), map[string]int{"thin": 1, "full": 0}[name])
		})
	}
}

func TestPushed_AFailedPullIsNotRemembered(t *testing.T) {
	f := newFetcher()
	failures := 1
	f.hook = func(context.Context, string) error {
		if failures > 0 {
			failures--
			return errHandler
		}
		return nil
	}
	err := handleShipped(t, f, shippedThin, func(ctx context.Context, e *types.OrderShippedPushed) error {
		_, err := e.Pull(ctx)
		require.ErrorIs(t, err, errHandler)
		_, err = e.Pull(ctx)
		return err
	})
	require.NoError(t, err)
}

func TestPushed_ConcurrentPullsShareOneRequestAndACancelledOneFailsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFetcher()
		f.hook = func(ctx context.Context, _ string) error {
			select {
			case <-time.After(time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		err := handleShipped(t, f, shippedThin, func(ctx context.Context, e *types.OrderShippedPushed) error {
			impatient, cancel := context.WithTimeout(ctx, time.Millisecond)
			defer cancel()
			var group sync.WaitGroup
			group.Go(func() {
				if _, err := e.Pull(impatient); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v", err)
				}
			})
			synctest.Wait()
			for range 10 {
				group.Go(func() {
					if full, err := e.Pull(ctx); err != nil || full.Data.ShippingService != "usps" {
						t.Errorf("got %v, %v", full, err)
					}
				})
			}
			group.Wait()
			return nil
		})
		require.NoError(t, err)
		require.Len(t, f.requests(), 2, "the impatient one's and one for all others")
	})
}

func TestRelated_RefetchAsksAgainAndReplacesTheSnapshot(t *testing.T) {
	f := newFetcher()
	err := handleShipped(t, f, shippedThin, func(ctx context.Context, e *types.OrderShippedPushed) error {
		_, err := e.FetchRelatedObject(ctx)
		require.NoError(t, err)
		f.objects["ord_452"] = `{"id":"ord_452","num_items":6}`
		order, err := e.FetchRelatedObject(ctx)
		require.NoError(t, err)
		require.Equal(t, 5, order.NumItems, "one snapshot for the delivery")
		order, err = e.RefetchRelatedObject(ctx)
		require.NoError(t, err)
		require.Equal(t, 6, order.NumItems)
		order, err = e.FetchRelatedObject(ctx)
		require.NoError(t, err)
		require.Equal(t, 6, order.NumItems)

		f.objects["ord_452"] = `null`
		_, err = e.RefetchRelatedObject(ctx)
		require.EqualError(t, err, "decode related object: it is null")
		order, err = e.FetchRelatedObject(ctx)
		require.Equal(t, 6, order.NumItems, "an answer that does not fit replaces nothing")
		return err
	})
	require.NoError(t, err)
	require.Equal(t, []string{"order ord_452", "order ord_452", "order ord_452"}, f.requests())
}

func TestRelated_AnEventMayComeWithoutItsObject(t *testing.T) {
	f := newFetcher()
	body := `{"id": "evt_441", "type": "order.shipped", "relatedObject": null}`
	err := handleShipped(t, f, body, func(ctx context.Context, e *types.OrderShippedPushed) error {
		require.True(t, e.RelatedObject.IsZero())
		_, err := e.FetchRelatedObject(ctx)
		return err
	})
	require.ErrorIs(t, err, cactus.ErrNoObject)
	require.EqualError(t, err, "cactus: event has no related object: order.shipped evt_441")
	require.Empty(t, f.requests())
}

func TestRelated_AnObjectOfAnotherTypeIsNotFetched(t *testing.T) {
	f := newFetcher()
	body := `{"id": "evt_441", "type": "order.shipped", "related_object": {"id": "mov_1", "type": "movie"}}`
	err := handleShipped(t, f, body, func(ctx context.Context, e *types.OrderShippedPushed) error {
		_, err := e.FetchRelatedObject(ctx)
		return err
	})
	require.EqualError(t, err, `permanent: fetch related object of event evt_441: it is a "movie", not a "order"`)
	require.Empty(t, f.requests())
}

func TestPull_RefusesAnotherEventThanItAskedFor(t *testing.T) {
	for want, answer := range map[string]string{
		`pull event evt_441: an event with another id came back`:                               `{"id":"evt_2","type":"order.shipped","data":{}}`,
		`pull event evt_441: it was pushed as "order.shipped" but came back as "order.lost"`:   `{"id":"evt_441","type":"order.lost","data":{}}`,
		`pull event evt_441: it came back with another related object than it was pushed with`: `{"id":"evt_441","type":"order.shipped","related_object":{"id":"ord_1","type":"order"},"data":{}}`,
		`decode order.shipped: the event has no data`:                                          `{"id":"evt_441","type":"order.shipped"}`,
		`decode order.shipped: field "data.shipping_service": must be a string, not number`:    `{"id":"evt_441","type":"order.shipped","data":{"shipping_service":12.5}}`,
		`decode order.shipped: field "data.shipping_service": fails "required"`:                `{"id":"evt_441","type":"order.shipped","data":{}}`,
		`decode order.shipped: field "data": must be an object, not array`:                     `{"id":"evt_441","type":"order.shipped","data":[]}`,
	} {
		f := newFetcher()
		f.events["evt_441"] = answer
		err := handleShipped(t, f, shippedThin, func(ctx context.Context, e *types.OrderShippedPushed) error {
			_, err := e.Pull(ctx)
			return err
		})
		require.EqualError(t, err, want)
	}
}

func TestPull_TheFullEventTakesOverWhatOnlyThePushSaid(t *testing.T) {
	f := newFetcher()
	f.events["evt_441"] = `{"id":"evt_441","type":"order.shipped","data":{"shipping_service":"usps"}}`
	body := `{"id":"evt_441","type":"order.shipped","created":"2025-06-01T10:00:00Z","context":"acct_7",` +
		`"related_object":{"id":"ord_452","type":"order"}}`
	err := handleShipped(t, f, body, func(ctx context.Context, e *types.OrderShippedPushed) error {
		full, err := e.Pull(ctx)
		require.NoError(t, err)
		require.Equal(t, "acct_7", full.Context)
		require.Equal(t, e.Created, full.Created)
		order, err := full.FetchRelatedObject(ctx)
		require.NoError(t, err)
		require.Equal(t, "ord_452", order.ID)
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, "acct_7", f.metas[1].Context, "the context travels with each pull")
}

// retryOnce is the smallest retry there is.
func retryOnce(next cactus.HandlerFunc) cactus.HandlerFunc {
	return func(ctx context.Context, e cactus.Event) error {
		if err := next(ctx, e); err == nil {
			return nil
		}
		return next(ctx, e)
	}
}

func TestLoad_EachAttemptHasAFreshEventAndThePullIsRemembered(t *testing.T) {
	f := newFetcher()
	r := &cactus.Registry{Fetcher: f}
	r.Use(retryOnce)
	var seen []*types.OrderShipped
	cactus.On(r, func(_ context.Context, e *types.OrderShipped) error {
		require.Equal(t, "usps", e.Data.ShippingService)
		require.Equal(t, "evt_441", e.ID)
		require.Equal(t, "ord_452", e.RelatedObject.ID)
		e.Data.ShippingService = "changed by the first attempt"
		seen = append(seen, e)
		if len(seen) == 1 {
			return errHandler
		}
		return nil
	})
	require.NoError(t, r.DispatchUnverified(t.Context(), []byte(shippedThin)))
	require.Len(t, seen, 2)
	require.NotSame(t, seen[0], seen[1])
	require.Equal(t, []string{"event evt_441"}, f.requests())
}

func TestLoad_ARetryCoversThePull(t *testing.T) {
	f := newFetcher()
	failures := 1
	f.hook = func(context.Context, string) error {
		failures--
		if failures >= 0 {
			return errHandler
		}
		return nil
	}
	r := &cactus.Registry{Fetcher: f}
	r.Use(retryOnce)
	cactus.On(r, func(context.Context, *types.OrderShipped) error { return nil })
	require.NoError(t, r.DispatchUnverified(t.Context(), []byte(shippedThin)))
	require.Len(t, f.requests(), 2)
}

func TestLoad_AnAnswerThatDoesNotFitIsAskedForAgain(t *testing.T) {
	f := newFetcher()
	good := f.events["evt_441"]
	f.events["evt_441"] = `{"id":"evt_441","type":"order.shipped"}` // the API lags behind
	f.objects["ord_452"] = `null`
	r := &cactus.Registry{Fetcher: f}
	r.Use(func(next cactus.HandlerFunc) cactus.HandlerFunc {
		return func(ctx context.Context, e cactus.Event) error {
			err := next(ctx, e)
			require.EqualError(t, err, "decode order.shipped: the event has no data")
			require.Equal(t, cactus.OutcomeFailed, cactus.OutcomeOf(err))
			f.events["evt_441"] = good
			return next(ctx, e)
		}
	})
	cactus.On(r, func(ctx context.Context, e *types.OrderShipped) error {
		_, err := e.FetchRelatedObject(ctx)
		require.EqualError(t, err, "decode related object: it is null")
		f.objects["ord_452"] = orderJSON
		order, err := e.FetchRelatedObject(ctx)
		require.Equal(t, 5, order.NumItems)
		return err
	})
	require.NoError(t, r.DispatchUnverified(t.Context(), []byte(shippedThin)))
	require.Equal(t, []string{"event evt_441", "event evt_441", "order ord_452", "order ord_452"}, f.requests())
}

func TestPull_DataThatCameAlongAndDoesNotFitIsPermanent(t *testing.T) {
	body := `{"id":"evt_441","type":"order.shipped","data":{"shipping_service":5}}`
	err := handleShipped(t, nil, body, func(ctx context.Context, e *types.OrderShippedPushed) error {
		_, err := e.Pull(ctx)
		return err
	})
	require.EqualError(t, err, `permanent: decode order.shipped: field "data.shipping_service": must be a string, not number`)
}

func TestLoad_TheEventThatMiddlewareHoldsDoesNotChange(t *testing.T) {
	f := newFetcher()
	f.events["evt_441"] = `{"id":"evt_441","type":"order.shipped","created":"2025-06-01T10:00:00Z",` +
		`"related_object":{"id":"ord_452","type":"order"},"data":{"shipping_service":"usps"}}`
	r := &cactus.Registry{Fetcher: f}
	r.Use(func(next cactus.HandlerFunc) cactus.HandlerFunc {
		return func(ctx context.Context, e cactus.Event) error {
			var group sync.WaitGroup
			for range 4 { // also when it is called twice at once, and the event is used meanwhile
				group.Go(func() {
					if err := next(ctx, e); err != nil {
						t.Error(err)
					}
				})
				group.Go(func() {
					if _, err := e.(*types.OrderShipped).FetchRelatedObject(ctx); err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
			require.True(t, e.Metadata().Created.IsZero())
			return nil
		}
	})
	cactus.On(r, func(_ context.Context, e *types.OrderShipped) error {
		if e.Created.IsZero() || e.Data.ShippingService != "usps" {
			t.Errorf("got %+v", e)
		}
		return nil
	})
	require.NoError(t, r.DispatchUnverified(t.Context(), []byte(shippedThin)))
}

// nested is a type that holds itself, so that its sender says how deep it goes.
type nested struct {
	Next  *nested `json:"next"`
	Value int     `json:"value"`
	Pad   []int   `json:"pad"`
}

type nestedEvent struct{ cactus.Full[nested] }

func (nestedEvent) EventType() string { return "nested" }

func TestFull_ADeepMistakeIsFoundInBoundedTime(t *testing.T) {
	var r cactus.Registry
	cactus.On(&r, func(context.Context, *nestedEvent) error { return nil })
	wrap := func(depth int) string {
		return `{"id":"e","type":"nested","data":` + strings.Repeat(`{"next":`, depth) +
			`{"pad":[` + strings.Repeat("1,", 100_000) + `1],"value":"x"}` + strings.Repeat("}", depth) + `}`
	}
	require.EqualError(t, r.DispatchUnverified(t.Context(), []byte(wrap(2))),
		`permanent: decode nested: field "data.next.next.value": must be an integer that fits int, not string`)
	allocated := testing.Benchmark(func(b *testing.B) { //nolint:thelper // no helper
		for b.Loop() {
			_ = r.DispatchUnverified(t.Context(), []byte(wrap(400)))
		}
	}).AllocedBytesPerOp()
	require.Less(t, allocated, int64(100<<20), "it was gigabytes when every level was tried")
}

func TestPrefetch_FetchesBothAtOnceBeforeTheHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFetcher()
		f.hook = func(context.Context, string) error { time.Sleep(time.Second); return nil }
		r := &cactus.Registry{Fetcher: f}
		start := time.Now()
		cactus.On(r, func(ctx context.Context, e *types.OrderShippedPushed) error {
			require.Equal(t, time.Second, time.Since(start), "at the same time")
			require.Len(t, f.requests(), 2)
			if _, err := e.Pull(ctx); err != nil {
				return err
			}
			_, err := e.FetchRelatedObject(ctx)
			return err
		}, cactus.Prefetch())
		cactus.On(r, func(ctx context.Context, e *types.OrderLostPushed) error {
			_, err := e.Pull(ctx)
			return err
		}, cactus.Prefetch())
		require.NoError(t, r.DispatchUnverified(t.Context(), []byte(shippedThin)))
		require.Len(t, f.requests(), 2)
		require.NoError(t, r.DispatchUnverified(t.Context(), []byte(lostThin)))
		require.Equal(t, "event evt_849", f.requests()[2])
	})
}

func TestPrefetch_FailsTheAttemptAndSurvivesAPanickingFetcher(t *testing.T) {
	f := newFetcher()
	f.hook = func(_ context.Context, what string) error {
		if what == "order ord_452" {
			panic("fetcher bug")
		}
		return errHandler
	}
	r := &cactus.Registry{Fetcher: f}
	cactus.On(r, func(context.Context, *types.OrderShippedPushed) error {
		t.Error("the handler ran")
		return nil
	}, cactus.Prefetch())
	err := r.DispatchUnverified(t.Context(), []byte(shippedThin))
	require.ErrorIs(t, err, errHandler)
	var p *cactus.PanicError
	require.ErrorAs(t, err, &p)
}

func TestMadeEvents_CannotPull(t *testing.T) {
	e := cactus.New[types.OrderShippedPushed]("evt_1")
	_, err := e.Pull(t.Context())
	require.ErrorIs(t, err, cactus.ErrNoFetcher)
	_, err = e.FetchRelatedObject(t.Context())
	require.ErrorIs(t, err, cactus.ErrNoFetcher)
	_, err = new(cactus.RawEvent).Pull(t.Context())
	require.ErrorIs(t, err, cactus.ErrNoFetcher)
	_, err = new(cactus.RawEvent).FetchRelatedObject(t.Context())
	require.ErrorIs(t, err, cactus.ErrNoFetcher)
	_, err = new(cactus.RawEvent).RefetchRelatedObject(t.Context())
	require.ErrorIs(t, err, cactus.ErrNoFetcher)
}

func TestLoad_AFullEventTakesItsObjectFromThePullIfThePushHadNone(t *testing.T) {
	f := newFetcher()
	r := &cactus.Registry{Fetcher: f}
	cactus.On(r, func(ctx context.Context, e *types.OrderShipped) error {
		require.Equal(t, "ord_452", e.RelatedObject.ID)
		_, err := e.FetchRelatedObject(ctx)
		return err
	})
	require.NoError(t, r.DispatchUnverified(t.Context(), []byte(`{"id":"evt_441","type":"order.shipped"}`)))
	require.Equal(t, []string{"event evt_441", "order ord_452"}, f.requests())
}

// account is a user's own event: no data, fields of its own.
type account struct {
	cactus.Bare
	accountFields

	Livemode bool           `json:"livemode"`
	Reason   *accountReason `json:"reason" validate:"required"`
	Untagged string
	Ignored  string `json:"-"`
}

type accountFields struct {
	Region string `json:"region"`
}

type accountReason struct {
	Kind string `json:"kind" validate:"required"`
}

func (account) EventType() string { return "account.created" }

type accountPushed struct {
	cactus.Pushed[account]

	Livemode bool `json:"livemode"`
}

func TestExtras_AreFilledFromTheEnvelopeAndNothingElseIs(t *testing.T) {
	var r cactus.Registry
	var got account
	cactus.On(&r, func(_ context.Context, e *account) error { got = *e; return nil })
	body := `{"id":"a_1","type":"account.created","livemode":true,"region":"eu","reason":{"kind":"request"},` +
		`"Untagged":"x","Ignored":"x","-":"x","Meta":{"id":"x"},"Bare":1,"ID":"x"}`
	require.NoError(t, r.DispatchUnverified(t.Context(), []byte(body)))
	require.Equal(t, "a_1", got.ID)
	require.True(t, got.Livemode)
	require.Equal(t, "eu", got.Region)
	require.Equal(t, "request", got.Reason.Kind)
	require.Empty(t, got.Untagged)
	require.Empty(t, got.Ignored)
}

func TestExtras_ErrorsNameTheField(t *testing.T) {
	var r cactus.Registry
	cactus.On(&r, func(context.Context, *account) error { t.Error("the handler ran"); return nil })
	for fields, want := range map[string]string{
		`"livemode":"secret"`:                   `permanent: decode account.created: field "livemode": must be a bool, not string`,
		`"livemode":true,"livemode":false`:      `permanent: decode account.created: field "livemode": is there twice`,
		`"livemode":true,"live\u006dode":false`: `permanent: decode account.created: field "livemode": is there twice`,
		`"reason":{"kind":5}`:                   `permanent: decode account.created: field "reason.kind": must be a string, not number`,
		`"region":"eu"`:                         `permanent: decode account.created: field "reason": fails "required"`,
		`"reason":{}`:                           `permanent: decode account.created: field "reason.kind": fails "required"`,
	} {
		err := r.DispatchUnverified(t.Context(), []byte(`{"id":"a_1","type":"account.created",`+fields+`}`))
		require.EqualError(t, err, want)
	}
}

func TestExtras_OfAThinEventAndOfThePulledOne(t *testing.T) {
	f := newFetcher()
	f.events["a_1"] = `{"id":"a_1","type":"account.created","livemode":true,"region":"eu","reason":{"kind":"request"}}`
	r := &cactus.Registry{Fetcher: f}
	cactus.On(r, func(ctx context.Context, e *accountPushed) error {
		require.True(t, e.Livemode)
		full, err := e.Pull(ctx)
		require.NoError(t, err)
		require.Equal(t, "eu", full.Region)
		return nil
	})
	require.NoError(t, r.DispatchUnverified(t.Context(), []byte(`{"id":"a_1","type":"account.created","livemode":true}`)))
	require.Equal(t, []string{"event a_1"}, f.requests())
}

func TestBare_IsNeverPulledForAHandler(t *testing.T) {
	f := newFetcher()
	r := &cactus.Registry{Fetcher: f}
	cactus.On(r, func(context.Context, *account) error { return nil }, cactus.Prefetch())
	body := `{"id":"a_1","type":"account.created","reason":{"kind":"x"}}`
	require.NoError(t, r.DispatchUnverified(t.Context(), []byte(body)))
	require.Empty(t, f.requests())
}

func TestValidate_ReplacesTheValidator(t *testing.T) {
	var checked []any
	r := &cactus.Registry{Fetcher: newFetcher(), Validate: func(v any) error {
		checked = append(checked, v)
		if order, ok := v.(*types.Order); ok && order.NumItems == 5 {
			return errHandler
		}
		return nil
	}}
	cactus.On(r, func(ctx context.Context, e *types.OrderShipped) error {
		require.Empty(t, e.Data.ShippingService, "required is not checked")
		_, err := e.FetchRelatedObject(ctx)
		return err
	})
	body := `{"id":"evt_441","type":"order.shipped","related_object":{"id":"ord_452","type":"order"},"data":{}}`
	err := r.DispatchUnverified(t.Context(), []byte(body))
	require.ErrorIs(t, err, errHandler)
	require.Equal(t, cactus.OutcomeFailed, cactus.OutcomeOf(err), "what the API says may be better next time")
	require.Len(t, checked, 2)
	require.IsType(t, new(types.OrderShippedData), checked[0])

	f := newFetcher()
	f.objects["ord_452"] = `{"id":"ord_452","num_items":6}`
	r = &cactus.Registry{Fetcher: f, Validate: r.Validate}
	cactus.On(r, func(ctx context.Context, e *types.OrderShippedPushed) error {
		checked = nil
		_, err := e.FetchRelatedObject(ctx)
		require.NoError(t, err)
		require.Len(t, checked, 1, "once for each value that is decoded")
		_, err = e.FetchRelatedObject(ctx)
		require.Len(t, checked, 2)
		return err
	})
	require.NoError(t, r.DispatchUnverified(t.Context(), []byte(shippedThin)))
}

// shapes of D other than a plain struct.
type (
	listEvent struct{ cactus.Full[[]listItem] }
	listItem  struct {
		N int `json:"n" validate:"min=1"`
	}
	pointerEvent struct{ cactus.Full[*listItem] }
	anyEvent     struct{ cactus.Full[any] }
)

func (listEvent) EventType() string    { return "list" }
func (pointerEvent) EventType() string { return "pointer" }
func (anyEvent) EventType() string     { return "any" }

func TestFull_DataOfAnyShape(t *testing.T) {
	r := &cactus.Registry{Fetcher: newFetcher()}
	var got any
	cactus.On(r, func(_ context.Context, e *listEvent) error { got = e.Data; return nil })
	cactus.On(r, func(_ context.Context, e *pointerEvent) error { got = e.Data; return nil })
	cactus.On(r, func(_ context.Context, e *anyEvent) error { got = e.Data; return nil })

	require.NoError(t, r.DispatchUnverified(t.Context(), []byte(`{"id":"e","type":"list","data":[{"n":1},{"n":2}]}`)))
	require.Equal(t, []listItem{{1}, {2}}, got)
	require.EqualError(t, r.DispatchUnverified(t.Context(), []byte(`{"id":"e","type":"list","data":[{"n":1},{"n":0}]}`)),
		`permanent: decode list: field "data[1].n": fails "min=1"`)
	require.NoError(t, r.DispatchUnverified(t.Context(), []byte(`{"id":"e","type":"pointer","data":{"n":3}}`)))
	require.Equal(t, &listItem{3}, got)
	require.EqualError(t, r.DispatchUnverified(t.Context(), []byte(`{"id":"e","type":"pointer","data":{}}`)),
		`permanent: decode pointer: field "data.n": fails "min=1"`)
	require.NoError(t, r.DispatchUnverified(t.Context(), []byte(`{"id":"e","type":"any","data":"text"}`)))
	require.Equal(t, "text", got)
}

type (
	listsEvent struct{ cactus.Full[[]lists] }
	lists      struct {
		Items []listItem `json:"items" validate:"dive"`
	}
	numberEvent struct {
		cactus.Bare

		N json.Number `json:"n"`
	}
)

func (listsEvent) EventType() string  { return "lists" }
func (numberEvent) EventType() string { return "number" }

func TestFull_IndicesOfListsAreShown(t *testing.T) {
	var r cactus.Registry
	cactus.On(&r, func(context.Context, *listsEvent) error { return nil })
	for data, want := range map[string]string{
		`[{"items":[{"n":1}]},{"items":[{"n":1},{"n":0}]}]`:   `permanent: decode lists: field "data[1].items[1].n": fails "min=1"`,
		`[{"items":[{"n":1}]},{"items":[{"n":1},{"n":"x"}]}]`: `permanent: decode lists: field "data[1].items[1].n": must be an integer that fits int, not string`,
	} {
		require.EqualError(t, r.DispatchUnverified(t.Context(), []byte(`{"id":"e","type":"lists","data":`+data+`}`)), want)
	}
}

func TestExtras_ANumberThatIsAStringIsCheckedLikeAnyOther(t *testing.T) {
	var r cactus.Registry
	cactus.On(&r, func(_ context.Context, e *numberEvent) error {
		require.Equal(t, json.Number("1.50"), e.N)
		return nil
	})
	require.NoError(t, r.DispatchUnverified(t.Context(), []byte(`{"id":"e","type":"number","n":1.50}`)))
	require.ErrorContains(t, r.DispatchUnverified(t.Context(), []byte(`{"id":"e","type":"number","n":"abc"}`)), `field "n": must be`)
}

type mapEvent struct {
	cactus.Full[map[string]listItem]
}

func (mapEvent) EventType() string { return "map" }

func TestFull_AMapsKeysAreNotShown(t *testing.T) {
	var r cactus.Registry
	cactus.On(&r, func(context.Context, *mapEvent) error { return nil })
	for data, want := range map[string]string{
		`{"marker":{"n":0}}`:     `permanent: decode map: field "data[...].n": fails "min=1"`,
		`{"4111111":{"n":0}}`:    `permanent: decode map: field "data[...].n": fails "min=1"`,
		`{"1]marker[2":{"n":0}}`: `permanent: decode map: field "data[...].n": fails "min=1"`,
		`{"marker":{"n":"x"}}`:   `permanent: decode map: field "data[...].n": must be an integer that fits int, not string`,
	} {
		require.EqualError(t, r.DispatchUnverified(t.Context(), []byte(`{"id":"e","type":"map","data":`+data+`}`)), want)
	}
}

func TestFull_NullIsDataForWhatCanBeNil(t *testing.T) {
	f := newFetcher()
	f.events["e"] = `{"id":"e","type":"pointer","data":null}`
	r := &cactus.Registry{Fetcher: f}
	cactus.On(r, func(_ context.Context, e *pointerEvent) error {
		require.Nil(t, e.Data)
		return nil
	})
	require.NoError(t, r.DispatchUnverified(t.Context(), []byte(`{"id":"e","type":"pointer"}`)))
}
