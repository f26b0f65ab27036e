package cactustest_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/types"
)

// ask sends a request with the right key straight to api.
func ask(t *testing.T, api *cactustest.API, method, target string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), method, target, http.NoBody)
	req.Header.Set("Authorization", "Bearer key")
	w := httptest.NewRecorder()
	api.ServeHTTP(w, req)
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	return w
}

func TestAPI_HasTheFiveEventsAndTheirObjects(t *testing.T) {
	api := cactustest.NewAPI("key")
	for path, want := range map[string]string{
		"/v1/events/evt_441": `{"id":"evt_441","type":"order.shipped","related_object":{"id":"ord_452","type":"order"},"data":{"shipping_service":"usps"}}`,
		"/v1/events/evt_631": `{"id":"evt_631","type":"order.delivery_attempted","related_object":{"id":"ord_452","type":"order"},"data":{"success":true,"attempt_num":2,"delivery_location":"front porch"}}`,
		"/v1/events/evt_849": `{"id":"evt_849","type":"order.lost","data":{"last_seen_city":"Boulder"}}`,
		"/v1/events/evt_509": `{"id":"evt_509","type":"movie.started","related_object":{"id":"mov_261","type":"movie"},"data":{"date":"2025-06-01"}}`,
		"/v1/events/evt_606": `{"id":"evt_606","type":"movie.completed","related_object":{"id":"mov_261","type":"movie"},"data":{"user":"usr_223","rating":4}}`,
		"/v1/orders/ord_452": `{"id":"ord_452","created":"2025-05-09","num_items":5,"cost_cents":300,"delivery_date":"2025-06-09"}`,
		"/v1/movies/mov_261": `{"id":"mov_261","title":"Kung Fu Panda","release_year":2008}`,
	} {
		w := ask(t, api, http.MethodGet, path)
		require.Equal(t, http.StatusOK, w.Code, path)
		require.JSONEq(t, want, w.Body.String(), path)
	}
}

func TestAPI_WritesErrorsAsJSON(t *testing.T) {
	api := cactustest.NewAPI("key")
	tests := []struct {
		method, target string
		status         int
		want           string
	}{
		{"GET", "/v1/events/evt_1", 404, `{"error":{"code":"not_found","message":"event evt_1 not found"}}`},
		{"GET", "/v1/orders/ord_1", 404, `{"error":{"code":"not_found","message":"order ord_1 not found"}}`},
		{"GET", "/v1/orders", 404, `{"error":{"code":"not_found","message":"there is nothing at this path"}}`},
		{"GET", "/", 404, `{"error":{"code":"not_found","message":"there is nothing at this path"}}`},
		{"POST", "/v1/events/evt_441", 405, `{"error":{"code":"method_not_allowed","message":"only GET is allowed"}}`},
		{"GET", "/v1/events?limit=0", 400, `{"error":{"code":"invalid_request","message":"limit must be a number from 1 to 100"}}`},
		{"GET", "/v1/events?limit=101", 400, `{"error":{"code":"invalid_request","message":"limit must be a number from 1 to 100"}}`},
		{"GET", "/v1/events?limit=x", 400, `{"error":{"code":"invalid_request","message":"limit must be a number from 1 to 100"}}`},
		{"GET", "/v1/events?since=x", 400, `{"error":{"code":"invalid_request","message":"since must be a time as RFC 3339 writes it"}}`},
		{"GET", "/v1/events?after=x", 400, `{"error":{"code":"invalid_request","message":"after must be the id of an event"}}`},
	}
	for _, tt := range tests {
		w := ask(t, api, tt.method, tt.target)
		require.Equal(t, tt.status, w.Code, tt.target)
		require.JSONEq(t, tt.want, w.Body.String())
		require.Equal(t, tt.status == 405, w.Header().Get("Allow") == "GET")
	}
}

func TestAPI_RefusesAnotherKeyAndRecordsNoKey(t *testing.T) {
	api := cactustest.NewAPI("key")
	client := cactus.NewClient("other", cactus.WithBaseURL("http://api"), cactus.WithHTTPClient(direct(api)))
	_, err := client.Get(t.Context(), "/v1/events/evt_441?x=1")
	require.ErrorIs(t, err, cactus.ErrUnauthorized)

	requests := api.Requests()
	require.Len(t, requests, 1)
	require.Equal(t, http.StatusUnauthorized, requests[0].Status)
	require.Equal(t, "1", requests[0].Query.Get("x"))
	require.NotEmpty(t, requests[0].Header.Get("User-Agent"))
	require.Empty(t, requests[0].Header.Get("Authorization"))
}

// direct returns an HTTP client whose network is h.
func direct(h http.Handler) *http.Client {
	return &http.Client{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		return w.Result(), nil
	})}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func TestAPI_ListsEventsPageByPage(t *testing.T) {
	api := cactustest.NewAPI("key")
	noon := time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)
	for id, created := range map[string]time.Time{"evt_morning": noon.Add(-time.Hour), "evt_noon": noon} {
		e := cactus.New[types.OrderLost](id)
		e.Created = created
		api.AddEvent(e)
	}
	tests := []struct {
		query cactus.EventQuery
		want  []string
	}{
		{cactus.EventQuery{Type: "movie.started"}, []string{"evt_509"}},
		{cactus.EventQuery{Type: "movie.paused"}, nil},
		{cactus.EventQuery{Since: noon}, []string{"evt_noon"}},
		{cactus.EventQuery{Since: noon.Add(1)}, nil},
		{cactus.EventQuery{Since: noon.Add(-time.Hour).In(time.FixedZone("", 3600)), Type: "order.lost", Limit: 1}, nil},
	}
	tests[4].want = listed(t, api, cactus.EventQuery{Since: noon.Add(-time.Hour)})
	require.ElementsMatch(t, []string{"evt_morning", "evt_noon"}, tests[4].want)
	for _, tt := range tests {
		require.Equal(t, tt.want, listed(t, api, tt.query))
	}
	seeded := []string{"evt_441", "evt_631", "evt_849", "evt_509", "evt_606"}
	for limit := range 9 {
		require.Equal(t, seeded, listed(t, api, cactus.EventQuery{Limit: limit})[:5])
		require.Equal(t, seeded[2:], listed(t, api, cactus.EventQuery{Limit: limit, After: "evt_631"})[:3])
	}
	require.JSONEq(t, `{"data":[],"next":""}`, ask(t, api, http.MethodGet, "/v1/events?type=x").Body.String())
}

func listed(t *testing.T, api *cactustest.API, q cactus.EventQuery) []string {
	t.Helper()
	var ids []string
	for env, err := range api.Client().Events(t.Context(), q) {
		require.NoError(t, err)
		ids = append(ids, env.ID)
	}
	return ids
}

func TestAPI_AddReplaces(t *testing.T) {
	api := cactustest.NewAPI("key")
	client := api.Client()

	lost := cactus.New[types.OrderLost]("evt_849")
	lost.Data.LastSeenCity = "Denver"
	api.AddEvent(lost)
	e, err := client.RetrieveEvent(t.Context(), "evt_849")
	require.NoError(t, err)
	require.IsType(t, lost, e)
	require.Equal(t, "Denver", e.(*types.OrderLost).Data.LastSeenCity)
	require.Len(t, listed(t, api, cactus.EventQuery{}), 5)

	api.AddObject(cactus.ObjectRef{ID: "ord_452", Type: "order"}, types.Order{ID: "ord_452", NumItems: 7})
	order, err := client.RetrieveOrder(t.Context(), "ord_452")
	require.NoError(t, err)
	require.Equal(t, 7, order.NumItems)

	api.AddObject(cactus.ObjectRef{URL: "/v2/parcels/a%20b?expand=all"}, json.RawMessage(`{"n": 1}`))
	body, err := client.Get(t.Context(), "/v2/parcels/a%20b?expand=all")
	require.NoError(t, err)
	require.JSONEq(t, `{"n":1}`, string(body))

	api.AddObject(cactus.ObjectRef{URL: "/v1/events/evt_849"}, []byte(`{broken`))
	_, err = client.RetrieveEvent(t.Context(), "evt_849")
	require.ErrorContains(t, err, "the API's answer")
}

func TestAPI_AddPanicsOnWhatCannotBeAnswered(t *testing.T) {
	api := cactustest.NewAPI("key")
	require.Panics(t, func() { api.AddEvent(cactus.New[types.OrderLost]("")) })
	require.Panics(t, func() { api.AddObject(cactus.ObjectRef{}, func() {}) })
}

func TestAPI_FailsAsOftenAsToldWithRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := cactustest.NewAPI("key")
		api.Fail(2, http.StatusServiceUnavailable, 1500*time.Millisecond)

		start := time.Now()
		_, err := api.Client().RetrieveOrder(t.Context(), "ord_452")
		require.NoError(t, err)
		require.Equal(t, 4*time.Second, time.Since(start), "Retry-After is in whole seconds")
		requests := api.Requests()
		require.Equal(t, []int{503, 503, 200}, []int{requests[0].Status, requests[1].Status, requests[2].Status})

		api.Fail(-1, http.StatusTooManyRequests, 0)
		for range 9 {
			_, err = api.Client().RetrieveOrder(t.Context(), "ord_452")
			var answer *cactus.APIError
			require.ErrorAs(t, err, &answer)
			require.Equal(t, cactus.APIError{Status: 429, Code: "too_many_requests", Message: "the test wanted this to fail"}, *answer)
		}
		api.Fail(0, 0, 0)
		_, err = api.Client().RetrieveOrder(t.Context(), "ord_452")
		require.NoError(t, err)
	})
}

func TestAPI_ClientEndsWithItsContext(t *testing.T) {
	api := cactustest.NewAPI("key")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := api.Client().RetrieveOrder(ctx, "ord_452")
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, api.Requests())
}

func TestAPI_FailClosesTheConnection(t *testing.T) {
	s := cactustest.NewServer(t)
	s.Fail(-1, 0, 0)
	for _, client := range []*types.Client{
		s.Client(cactus.WithRetries(1, time.Minute)),
		s.API.Client(cactus.WithRetries(1, time.Minute)),
	} {
		_, err := client.RetrieveOrder(t.Context(), "ord_452")
		require.Error(t, err)
		require.NotErrorIs(t, err, cactus.ErrNotFound)
	}
	require.Equal(t, 0, s.Requests()[0].Status)

	_, err := s.API.Client(cactus.WithRetries(1, time.Minute)).RetrieveOrder(t.Context(), "ord_452")
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func TestServer_AnswersOverHTTPUntilTheTestEnds(t *testing.T) {
	var s *cactustest.Server
	t.Run("while it runs", func(t *testing.T) {
		s = cactustest.NewServer(t)
		movie, err := s.Client().RetrieveMovie(t.Context(), "mov_261")
		require.NoError(t, err)
		require.Equal(t, types.Movie{ID: "mov_261", Title: "Kung Fu Panda", ReleaseYear: 2008}, *movie)
	})
	_, err := s.Client(cactus.WithRetries(1, time.Minute)).RetrieveMovie(t.Context(), "mov_261")
	require.Error(t, err)
}

func TestAPI_IsSafeForConcurrentUse(t *testing.T) {
	api := cactustest.NewAPI("key")
	client := api.Client()
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			_, err := client.RetrieveOrder(t.Context(), "ord_452")
			require.NoError(t, err)
		})
		group.Go(func() {
			api.AddEvent(cactus.New[types.OrderLost]("evt_1"))
			api.AddObject(cactus.ObjectRef{ID: "ord_1", Type: "order"}, types.Order{ID: "ord_1"})
			api.Fail(0, 0, 0)
			_ = api.Requests()
		})
	}
	group.Wait()
	require.Len(t, api.Requests(), 8)
}

func FuzzAPI_AnswersAnyRequestWithJSON(f *testing.F) {
	f.Add("/v1/events", "type=order.lost&since=2025-06-01T12:00:00Z&after=evt_441&limit=2")
	f.Add("/v1/events/evt_441", "")
	f.Add("/v1/orders/\x00\"\xff", "limit=-1")
	api := cactustest.NewAPI("key")
	f.Fuzz(func(t *testing.T, path, query string) {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		req.URL.Path, req.URL.RawQuery = path, query
		req.Header.Set("Authorization", "Bearer key")
		w := httptest.NewRecorder()
		api.ServeHTTP(w, req)
		require.Contains(t, []int{http.StatusOK, http.StatusBadRequest, http.StatusNotFound}, w.Code)
		require.True(t, json.Valid(w.Body.Bytes()), w.Body.String())
	})
}
