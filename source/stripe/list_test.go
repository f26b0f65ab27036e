package stripe_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/source/stripe"
)

// lists are both lists.
var lists = map[string]func(*stripe.Client) cactus.Lister{
	"thin":     (*stripe.Client).ThinEvents,
	"snapshot": (*stripe.Client).SnapshotEvents,
}

// bursts returns n events of the last 20 days, a hundred of them in a few seconds
// each time, the oldest first.
func bursts(n int) []fakeEvent {
	chance := rand.New(rand.NewPCG(1, uint64(n)))
	const span = 20 * 24 * time.Hour
	begin := time.Now().Add(-span).Truncate(time.Millisecond)
	events := make([]fakeEvent, n)
	var at time.Time
	for i := range events {
		if i%100 == 0 {
			at = begin.Add(span / time.Duration(n/100+1) * time.Duration(i/100))
		}
		at = at.Add(time.Duration(chance.IntN(3)) * 40 * time.Millisecond)
		events[i] = fakeEvent{fmt.Sprint("evt_", i), "v1.a", at}
	}
	return events
}

func ids(t *testing.T, l cactus.Lister, q cactus.EventQuery) (ids []string, err error) {
	t.Helper()
	var last time.Time
	for env, err := range l.Events(t.Context(), q) {
		if err != nil {
			return ids, err
		}
		require.False(t, env.Created.Before(last), "the oldest comes first")
		last, ids = env.Created, append(ids, env.ID)
	}
	return ids, nil
}

func idsOf(events []fakeEvent) (ids []string) {
	for _, e := range events {
		ids = append(ids, e.id)
	}
	return ids
}

func TestLists_AreWholeAndTheOldestFirst(t *testing.T) {
	for name, list := range lists {
		t.Run(name, func(t *testing.T) {
			for _, n := range []int{0, 1, 101, 1500} {
				events := bursts(n)
				f := startStripe(t, events...)
				for _, upward := range []bool{false, true} {
					f.upward, f.asked = upward, nil
					for _, since := range []time.Time{{}, time.Now().Add(-25 * 24 * time.Hour)} {
						got, err := ids(t, list(f.client()), cactus.EventQuery{Since: since, Limit: 100})
						require.NoError(t, err)
						if upward { // then those of one time come in another order
							slices.Sort(got)
							require.Equal(t, slices.Sorted(slices.Values(idsOf(events))), got)
							continue
						}
						require.Equal(t, idsOf(events), got)
					}
					t.Log(n, "events,", len(f.asked)/2, "requests a walk")
					require.Less(t, len(f.asked)/2, 40+n/20)
				}
			}
		})
	}
}

func TestLists_HoldASecondWithMoreThanAPartHas(t *testing.T) {
	for name, list := range lists {
		t.Run(name, func(t *testing.T) {
			for _, at := range []time.Time{time.Now().Add(-5 * 24 * time.Hour), time.Now()} {
				events := make([]fakeEvent, 1200)
				for i := range events {
					events[i] = fakeEvent{fmt.Sprint("evt_", i), "v1.a", at}
				}
				f := startStripe(t, events...)
				got, err := ids(t, list(f.client()), cactus.EventQuery{Since: at.Add(-time.Minute), Limit: 100})
				require.NoError(t, err)
				require.Equal(t, idsOf(events), got)
			}
		})
	}
}

func TestLists_BeginAtSince(t *testing.T) {
	for name, list := range lists {
		t.Run(name, func(t *testing.T) {
			begin := time.Now().Add(-3 * time.Hour).Truncate(time.Second)
			f := startStripe(t,
				fakeEvent{"evt_0", "v1.a", begin.Add(-time.Millisecond)},
				fakeEvent{"evt_1", "v1.a", begin},
				fakeEvent{"evt_2", "v1.b", begin.Add(time.Hour)},
				fakeEvent{"evt_3", "v1.a", time.Now()},
				fakeEvent{"evt_4", "v1.a", time.Now().Add(time.Minute)}, // its clock is ahead
			)
			got, err := ids(t, list(f.client()), cactus.EventQuery{Since: begin})
			require.NoError(t, err)
			require.Equal(t, []string{"evt_1", "evt_2", "evt_3", "evt_4"}, got)
			got, err = ids(t, list(f.client()), cactus.EventQuery{Since: begin, Type: "v1.b", Limit: 7})
			require.NoError(t, err)
			require.Equal(t, []string{"evt_2"}, got)
			require.Contains(t, f.asked[len(f.asked)-1], "limit=7")
			got, err = ids(t, list(f.client()), cactus.EventQuery{Since: time.Now().Add(time.Hour)})
			require.NoError(t, err)
			require.Empty(t, got)
		})
	}
}

func TestLists_AskInStripesWords(t *testing.T) {
	f := startStripe(t)
	since := time.Now().Add(-time.Second).UTC()
	_, err := ids(t, f.client().ThinEvents(), cactus.EventQuery{Since: since, Type: "v2.core.account.created"})
	require.NoError(t, err)
	_, err = ids(t, f.client().SnapshotEvents(), cactus.EventQuery{Since: since, Type: "invoice.*"})
	require.NoError(t, err)
	require.Equal(t, []string{
		"/v2/core/events?created[gte]=" + since.Format("2006-01-02T15:04:05.000Z") + "&types[0]=v2.core.account.created",
		fmt.Sprintf("/v1/events?created[gte]=%d&limit=100&type=invoice.*", since.Unix()),
	}, f.asked)
	require.Equal(t, apiVersion, f.headers.Get("Stripe-Version"))
	require.Empty(t, f.headers.Get("Stripe-Request-Trigger"), "no event made us ask")

	forAccount := cactus.WithHeader(func(h http.Header, _ *cactus.Meta) { h.Set("Stripe-Context", "acct_7") })
	_, err = ids(t, f.client(forAccount).ThinEvents(), cactus.EventQuery{Since: since})
	require.NoError(t, err)
	require.Equal(t, "acct_7", f.headers.Get("Stripe-Context"))
}

func TestLists_EndWhenNobodyWantsMoreOrTheContextEnds(t *testing.T) {
	for name, list := range lists {
		t.Run(name, func(t *testing.T) {
			f := startStripe(t, bursts(50)...)
			l := list(f.client())
			for env := range l.Events(t.Context(), cactus.EventQuery{}) {
				require.Equal(t, "evt_0", env.ID)
				break
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			for env, err := range l.Events(ctx, cactus.EventQuery{}) {
				require.Nil(t, env)
				require.ErrorIs(t, err, context.Canceled)
			}
		})
	}
}

// A part that has a few events too many is not read again if that was all of it.
func TestLists_ReadNothingTwice(t *testing.T) {
	for name, list := range lists {
		t.Run(name, func(t *testing.T) {
			events := make([]fakeEvent, 1050)
			begin := time.Now().Add(-1050 * time.Second)
			for i := range events {
				events[i] = fakeEvent{fmt.Sprint("evt_", i), "v1.a", begin.Add(time.Duration(i) * time.Second)}
			}
			f := startStripe(t, events...)
			got, err := ids(t, list(f.client()), cactus.EventQuery{Since: events[0].at, Limit: 100})
			require.NoError(t, err)
			require.Equal(t, idsOf(events), got)
			require.Len(t, f.asked, 11)
		})
	}
}
