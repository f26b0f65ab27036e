package stripe_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
)

func TestLists_AnAnswerThatIsNoListIsAnError(t *testing.T) {
	now := time.Now()
	for want, answer := range map[string]string{
		`field "data": is missing`:              `{"has_more":false,"next_page_url":null}`,
		`field "data": must be an array`:        `{"data":null,"has_more":false,"next_page_url":null}`,
		`field "data": is there twice`:          `{"data":[],"data":[],"has_more":false,"next_page_url":null}`,
		`must be a JSON object`:                 `[]`,
		`body: unexpected end`:                  `{"data":[`,
		`event 1 of a page: body: must be`:      `{"data":[null],"has_more":false,"next_page_url":null}`,
		`event 1 of a page: field "object"`:     `{"data":[{"id":"evt_1","object":"invoice","type":"a"}],"has_more":false,"next_page_url":null}`,
		`the API's answer is longer than the l`: `{"data":[],"more":"` + strings.Repeat("x", 1<<15) + `","has_more":false,"next_page_url":null}`,
	} {
		for name, list := range lists {
			t.Run(name, func(t *testing.T) {
				f := startStripe(t)
				f.instead = func(int, any) any { return answer }
				got, err := ids(t, list(f.client(cactus.WithMaxResponse(1<<14))), cactus.EventQuery{Since: now})
				require.ErrorContains(t, err, "list of events: ")
				require.ErrorContains(t, err, want)
				require.NotErrorIs(t, err, cactus.ErrMalformed)
				require.Empty(t, got)
			})
		}
	}
	for want, answer := range map[string]string{
		`field "has_more": is missing`:         `{"data":[]}`,
		`field "has_more": must be`:            `{"data":[],"has_more":1}`,
		`field "has_more": is true behind`:     `{"data":[],"has_more":true}`,
		`field "has_more": is there twice`:     `{"data":[],"has_more":true,"has_more":false}`,
		`this is a thin event`:                 `{"data":[` + body + `],"has_more":false}`,
		`evt_1 was created outside of the ti`:  `{"data":[` + snapshotBody + `],"has_more":false}`,
		`event evt_1: field "created": is mis`: `{"data":[` + strings.Replace(snapshotBody, "1749000000", "null", 1) + `],"has_more":false}`,
	} {
		f := startStripe(t)
		f.instead = func(int, any) any { return answer }
		_, err := ids(t, f.client().SnapshotEvents(), cactus.EventQuery{Since: now})
		require.ErrorContains(t, err, want)
	}
	for want, answer := range map[string]string{
		`field "next_page_url": is missing`:      `{"data":[]}`,
		`field "next_page_url": must be a str`:   `{"data":[],"next_page_url":7}`,
		`field "next_page_url": must be a URL`:   `{"data":[],"next_page_url":"/v1/events?page=a"}`,
		`field "next_page_url": is there twice`:  `{"data":[],"next_page_url":null,"next_page_url":null}`,
		`this is a snapshot event`:               `{"data":[` + snapshotBody + `],"next_page_url":null}`,
		`evt_123 was created outside of the ti`:  `{"data":[` + body + `],"next_page_url":null}`,
		`event 1 of a page: field "object": mus`: `{"data":[{"id":"evt_1","type":"v1.a"}],"next_page_url":null}`,
	} {
		f := startStripe(t)
		f.instead = func(int, any) any { return answer }
		_, err := ids(t, f.client().ThinEvents(), cactus.EventQuery{Since: now})
		require.ErrorContains(t, err, want)
	}
}

// Versions of Stripe's API before 2025-12-15 do not filter thin events by created.
func TestThinEvents_AnAPIThatDoesNotKnowTheFilterIsAnError(t *testing.T) {
	f := startStripe(t, bursts(50)...)
	f.unsifted = true
	_, err := ids(t, f.client().ThinEvents(), cactus.EventQuery{Since: time.Now().Add(-time.Hour)})
	require.ErrorContains(t, err, "does the API version know the filter by created?")
}

func TestLists_AFailureInTheMiddleEndsTheWalkWithAnError(t *testing.T) {
	for name, list := range lists {
		t.Run(name, func(t *testing.T) {
			f := startStripe(t, bursts(300)...)
			f.most = 10
			f.instead = func(page int, answer any) any {
				if page == 20 {
					return "<html>"
				}
				return answer
			}
			var r cactus.Registry
			p, err := r.Backfill(t.Context(), list(f.client()), time.Time{})
			require.ErrorContains(t, err, "backfill: list of events: body: ")
			require.Less(t, p.Seen, 300)
		})
	}
}

func TestLists_DoNotGoRoundInCircles(t *testing.T) {
	now := time.Now()
	f := startStripe(t)
	f.instead = func(page int, _ any) any {
		e := fakeEvent{fmt.Sprint("evt_", page%3), "v1.a", now}.json(false)
		return map[string]any{"data": []any{e}, "has_more": true}
	}
	_, err := ids(t, f.client().SnapshotEvents(), cactus.EventQuery{Since: now})
	require.ErrorContains(t, err, "the pages go round in circles")

	f.asked = nil
	f.instead = func(page int, _ any) any {
		return map[string]any{"data": []any{}, "next_page_url": fmt.Sprint("/v2/core/events?page=", page%3)}
	}
	_, err = ids(t, f.client().ThinEvents(), cactus.EventQuery{Since: now})
	require.ErrorContains(t, err, "the pages go round in circles")
	require.Len(t, f.asked, 4)
}

// The key must not follow a next_page_url to a stranger.
func TestThinEvents_StayOnTheConfiguredHost(t *testing.T) {
	stranger := startStripe(t)
	for _, at := range []string{stranger.URL, strings.Replace(stranger.URL, "http:", "", 1), "https://user:pass@api.stripe.com"} {
		f := startStripe(t, bursts(30)...)
		f.instead = func(_ int, answer any) any {
			p := answer.(map[string]any)
			if next, ok := p["next_page_url"].(string); ok {
				p["next_page_url"] = at + next
			}
			return p
		}
		got, err := ids(t, f.client().ThinEvents(), cactus.EventQuery{Limit: 3})
		require.NoError(t, err)
		require.Len(t, got, 30)
	}
	require.Empty(t, stranger.asked)
}
