package cactus_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/types"
)

var errHandler = errors.New("handler failed")

func ignoreRaw(context.Context, *cactus.RawEvent) error { return nil }

func TestRegistry_ZeroValueDispatchesByType(t *testing.T) {
	var r cactus.Registry
	var got []string
	cactus.On(&r, func(_ context.Context, e *types.OrderShippedPushed) error {
		got = append(got, "typed "+e.ID)
		return nil
	})
	r.Handle("order.lost", func(_ context.Context, e *cactus.RawEvent) error {
		got = append(got, "raw "+e.ID)
		return nil
	})
	require.NoError(t, r.DispatchUnverified(t.Context(), []byte(shippedThin)))
	require.NoError(t, r.DispatchUnverified(t.Context(), []byte(lostThin)))
	require.Equal(t, []string{"typed evt_441", "raw evt_849"}, got)
	require.Equal(t, []string{"order.lost", "order.shipped"}, r.EventTypes())
}

func TestRegistry_ErrNoHandlerNamesTheTypeAndANearMiss(t *testing.T) {
	var r cactus.Registry
	r.Handle("order.shipped", ignoreRaw)
	err := r.Dispatch(t.Context(), &cactus.Envelope{Meta: cactus.Meta{ID: "e", Type: "order.shiped"}})
	require.ErrorIs(t, err, cactus.ErrNoHandler)
	require.EqualError(t, err, `cactus: no handler for event type "order.shiped" (there is one for "order.shipped")`)
	err = r.Dispatch(t.Context(), &cactus.Envelope{Meta: cactus.Meta{ID: "e", Type: "invoice.paid"}})
	require.EqualError(t, err, `cactus: no handler for event type "invoice.paid"`)
	require.EqualValues(t, 2, r.Unhandled())
}

func TestRegistry_DispatchRefusesAHandMadeEnvelopeWithoutIDOrType(t *testing.T) {
	var r cactus.Registry
	for want, env := range map[string]*cactus.Envelope{
		`cactus: malformed event: no envelope`:                       nil,
		`cactus: malformed event: envelope field "id": is missing`:   {Meta: cactus.Meta{Type: "a.b"}},
		`cactus: malformed event: envelope field "type": is missing`: {Meta: cactus.Meta{ID: "evt_1"}},
	} {
		err := r.Dispatch(t.Context(), env)
		require.ErrorIs(t, err, cactus.ErrMalformed)
		require.EqualError(t, err, want)
	}
}

func TestRegistry_OnOtherLearnsWhetherTheTypeIsKnownAndCanPull(t *testing.T) {
	f := newFetcher()
	r := &cactus.Registry{Catalogue: types.Catalogue, Fetcher: f}
	type call struct {
		eventType string
		known     bool
		raw       string
	}
	var calls []call
	r.OnOther(func(ctx context.Context, e *cactus.RawEvent, known bool) error {
		calls = append(calls, call{e.Type, known, string(e.Raw)})
		if e.Type == "order.lost" {
			full, err := e.Pull(ctx)
			require.NoError(t, err)
			require.JSONEq(t, `{"last_seen_city": "Boulder"}`, string(full.Data))
			_, err = e.FetchRelatedObject(ctx)
			require.ErrorIs(t, err, cactus.ErrNoObject)
		}
		return nil
	})
	unknown := `{"id":"evt_1","type":"foo.bar","new_field":1}`
	require.NoError(t, r.DispatchUnverified(t.Context(), []byte(lostThin)))
	require.NoError(t, r.DispatchUnverified(t.Context(), []byte(unknown)))
	require.Equal(t, []call{{"order.lost", true, lostThin}, {"foo.bar", false, unknown}}, calls)
	require.Equal(t, []string{"event evt_849"}, f.requests())
}

func TestRegistry_TheMostSpecificPatternWins(t *testing.T) {
	var r cactus.Registry
	var got string
	handle := func(name string) {
		r.Handle(name, func(context.Context, *cactus.RawEvent) error {
			got = name
			return nil
		})
	}
	for _, name := range []string{"*", "pull_request.*", "pull_request.review.*", "pull_request.opened"} {
		handle(name)
	}
	for eventType, want := range map[string]string{
		"ping":                         "*",
		"pull_request":                 "*",
		"pull_requests.opened":         "*",
		"pull_request.opened":          "pull_request.opened",
		"pull_request.closed":          "pull_request.*",
		"pull_request.opened.again":    "pull_request.*",
		"pull_request.review.dismiss":  "pull_request.review.*",
		"pull_request.review.a.b.c":    "pull_request.review.*",
		"pull_request.review":          "pull_request.*",
		"pull_request.reviewer.joined": "pull_request.*",
	} {
		env := &cactus.Envelope{Meta: cactus.Meta{ID: "e", Type: eventType}}
		require.NoError(t, r.Dispatch(t.Context(), env))
		require.Equal(t, want, got, eventType)
	}
	require.Equal(t, []string{"*", "pull_request.*", "pull_request.opened", "pull_request.review.*"}, r.EventTypes())
}

func TestRegistry_HandlesKnowsNamesAndPatternsButNotTheFallback(t *testing.T) {
	var r cactus.Registry
	require.False(t, r.Handles("a.b"))
	r.Handle("a.*", ignoreRaw)
	r.Handle("c", ignoreRaw)
	r.OnOther(func(context.Context, *cactus.RawEvent, bool) error { return nil })
	for eventType, want := range map[string]bool{"a.b": true, "a.b.c": true, "a": false, "c": true, "d": false} {
		require.Equal(t, want, r.Handles(eventType), eventType)
	}
}

func TestRegistry_DispatchStampsTheArrivalIfNobodyHas(t *testing.T) {
	var r cactus.Registry
	var got []time.Time
	r.Handle("*", func(_ context.Context, e *cactus.RawEvent) error { got = append(got, e.ReceivedAt); return nil })
	arrived := time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)
	for _, at := range []time.Time{{}, arrived} {
		env := &cactus.Envelope{Meta: cactus.Meta{ID: "e", Type: "t", ReceivedAt: at}}
		require.NoError(t, r.Dispatch(t.Context(), env))
		require.Equal(t, at, env.ReceivedAt, "the caller's envelope stays as it is")
	}
	require.False(t, got[0].IsZero())
	require.Equal(t, arrived, got[1])
}

func TestRegistry_OneStructServesSeveralTypes(t *testing.T) {
	var r cactus.Registry
	var got []string
	cactus.On(&r, func(_ context.Context, e *types.OrderShippedPushed) error {
		got = append(got, e.Type)
		return nil
	}, cactus.WithTypes("order.shipped", "parcel.*"))
	for _, eventType := range []string{"order.shipped", "parcel.shipped"} {
		require.NoError(t, r.Dispatch(t.Context(), &cactus.Envelope{Meta: cactus.Meta{ID: "e", Type: eventType}}))
	}
	require.Equal(t, []string{"order.shipped", "parcel.shipped"}, got)
}

func TestRegistry_MisusePanicsWithThePlace(t *testing.T) {
	shipped := func(context.Context, *types.OrderShipped) error { return nil }
	pass := func(next cactus.HandlerFunc) cactus.HandlerFunc { return next }
	tests := map[string]struct {
		do   func(r *cactus.Registry)
		want []string
	}{
		"duplicate type": {
			func(r *cactus.Registry) { cactus.On(r, shipped); r.Handle("order.shipped", ignoreRaw) },
			[]string{`event type "order.shipped" is already handled, registered at`, "registry_test.go"},
		},
		"thin and full of one event": {
			func(r *cactus.Registry) {
				cactus.On(r, shipped)
				cactus.On(r, func(context.Context, *types.OrderShippedPushed) error { return nil })
			},
			[]string{`event type "order.shipped" is already handled`},
		},
		"duplicate pattern": {
			func(r *cactus.Registry) { r.Handle("order.*", ignoreRaw); r.Handle("order.*", ignoreRaw) },
			[]string{`event type "order.*" is already handled`},
		},
		"one name twice": {
			func(r *cactus.Registry) { cactus.On(r, shipped, cactus.WithTypes("a.b", "a.b")) },
			[]string{`it names event type "a.b" twice`},
		},
		"star in the middle": {
			func(r *cactus.Registry) { r.Handle("order.*.lost", ignoreRaw) },
			[]string{`event type "order.*.lost"`},
		},
		"star within a word": {
			func(r *cactus.Registry) { r.Handle("order.ship*", ignoreRaw) },
			[]string{"a star stands alone or after a dot, at the end"},
		},
		"empty name": {
			func(r *cactus.Registry) { r.Handle("", ignoreRaw) },
			[]string{`event type ""`},
		},
		"outside the catalogue": {
			func(r *cactus.Registry) {
				r.Catalogue = types.Catalogue
				cactus.On(r, shipped, cactus.WithTypes("order.shiped"))
			},
			[]string{`event type "order.shiped" is not in the catalogue: did you mean "order.shipped"?`},
		},
		"pattern outside the catalogue": {
			func(r *cactus.Registry) {
				r.Catalogue = types.Catalogue
				cactus.On(r, shipped, cactus.WithTypes("invoice.*"))
			},
			[]string{`event type "invoice.*" is not in the catalogue`},
		},
		"second fallback": {
			func(r *cactus.Registry) {
				other := func(context.Context, *cactus.RawEvent, bool) error { return nil }
				r.OnOther(other)
				r.OnOther(other)
			},
			[]string{"there is one already, registered at"},
		},
		"types for a fallback": {
			func(r *cactus.Registry) {
				r.OnOther(func(context.Context, *cactus.RawEvent, bool) error { return nil }, cactus.WithTypes("a"))
			},
			[]string{"WithTypes has no meaning for a fallback"},
		},
		"nil option":   {func(r *cactus.Registry) { r.Handle("a.b", ignoreRaw, nil) }, []string{"it was given a nil option"}},
		"nil registry": {func(*cactus.Registry) { cactus.On(nil, shipped) }, []string{"the registry is nil"}},
		"nil registry of a fallback": {
			func(*cactus.Registry) {
				(*cactus.Registry)(nil).OnOther(func(context.Context, *cactus.RawEvent, bool) error { return nil })
			},
			[]string{"the registry is nil"},
		},
		"nil handler":          {func(r *cactus.Registry) { r.Handle("a.b", nil) }, []string{"the handler is nil"}},
		"nil typed handler":    {func(r *cactus.Registry) { cactus.On[types.OrderLost](r, nil) }, []string{"the handler is nil"}},
		"nil fallback":         {func(r *cactus.Registry) { r.OnOther(nil) }, []string{"the handler is nil"}},
		"nil middleware":       {func(r *cactus.Registry) { r.Use(nil) }, []string{"nil middleware"}},
		"nil inner middleware": {func(r *cactus.Registry) { cactus.On(r, shipped, cactus.WithMiddleware(nil)) }, []string{"nil middleware"}},
		"middleware that returns nothing": {
			func(r *cactus.Registry) {
				cactus.On(r, shipped, cactus.WithMiddleware(func(cactus.HandlerFunc) cactus.HandlerFunc { return nil }))
			},
			[]string{"a middleware returned a nil handler"},
		},
		"Use after On": {func(r *cactus.Registry) { cactus.On(r, shipped); r.Use(pass) }, []string{"comes after a registration"}},
		"Use after OnOther": {
			func(r *cactus.Registry) {
				r.OnOther(func(context.Context, *cactus.RawEvent, bool) error { return nil })
				r.Use(pass)
			},
			[]string{"comes after a registration"},
		},
		"On after dispatch": {
			func(r *cactus.Registry) {
				_ = r.DispatchUnverified(t.Context(), []byte(lostThin))
				cactus.On(r, shipped)
			},
			[]string{"it comes after the first dispatch"},
		},
		"Use after dispatch": {
			func(r *cactus.Registry) { _ = r.DispatchUnverified(t.Context(), []byte(lostThin)); r.Use(pass) },
			[]string{"comes after the first dispatch"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			text := panicText(t, func() { tt.do(new(cactus.Registry)) })
			require.Contains(t, text, "registry_test.go:", "the place of the mistake")
			for _, want := range tt.want {
				require.Contains(t, text, want)
			}
		})
	}
}

func TestRegistry_ADuplicateNamesBothLines(t *testing.T) {
	var r cactus.Registry
	r.Handle("a.b", ignoreRaw)
	text := panicText(t, func() {
		r.Handle("a.b", ignoreRaw)
	})
	lines := regexp.MustCompile(`handler at .*registry_test\.go:(\d+): event type "a\.b" is already handled, ` +
		`registered at .*registry_test\.go:(\d+)$`).FindStringSubmatch(text)
	require.Len(t, lines, 3, text)
	second, err := strconv.Atoi(lines[1])
	require.NoError(t, err)
	require.Equal(t, strconv.Itoa(second-2), lines[2], "the first is two lines above")
}

func TestRegistry_ARegistrationThatPanicsLeavesNothingBehind(t *testing.T) {
	var r cactus.Registry
	r.Handle("a.b", ignoreRaw)
	panicText(t, func() {
		cactus.On(&r, func(context.Context, *types.OrderLost) error { return nil }, cactus.WithTypes("c.d", "a.b"))
	})
	require.Equal(t, []string{"a.b"}, r.EventTypes())
}

func TestRegistry_MiddlewareOrderIsFirstOutermost(t *testing.T) {
	var r cactus.Registry
	var order []string
	mark := func(name string) cactus.Middleware {
		return func(next cactus.HandlerFunc) cactus.HandlerFunc {
			return func(ctx context.Context, e cactus.Event) error {
				order = append(order, name)
				return next(ctx, e)
			}
		}
	}
	r.Use(mark("1"), mark("2"))
	r.Use(mark("3"))
	r.Handle("a.b", ignoreRaw, cactus.WithMiddleware(mark("4"), mark("5")), cactus.WithMiddleware(mark("6")))
	require.NoError(t, r.Dispatch(t.Context(), &cactus.Envelope{Meta: cactus.Meta{ID: "e", Type: "a.b"}}))
	require.Equal(t, []string{"1", "2", "3", "4", "5", "6"}, order)
}

func TestRegistry_MiddlewareSeesMetaAndPullsSeeWhatItSet(t *testing.T) {
	f := newFetcher()
	r := &cactus.Registry{Fetcher: f}
	r.Use(func(next cactus.HandlerFunc) cactus.HandlerFunc {
		return func(ctx context.Context, e cactus.Event) error {
			require.Equal(t, "order.shipped", e.Metadata().Type)
			require.Empty(t, f.requests(), "data is read below all middleware")
			e.Metadata().Tenant = "acme"
			return next(ctx, e)
		}
	})
	cactus.On(r, func(ctx context.Context, e *types.OrderShipped) error {
		require.Equal(t, "usps", e.Data.ShippingService)
		_, err := e.FetchRelatedObject(ctx)
		return err
	})
	require.NoError(t, r.DispatchUnverified(t.Context(), []byte(shippedThin)))
	require.Equal(t, []string{"event evt_441", "order ord_452"}, f.requests())
	for _, m := range f.metas {
		require.Equal(t, "acme", m.Tenant)
	}
}

func TestRegistry_MiddlewareMayLookAtTheRegistryWhileItIsRegistered(t *testing.T) {
	var r cactus.Registry
	var seen [][]string
	look := func(next cactus.HandlerFunc) cactus.HandlerFunc {
		seen = append(seen, r.EventTypes())
		return next
	}
	r.Use(look)
	r.Handle("a.b", ignoreRaw)
	r.Handle("c.d", ignoreRaw)
	r.OnOther(func(context.Context, *cactus.RawEvent, bool) error { return nil })
	require.Equal(t, [][]string{nil, {"a.b"}, {"a.b", "c.d"}}, seen)
}

type regional struct {
	cactus.Full[struct {
		Amount int `json:"amount" validate:"min=1"`
	}]

	Region string `json:"region" validate:"max=3"`
	Level  int    `json:"level"`
}

func (regional) EventType() string { return "invoice.paid" }

type regionalPushed struct {
	cactus.Pushed[regional]

	Region string `json:"region" validate:"max=3"`
	Level  int    `json:"level"`
}

func TestRegistry_MiddlewareSeesTheUsersOwnFields(t *testing.T) {
	seen := func(got *string) cactus.Middleware {
		return func(next cactus.HandlerFunc) cactus.HandlerFunc {
			return func(ctx context.Context, e cactus.Event) error {
				switch e := e.(type) {
				case *regional:
					*got = fmt.Sprintf("full %s %d %d", e.Region, e.Level, e.Data.Amount)
				case *regionalPushed:
					*got = fmt.Sprintf("thin %s %d", e.Region, e.Level)
				}
				return next(ctx, e)
			}
		}
	}
	for _, row := range []struct{ body, full, thin, wrong string }{
		{`{"id":"e","type":"invoice.paid","region":"eu","level":2,"data":{"amount":3}}`, "full eu 2 0", "thin eu 2", ""},
		{`{"id":"e","type":"invoice.paid","region":"eu","level":"high","data":{"amount":3}}`, "full eu 0 0", "thin eu 0", `field "level"`},
		{`{"id":"e","type":"invoice.paid","region":"europe","data":{"amount":3}}`, "full europe 0 0", "thin europe 0", `field "region": fails "max=3"`},
	} {
		var got string
		var full, thin cactus.Registry
		full.Use(seen(&got))
		cactus.On(&full, func(_ context.Context, e *regional) error {
			require.Equal(t, "eu 2", fmt.Sprint(e.Region, " ", e.Level))
			return nil
		})
		thin.Use(seen(&got))
		cactus.On(&thin, func(_ context.Context, e *regionalPushed) error {
			require.Equal(t, "eu 2", fmt.Sprint(e.Region, " ", e.Level))
			return nil
		})
		for want, r := range map[string]*cactus.Registry{row.full: &full, row.thin: &thin} {
			err := r.DispatchUnverified(t.Context(), []byte(row.body))
			if row.wrong == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, row.wrong)
			}
			require.Equal(t, want, got)
		}
	}
}

func TestRegistry_AFaultIsNamedAsItStandsInTheJSON(t *testing.T) {
	var r cactus.Registry
	cactus.On(&r, func(context.Context, *regional) error { return nil })
	err := r.DispatchUnverified(t.Context(), []byte(`{"id":"e","type":"invoice.paid","region":"europe","data":{"amount":0}}`))
	require.ErrorContains(t, err, `field "region": fails "max=3"`)
	require.ErrorContains(t, err, `field "data.amount": fails "min=1"`)
	require.NotContains(t, err.Error(), "Full")
}

func TestRegistry_AnEventThatAMiddlewareReplacedIsAnError(t *testing.T) {
	var r cactus.Registry
	r.Use(func(next cactus.HandlerFunc) cactus.HandlerFunc {
		return func(ctx context.Context, _ cactus.Event) error { return next(ctx, new(types.OrderLost)) }
	})
	cactus.On(&r, func(context.Context, *types.OrderShippedPushed) error { return nil })
	r.Handle("order.lost", ignoreRaw)
	const want = "cactus: a middleware passed on another event than it was given: a *types.OrderLost"
	require.EqualError(t, r.DispatchUnverified(t.Context(), []byte(shippedThin)), want)
	require.EqualError(t, r.DispatchUnverified(t.Context(), []byte(lostThin)), want)
}

func TestRegistry_APanicIsAnErrorWithItsStack(t *testing.T) {
	var r cactus.Registry
	r.Handle("a.b", func(context.Context, *cactus.RawEvent) error { panic(cactus.Permanent(errHandler)) })
	r.Handle("abort", func(context.Context, *cactus.RawEvent) error { panic(http.ErrAbortHandler) })

	err := r.Dispatch(t.Context(), &cactus.Envelope{Meta: cactus.Meta{ID: "e", Type: "a.b"}})
	var p *cactus.PanicError
	require.ErrorAs(t, err, &p)
	require.Contains(t, string(p.Stack), "registry_test.go")
	require.ErrorIs(t, err, errHandler)
	require.Equal(t, cactus.OutcomeFailed, cactus.OutcomeOf(err), "whatever was in the panic")

	require.PanicsWithValue(t, http.ErrAbortHandler, func() {
		_ = r.Dispatch(t.Context(), &cactus.Envelope{Meta: cactus.Meta{ID: "e", Type: "abort"}})
	})
}

// nilError panics when it is looked at through a nil pointer.
type nilError struct{ err error }

func (e *nilError) Error() string { return e.err.Error() }
func (e *nilError) Unwrap() error { return e.err }

func TestRegistry_AnErrorThatPanicsWhenItIsLookedAtIsAPanic(t *testing.T) {
	r := &cactus.Registry{DeadLetter: func(context.Context, *cactus.Envelope, error) error { return nil }}
	r.Handle("*", func(context.Context, *cactus.RawEvent) error {
		var typedNil *nilError
		return typedNil
	})
	err := r.DispatchUnverified(t.Context(), []byte(lostThin))
	var p *cactus.PanicError
	require.ErrorAs(t, err, &p)
	require.Equal(t, cactus.OutcomeFailed, cactus.OutcomeOf(err))
}

func TestRegistry_DeadLetterTakesWhatIsPermanent(t *testing.T) {
	var letters []string
	var arrived time.Time
	var letterErr error
	r := &cactus.Registry{DeadLetter: func(_ context.Context, env *cactus.Envelope, err error) error {
		require.ErrorIs(t, err, errHandler)
		letters, arrived = append(letters, string(env.Raw)), env.ReceivedAt
		return letterErr
	}}
	result := cactus.Permanent(errHandler)
	r.Handle("*", func(context.Context, *cactus.RawEvent) error { return result })

	require.NoError(t, r.DispatchUnverified(t.Context(), []byte(lostThin)))
	require.Equal(t, []string{lostThin}, letters)
	require.WithinDuration(t, time.Now(), arrived, time.Minute)

	letterErr = errors.New("disk full")
	err := r.DispatchUnverified(t.Context(), []byte(lostThin))
	require.ErrorIs(t, err, letterErr)
	require.ErrorIs(t, err, errHandler)
	require.Equal(t, cactus.OutcomeFailed, cactus.OutcomeOf(err), "the sender must deliver it again")

	result = errHandler
	require.ErrorIs(t, r.DispatchUnverified(t.Context(), []byte(lostThin)), errHandler)
	require.Len(t, letters, 2, "a failure that is not permanent is no dead letter")

	r = &cactus.Registry{DeadLetter: func(context.Context, *cactus.Envelope, error) error { panic("oops") }}
	r.Handle("*", func(context.Context, *cactus.RawEvent) error { return cactus.Permanent(errHandler) })
	require.Equal(t, cactus.OutcomeFailed, cactus.OutcomeOf(r.DispatchUnverified(t.Context(), []byte(lostThin))))
}

func TestRegistry_DispatchIsSafeForConcurrentUse(t *testing.T) {
	f := newFetcher()
	r := &cactus.Registry{Fetcher: f}
	var handled atomic.Int32
	cactus.On(r, func(context.Context, *types.OrderShipped) error { handled.Add(1); return nil })
	cactus.On(r, func(ctx context.Context, e *types.OrderLostPushed) error {
		handled.Add(1)
		_, err := e.Pull(ctx)
		return err
	})
	var group sync.WaitGroup
	for range 50 {
		for _, body := range []string{shippedFull, shippedThin, lostThin, `{"id":"e","type":"x.y"}`} {
			group.Go(func() {
				if err := r.DispatchUnverified(t.Context(), []byte(body)); err != nil && !errors.Is(err, cactus.ErrNoHandler) {
					t.Error(err)
				}
			})
		}
		group.Go(func() { _ = r.EventTypes() })
	}
	group.Wait()
	require.EqualValues(t, 150, handled.Load())
	require.EqualValues(t, 50, r.Unhandled())
}
