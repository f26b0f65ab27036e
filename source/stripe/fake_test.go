package stripe_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/source/stripe"
)

// apiVersion is one in which Stripe filters thin events by created.
const apiVersion = "2025-12-15.clover"

// fakeEvent is an event that the fake lists.
type fakeEvent struct {
	id, typ string
	at      time.Time
}

// fakeStripe plays the two lists of Stripe's API, newest first, and answers 404
// to all else.
type fakeStripe struct {
	*httptest.Server

	mu       sync.Mutex
	events   []fakeEvent
	most     int                                    // events a page, whatever is asked for; 0: what is asked for
	upward   bool                                   // the thin list has the oldest first
	unsifted bool                                   // does not know created
	instead  func(page int, answer any) (other any) // nil: the answer
	asked    []string                               // paths and queries, decoded
	headers  http.Header                            // of the last request
	during   func(f *fakeStripe, path string)       // called before each answer
}

// newStripe returns one that is to be closed, and startStripe one that the test
// closes.
func newStripe(events ...fakeEvent) *fakeStripe {
	f := &fakeStripe{events: events}
	f.Server = httptest.NewServer(f)
	return f
}

func startStripe(t *testing.T, events ...fakeEvent) *fakeStripe {
	t.Helper()
	f := newStripe(events...)
	t.Cleanup(f.Close)
	return f
}

func (f *fakeStripe) client(opts ...cactus.ClientOption) *stripe.Client {
	return stripe.NewClient("sk_test_key", apiVersion, append([]cactus.ClientOption{cactus.WithBaseURL(f.URL)}, opts...)...)
}

func (f *fakeStripe) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	query, _ := url.QueryUnescape(r.URL.RawQuery)
	f.asked, f.headers = append(f.asked, strings.TrimSuffix(r.URL.Path+"?"+query, "?")), r.Header
	if f.during != nil {
		f.during(f, r.URL.Path)
	}
	var answer any
	thin := strings.HasPrefix(r.URL.Path, "/v2/core/events")
	switch path, id, _ := strings.Cut(strings.Replace(r.URL.Path, "events/", "events ", 1), " "); {
	case path == "/v2/core/events" && id == "":
		answer = f.thinPage(r.URL.Query())
	case path == "/v1/events" && id == "":
		answer = f.snapshotPage(r.URL.Query())
	default:
		i := slices.IndexFunc(f.events, func(e fakeEvent) bool { return e.id == id })
		if i < 0 {
			http.Error(w, `{"error":{"code":"resource_missing","message":"No such event"}}`, http.StatusNotFound)
			return
		}
		answer = f.events[i].json(thin)
	}
	if f.instead != nil {
		answer = f.instead(len(f.asked), answer)
	}
	text, ok := answer.(string)
	if !ok {
		encoded, err := json.Marshal(answer)
		if err != nil {
			panic(err)
		}
		text = string(encoded)
	}
	fmt.Fprint(w, text)
}

func (e fakeEvent) json(thin bool) map[string]any {
	if thin {
		return map[string]any{
			"id": e.id, "object": "v2.core.event", "type": e.typ, "created": e.at.UTC().Format("2006-01-02T15:04:05.000Z"),
			"livemode": false, "context": nil, "data": nil, "reason": nil,
			"related_object": map[string]any{"id": "mtr_1", "type": "billing.meter", "url": "/v1/billing/meters/mtr_1"},
		}
	}
	return map[string]any{
		"id": e.id, "object": "event", "type": e.typ, "created": e.at.Unix(), "api_version": "2023-10-16",
		"data": map[string]any{"object": map[string]any{"id": "in_5", "object": "invoice", "status": "paid"}},
	}
}

// sifted returns the events that query selects, newest first.
func (f *fakeStripe) sifted(query url.Values, typeKey string, parse func(string) time.Time) []fakeEvent {
	var list []fakeEvent
	for _, e := range f.events {
		from, to := query.Get("created[gte]"), query.Get("created[lt]")
		switch {
		case query.Get(typeKey) != "" && query.Get(typeKey) != e.typ:
		case !f.unsifted && from != "" && e.at.Before(parse(from)):
		case !f.unsifted && to != "" && !e.at.Before(parse(to)):
		default:
			list = append(list, e)
		}
	}
	slices.Reverse(list)
	slices.SortStableFunc(list, func(a, b fakeEvent) int { return b.at.Compare(a.at) })
	return list
}

func (f *fakeStripe) page(list []fakeEvent, begin int, query url.Values, thin bool) (data []any, end int) {
	limit := f.most
	if limit == 0 {
		limit = 10
		if n, err := strconv.Atoi(query.Get("limit")); err == nil {
			limit = n
		}
	}
	end = min(begin+limit, len(list))
	data = make([]any, 0, end-begin)
	for _, e := range list[begin:end] {
		data = append(data, e.json(thin))
	}
	return data, end
}

func (f *fakeStripe) snapshotPage(query url.Values) any {
	list := f.sifted(query, "type", func(s string) time.Time {
		seconds, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			panic(err)
		}
		return time.Unix(seconds, 0)
	})
	begin := 0
	if after := query.Get("starting_after"); after != "" {
		begin = 1 + slices.IndexFunc(list, func(e fakeEvent) bool { return e.id == after })
	}
	data, end := f.page(list, begin, query, false)
	return map[string]any{"object": "list", "url": "/v1/events", "data": data, "has_more": end < len(list)}
}

func (f *fakeStripe) thinPage(query url.Values) any {
	list := f.sifted(query, "types[0]", func(s string) time.Time {
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			panic(err)
		}
		return at
	})
	if f.upward {
		slices.Reverse(list)
	}
	token, _ := base64.URLEncoding.DecodeString(query.Get("page"))
	begin, _ := strconv.Atoi(string(token))
	data, end := f.page(list, begin, query, true)
	answer := map[string]any{"data": data, "previous_page_url": nil, "next_page_url": nil}
	if end < len(list) {
		query.Set("page", base64.URLEncoding.EncodeToString([]byte(strconv.Itoa(end))))
		answer["next_page_url"] = "/v2/core/events?" + query.Encode()
	}
	return answer
}
