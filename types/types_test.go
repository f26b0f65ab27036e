package types_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/types"
)

func TestDate_ReadsAndWritesTheWire(t *testing.T) {
	var order types.Order
	require.NoError(t, json.Unmarshal([]byte(`{"id":"ord_1","created":"2025-05-09","delivery_date":""}`), &order))
	require.Equal(t, types.Date{Year: 2025, Month: time.May, Day: 9}, order.Created)
	require.True(t, order.DeliveryDate.IsZero())
	require.Equal(t, time.Date(2025, 5, 9, 0, 0, 0, 0, time.UTC), order.Created.In(time.UTC))
	body, err := json.Marshal(order)
	require.NoError(t, err)
	require.JSONEq(t, `{"id":"ord_1","created":"2025-05-09","num_items":0,"cost_cents":0,"delivery_date":""}`, string(body))

	for _, text := range []string{"2025-02-30", "2025-5-9", "yesterday", "2025-05-09T00:00:00Z"} {
		_, err := types.ParseDate(text)
		require.EqualError(t, err, "must be a date, YYYY-MM-DD")
	}
}

func FuzzParseDate(f *testing.F) {
	for _, seed := range []string{"2025-05-09", "0000-01-01", "9999-12-31", "2024-02-29", "x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := types.ParseDate(text)
		if err == nil {
			require.Equal(t, text, d.String())
		}
	})
}

// api serves Cactus Corp's database, or a status for every path.
func api(t *testing.T, status int) *types.Client {
	t.Helper()
	bodies := map[string]string{
		"/v1/events/evt_849": `{"id":"evt_849","type":"order.lost","data":{"last_seen_city":"Boulder"}}`,
		"/v1/events/evt_2":   `{"id":"evt_2","type":"foo.bar"}`,
		"/v1/orders/ord_452": `{"id":"ord_452","created":"2025-05-09","num_items":5,"cost_cents":300,"delivery_date":"2025-06-09"}`,
		"/v1/movies/mov_261": `{"id":"mov_261","title":"Kung Fu Panda","release_year":2008}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := bodies[r.URL.Path]
		switch {
		case status != http.StatusOK:
			w.WriteHeader(status)
		case !ok:
			w.WriteHeader(http.StatusNotFound)
		default:
			fmt.Fprint(w, body)
		}
	}))
	t.Cleanup(server.Close)
	return types.NewClient("key", cactus.WithBaseURL(server.URL), cactus.WithRetries(1, time.Second))
}

func TestClient_RetrievesTyped(t *testing.T) {
	c := api(t, http.StatusOK)
	event, err := c.RetrieveEvent(t.Context(), "evt_849")
	require.NoError(t, err)
	require.Equal(t, "Boulder", event.(*types.OrderLost).Data.LastSeenCity)
	event, err = c.RetrieveEvent(t.Context(), "evt_2")
	require.NoError(t, err)
	require.IsType(t, new(cactus.RawEvent), event)
	order, err := c.RetrieveOrder(t.Context(), "ord_452")
	require.NoError(t, err)
	require.Equal(t, &types.Order{
		ID: "ord_452", Created: types.Date{Year: 2025, Month: 5, Day: 9}, NumItems: 5, CostCents: 300,
		DeliveryDate: types.Date{Year: 2025, Month: 6, Day: 9},
	}, order)
	movie, err := c.RetrieveMovie(t.Context(), "mov_261")
	require.NoError(t, err)
	require.Equal(t, &types.Movie{ID: "mov_261", Title: "Kung Fu Panda", ReleaseYear: 2008}, movie)
}

func TestClient_ErrorsSayWhichIDOfWhat(t *testing.T) {
	c := api(t, http.StatusOK)
	calls := map[string]func(id string) error{
		"event": func(id string) error { _, err := c.RetrieveEvent(t.Context(), id); return err },
		"order": func(id string) error { _, err := c.RetrieveOrder(t.Context(), id); return err },
		"movie": func(id string) error { _, err := c.RetrieveMovie(t.Context(), id); return err },
	}
	for object, call := range calls {
		prefix := map[string]string{"event": "evt_", "order": "ord_", "movie": "mov_"}[object]
		for _, id := range []string{"xyz_1", "", prefix + "a/../b", prefix + "?x"} {
			err := call(id)
			var invalid *types.InvalidIDError
			require.ErrorAs(t, err, &invalid)
			require.EqualError(t, err, "unable to fetch "+object+" with invalid id: "+id)
		}
		err := call(prefix + "1")
		var missing *types.NotFoundError
		require.ErrorAs(t, err, &missing)
		require.ErrorIs(t, err, cactus.ErrNotFound)
		require.EqualError(t, err, "404: "+object+" "+prefix+"1 not found")
	}
	for status, want := range map[int]error{
		401: cactus.ErrUnauthorized, 429: cactus.ErrRateLimited, 410: cactus.ErrExpired,
	} {
		_, err := api(t, status).RetrieveOrder(t.Context(), "ord_1")
		require.ErrorIs(t, err, want)
	}
}

func TestClient_ParseV1IsGenericAndV2Typed(t *testing.T) {
	c := api(t, http.StatusOK)
	body := []byte(`{"id": "evt_849", "type": "order.lost", "related_object": null}`)
	v1, err := c.ParseEventV1(body)
	require.NoError(t, err)
	require.Equal(t, &types.GenericThinEvent{ID: "evt_849", Type: "order.lost"}, v1)
	v1, err = c.ParseEventV1([]byte(`{"id":"e","type":"t","relatedObject":{"id":"o","type":"p"}}`))
	require.NoError(t, err)
	require.Equal(t, &cactus.ObjectRef{ID: "o", Type: "p"}, v1.RelatedObject)
	_, err = c.ParseEventV1([]byte(`{"type":"some.event"}`))
	require.ErrorIs(t, err, cactus.ErrMalformed)

	v2, err := c.ParseEventV2(t.Context(), body)
	require.NoError(t, err)
	full, err := v2.(*types.OrderLostPushed).Pull(t.Context())
	require.NoError(t, err)
	require.Equal(t, "Boulder", full.Data.LastSeenCity)
	v2, err = c.ParseEventV2(t.Context(), []byte(`{"id":"e","type":"foo.bar"}`))
	require.NoError(t, err)
	require.IsType(t, new(cactus.RawEvent), v2)
}

func TestCatalogue_EveryEventPullsAndFetches(t *testing.T) {
	r := &cactus.Registry{Catalogue: types.Catalogue, Fetcher: database{}}
	var got []string
	cactus.On(r, func(ctx context.Context, e *types.OrderShippedPushed) error {
		full, order := pullBoth(ctx, t, e)
		got = append(got, fmt.Sprintf("%s %+v %s", e.ID, full.Data, order.ID))
		return nil
	})
	cactus.On(r, func(ctx context.Context, e *types.OrderDeliveryAttemptedPushed) error {
		full, order := pullBoth(ctx, t, e)
		got = append(got, fmt.Sprintf("%s %+v %s", e.ID, full.Data, order.ID))
		return nil
	})
	cactus.On(r, func(ctx context.Context, e *types.OrderLostPushed) error {
		full, err := e.Pull(ctx)
		got = append(got, fmt.Sprintf("%s %+v -", e.ID, full.Data))
		return err
	})
	cactus.On(r, func(ctx context.Context, e *types.MovieStartedPushed) error {
		full, movie := pullBoth(ctx, t, e)
		got = append(got, fmt.Sprintf("%s %+v %s", e.ID, full.Data, movie.Title))
		return nil
	})
	cactus.On(r, func(ctx context.Context, e *types.MovieCompletedPushed) error {
		full, movie := pullBoth(ctx, t, e)
		got = append(got, fmt.Sprintf("%s %+v %s", e.ID, full.Data, movie.Title))
		return nil
	})
	require.Equal(t, types.Catalogue.Types(), r.EventTypes())
	for _, body := range []string{
		`{"id": "evt_441", "type": "order.shipped", "related_object": {"id": "ord_452", "type": "order"}}`,
		`{"id": "evt_631", "type": "order.delivery_attempted", "related_object": {"id": "ord_452", "type": "order"}}`,
		`{"id": "evt_849", "type": "order.lost", "related_object": null}`,
		`{"id": "evt_509", "type": "movie.started", "related_object": {"id": "mov_261", "type": "movie"}}`,
		`{"id": "evt_606", "type": "movie.completed", "related_object": {"id": "mov_261", "type": "movie"}}`,
	} {
		require.NoError(t, r.DispatchUnverified(t.Context(), []byte(body)))
	}
	require.Equal(t, []string{
		"evt_441 {ShippingService:usps} ord_452",
		"evt_631 {Success:true AttemptNum:2 DeliveryLocation:front porch} ord_452",
		"evt_849 {LastSeenCity:Boulder} -",
		"evt_509 {Date:2025-06-01} Kung Fu Panda",
		"evt_606 {User:usr_223 Rating:4} Kung Fu Panda",
	}, got)
}

// fetching is an event that has a related object O.
type fetching[O any] interface {
	FetchRelatedObject(ctx context.Context) (*O, error)
}

// pullBoth pulls e and fetches its object, from the thin and the full event.
func pullBoth[F, O any](ctx context.Context, t *testing.T, e interface {
	fetching[O]
	Pull(ctx context.Context) (*F, error)
},
) (*F, *O) {
	t.Helper()
	full, err := e.Pull(ctx)
	require.NoError(t, err)
	object, err := e.FetchRelatedObject(ctx)
	require.NoError(t, err)
	again, err := any(full).(fetching[O]).FetchRelatedObject(ctx)
	require.NoError(t, err)
	require.Equal(t, object, again)
	return full, object
}

// database is Cactus Corp's, in memory.
type database struct{}

func (database) FetchEvent(_ context.Context, m *cactus.Meta) (*cactus.Envelope, error) {
	data := map[string]string{
		"evt_441": `{"shipping_service":"usps"}`,
		"evt_631": `{"success":true,"attempt_num":2,"delivery_location":"front porch"}`,
		"evt_849": `{"last_seen_city":"Boulder"}`,
		"evt_509": `{"date":"2025-06-01"}`,
		"evt_606": `{"user":"usr_223","rating":4}`,
	}[m.ID]
	return cactus.ParseEnvelope(fmt.Appendf(nil, `{"id":%q,"type":%q,"data":%s}`, m.ID, m.Type, data))
}

func (database) FetchObject(_ context.Context, _ *cactus.Meta, ref cactus.ObjectRef) ([]byte, error) {
	if ref.Type == "order" {
		return []byte(`{"id":"ord_452","created":"2025-05-09","num_items":5,"cost_cents":300,"delivery_date":"2025-06-09"}`), nil
	}
	return []byte(`{"id":"mov_261","title":"Kung Fu Panda","release_year":2008}`), nil
}
