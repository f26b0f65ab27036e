package eventgrid_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/source/eventbridge"
	"github.com/cactuscorp/cactus/source/eventgrid"
	"github.com/cactuscorp/cactus/source/stripe"
)

type account struct {
	Name string `json:"name" validate:"required"`
}

func (account) ObjectType() string { return "v2.core.account" }

type accountUpdated struct {
	cactus.Full[struct {
		Why string `json:"why" validate:"required"`
	}]
	cactus.Related[account]
}

func (accountUpdated) EventType() string { return "v2.core.account.updated" }

type accountUpdatedPushed struct {
	cactus.Pushed[accountUpdated]
	cactus.Related[account]

	Livemode bool `json:"livemode"`
}

const thinEvent = `{"id":"evt_2","object":"v2.core.event","type":"v2.core.account.updated","livemode":true,` +
	`"created":"2025-06-04T01:20:00Z","context":"acct_7",` +
	`"related_object":{"id":"acct_9","type":"v2.core.account","url":"/v2/core/accounts/acct_9"}}`

// One registry, with typed handlers for a thin and for a snapshot event, is
// delivered both kinds in every way that there is. What handlers see, and what
// Stripe's API is asked for, must be the same each time.
func TestHandlersSeeTheSameWhicheverWayAnEventCame(t *testing.T) {
	var asked []string
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path+" "+r.Header.Get("Stripe-Context")+" "+r.Header.Get("Stripe-Request-Trigger"))
		switch r.URL.Path {
		case "/v2/core/events/evt_2":
			fmt.Fprint(w, strings.TrimSuffix(thinEvent, "}")+`,"data":{"why":"growth"}}`)
		default:
			fmt.Fprint(w, `{"name":"Saguaro"}`)
		}
	}))
	defer api.Close()

	var seen []string
	r := &cactus.Registry{Fetcher: stripe.NewClient("sk_test_key", "2025-12-15.clover", cactus.WithBaseURL(api.URL))}
	cactus.On(r, func(ctx context.Context, e *accountUpdatedPushed) error {
		full, err := e.Pull(ctx)
		if err != nil {
			return err
		}
		related, err := full.FetchRelatedObject(ctx)
		if err != nil {
			return err
		}
		seen = append(seen, fmt.Sprint(e.ID, e.Type, e.Created, e.Context, e.DedupeID, e.RelatedObject, e.Livemode, full.Data.Why, related.Name))
		return nil
	})
	cactus.On(r, func(ctx context.Context, e *customerCreated) error {
		now, err := e.FetchRelatedObject(ctx)
		if err != nil {
			return err
		}
		seen = append(seen, fmt.Sprint(e.ID, e.Type, e.Created, e.Context, e.DedupeID, e.RelatedObject, e.Livemode, e.Data.Object.Name, now.Name))
		return nil
	})

	secret := signature.Must(signature.NewStripe(signature.Key{Secret: "whsec_test_secret"}))
	direct := stripe.Either(secret)
	bridge := eventbridge.New(token(), eventbridge.WithSources("aws.partner/stripe.com/"), eventbridge.WithInner(stripe.Inner()))
	grid := eventgrid.New(token(), eventgrid.WithInner(stripe.Inner()))
	for _, event := range []string{stripeEvent, thinEvent} {
		seen, asked = nil, nil
		for _, way := range []struct {
			source            cactus.Source
			contentType, body string
		}{
			{direct, "application/json", event},
			{bridge, "application/json", `{"version":"0","id":"17e8dff5-d6cd-3770-ace9-aeac02b6ac3f","detail-type":"x","source":"aws.partner/stripe.com/ed_1",` +
				`"account":"506417113029","time":"2024-03-07T18:27:56Z","region":"us-west-2","resources":[],"detail":` + event + `}`},
			{grid, "application/json", `[{"id":"1","topic":"/t","subject":"s","eventType":"x","eventTime":"2024-03-07T18:27:56Z","data":` + event + `}]`},
			{grid, "application/cloudevents+json", `{"specversion":"1.0","id":"1","source":"/s","type":"x","data":` + event + `}`},
		} {
			req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(way.body))
			req.Header.Set("Content-Type", way.contentType)
			require.NoError(t, secret.Sign(req.Header, "", []byte(way.body), time.Now()))
			require.NoError(t, token().Sign(req.Header, "", nil, time.Now()))
			w := httptest.NewRecorder()
			cactus.NewHandler(r, way.source).ServeHTTP(w, req)
			require.Equal(t, http.StatusOK, w.Code, w.Body)
		}
		require.Len(t, seen, 4)
		pulls := len(asked) / 4
		require.Positive(t, pulls)
		for i := range seen {
			require.Equal(t, seen[0], seen[i])
			require.Equal(t, asked[:pulls], asked[i*pulls:(i+1)*pulls])
		}
	}
}
