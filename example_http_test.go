package cactus_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/types"
)

const lost = `{"id": "evt_849", "type": "order.lost", "related_object": null}`

// send signs body as the provider does and hands it to h.
func send(h http.Handler, path, id, body string) {
	req := httptest.NewRequestWithContext(context.Background(), http.MethodPost, path, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	if err := cactustest.Scheme().Sign(req.Header, id, []byte(body), time.Now()); err != nil {
		panic(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	fmt.Println(strings.TrimSpace(fmt.Sprint(w.Code, " ", w.Body)))
}

func ExampleNewHandler() {
	verifier := signature.Must(signature.NewStandardWebhooks(
		signature.Key{Name: "2025", Secret: cactustest.Secret},
	))
	r := &cactus.Registry{Fetcher: cactustest.NewAPI(cactustest.APIKey).Client()}
	cactus.On(r, func(_ context.Context, e *types.OrderLost) error {
		fmt.Println(e.Data.LastSeenCity, "verified by", e.Key)
		return nil
	})
	mux := http.NewServeMux()
	mux.Handle("/webhooks/cactus", cactus.NewHandler(r, cactus.Thin(verifier)))

	send(mux, "/webhooks/cactus", "evt_849", lost)

	forged := httptest.NewRequest(http.MethodPost, "/webhooks/cactus", strings.NewReader(lost))
	forged.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, forged)
	fmt.Print(w.Code, " ", w.Body)
	// Output:
	// Boulder verified by 2025
	// 200
	// 401 refused
}

// One endpoint for many tenants: the URL says whose secret must have signed.
func ExamplePerRequest() {
	sources := map[string]cactus.Source{"acme": cactustest.Source()}
	src := cactus.PerRequest(func(_ context.Context, req *cactus.Request) (string, cactus.Source, error) {
		tenant := req.PathValue("tenant")
		src, ok := sources[tenant]
		if !ok {
			return "", nil, cactus.ErrNoTenant
		}
		return tenant, src, nil
	})
	var r cactus.Registry
	cactus.On(&r, func(_ context.Context, e *types.OrderLostPushed) error {
		fmt.Println("tenant", e.Tenant)
		return nil
	})
	mux := http.NewServeMux()
	mux.Handle("POST /hooks/{tenant}", cactus.NewHandler(&r, src))
	send(mux, "/hooks/acme", "evt_849", lost)
	send(mux, "/hooks/evil", "evt_849", lost)
	// Output:
	// tenant acme
	// 200
	// 404 no tenant
}

func ExampleFetcherByTenant() {
	clients := map[string]cactus.Fetcher{"acme": cactustest.NewAPI(cactustest.APIKey).Client()}
	r := &cactus.Registry{Fetcher: cactus.FetcherByTenant(func(_ context.Context, tenant string) (cactus.Fetcher, error) {
		if f, ok := clients[tenant]; ok {
			return f, nil
		}
		return nil, errors.New("no key for it")
	})}
	cactus.On(r, func(_ context.Context, e *types.OrderLost) error {
		fmt.Println(e.Data.LastSeenCity)
		return nil
	})
	for _, tenant := range []string{"acme", "other"} {
		env, _ := cactus.ParseEnvelope([]byte(lost))
		env.Tenant = tenant
		fmt.Println(r.Dispatch(context.Background(), env))
	}
	// Output:
	// Boulder
	// <nil>
	// pull event evt_849: choose fetcher for tenant "other": no key for it
}

// A delivery may have waited in a queue: it is verified as of its arrival, and
// the outcome says what becomes of the message.
func ExampleRegistry_Receive() {
	arrived := time.Date(2025, 6, 1, 10, 0, 0, 0, time.UTC)
	header := http.Header{}
	_ = cactustest.Scheme().Sign(header, "evt_849", []byte(lost), arrived)

	var r cactus.Registry
	cactus.On(&r, func(_ context.Context, e *types.OrderLostPushed) error {
		fmt.Println("arrived", e.ReceivedAt.Format(time.Kitchen))
		return cactus.ErrIgnored
	})
	for _, at := range []time.Time{arrived, time.Now()} {
		err := r.Receive(context.Background(), cactustest.Source(), cactus.NewRequest(header, []byte(lost), at))
		switch outcome := cactus.OutcomeOf(err); {
		case outcome <= cactus.OutcomeUnhandled:
			fmt.Println("acknowledge:", outcome)
		case outcome < cactus.OutcomeBusy: // no redelivery will mend it
			fmt.Println("to the dead letters:", outcome, errors.Is(err, signature.ErrTooOld))
		default:
			fmt.Println("deliver again in", cactus.WaitOf(err))
		}
	}
	// Output:
	// arrived 10:00AM
	// acknowledge: ignored
	// to the dead letters: refused true
}

// acme is the source of a made-up provider: its own header, and a body that has
// several events.
type acme struct{ verifier *signature.Template }

func (a acme) Verify(_ context.Context, req *cactus.Request) (string, error) {
	return a.verifier.Verify(req.Header, req.Body, req.ReceivedAt)
}

func (a acme) Parse(dst []cactus.Envelope, req *cactus.Request) ([]cactus.Envelope, error) {
	var items []struct {
		Number int             `json:"number"`
		Kind   string          `json:"kind"`
		Body   json.RawMessage `json:"body"`
	}
	if err := json.Unmarshal(req.Body, &items); err != nil {
		return dst, errors.New("the body must be an array of items") // no part of the body
	}
	for _, item := range items {
		dst = append(dst, cactus.Envelope{
			Meta: cactus.Meta{ID: strconv.Itoa(item.Number), Type: item.Kind},
			Data: item.Body,
		})
	}
	return dst, nil
}

// A provider of your own is two methods.
func ExampleSource() {
	verifier := signature.Must(signature.NewTemplate(signature.Format{Header: "X-Acme-Signature", Prefix: "sha256="},
		signature.Key{Secret: "a secret of sixteen bytes or more"}))
	var r cactus.Registry
	r.Handle("*", func(_ context.Context, e *cactus.RawEvent) error {
		fmt.Println(e.ID, e.Type, string(e.Data))
		return nil
	})
	body := []byte(`[{"number": 1, "kind": "door.opened", "body": "front"}, {"number": 2, "kind": "door.closed", "body": "back"}]`)
	header := http.Header{}
	_ = verifier.Sign(header, "", body, time.Now())
	fmt.Println(r.Receive(context.Background(), acme{verifier}, cactus.NewRequest(header, body, time.Now())))
	// Output:
	// 1 door.opened "front"
	// 2 door.closed "back"
	// <nil>
}

func ExampleRetrieve() {
	client := cactustest.NewAPI(cactustest.APIKey).Client()
	movie, err := cactus.Retrieve[types.Movie](context.Background(), client, "/v1/movies/mov_261")
	fmt.Println(movie.Title, err)
	_, err = cactus.Retrieve[types.Movie](context.Background(), client, "/v1/movies/mov_1")
	fmt.Println(errors.Is(err, cactus.ErrNotFound))
	// Output:
	// Kung Fu Panda <nil>
	// true
}

func ExampleClient_Events() {
	client := cactustest.NewAPI(cactustest.APIKey).Client()
	for env, err := range client.Events(context.Background(), cactus.EventQuery{Limit: 2}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(env.ID, env.Type)
	}
	// Output:
	// evt_441 order.shipped
	// evt_631 order.delivery_attempted
	// evt_849 order.lost
	// evt_509 movie.started
	// evt_606 movie.completed
}
