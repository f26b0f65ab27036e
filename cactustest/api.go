package cactustest

import (
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cactuscorp/cactus"
)

// API is a fake of Cactus Corp's API, an [http.Handler] that any server can
// serve:
//
//	GET /v1/events/{id}
//	GET /v1/orders/{id}
//	GET /v1/movies/{id}
//	GET /v1/events?type&since&after&limit -> {"data": [...], "next": "..."}
//
// It asks for a bearer key (401 without), takes GET alone (405) and writes its
// errors as {"error": {"code", "message"}}.
//
// The list has the events in the order in which they were added, a page of 20
// unless limit says otherwise, at most 100. An event without a creation time,
// which the seeded ones are, is not in a list with since. Next is the cursor to
// pass as after, and empty on the last page.
//
// An API is made with [NewAPI] and is safe for concurrent use.
type API struct {
	key string

	mu       sync.Mutex
	events   []storedEvent
	objects  map[string][]byte // by path
	outage   outage
	requests []Request
}

type storedEvent struct {
	id, eventType string
	created       time.Time
	body          json.RawMessage
}

// outage is what Fail has announced.
type outage struct {
	left   int // negative: no end
	status int
	after  time.Duration
}

// Request is a request that an [API] has answered.
type Request struct {
	Method string
	Path   string
	Query  url.Values
	Header http.Header // without the key
	Status int         // of the answer; 0: the connection was closed instead
}

// NewAPI returns an API that accepts the given key and has Cactus Corp's five
// events, see [FullBodies], and the order and the movie that they are about.
func NewAPI(apiKey string) *API {
	a := &API{key: apiKey, objects: make(map[string][]byte)}
	for _, body := range FullBodies() {
		a.addEvent(body)
	}
	for ref, body := range objectFixtures {
		a.objects[pathOf(ref)] = []byte(body)
	}
	return a
}

// AddEvent adds an event as [cactus.Marshal] writes it, in place of the one with
// its id if there is one. An event without data is answered without.
//
// It panics if the event cannot be marshalled.
func (a *API) AddEvent(e cactus.Event) {
	body, err := cactus.Marshal(e)
	if err != nil {
		panic("cactustest: AddEvent: " + err.Error())
	}
	a.addEvent(body)
}

func (a *API) addEvent(body []byte) {
	env, err := cactus.ParseEnvelope(body)
	if err != nil {
		panic("cactustest: AddEvent: " + err.Error())
	}
	stored := storedEvent{id: env.ID, eventType: env.Type, created: env.Created, body: body}
	a.mu.Lock()
	defer a.mu.Unlock()
	if i := a.indexOf(env.ID); i >= 0 {
		a.events[i] = stored
		return
	}
	a.events = append(a.events, stored)
}

// AddObject adds an object, or replaces it, where a [cactus.Client] looks for
// it: at the path of ref's URL if it has one, and otherwise at
// /v1/{type}s/{id}. With an ObjectRef of a URL alone it can answer any request,
// even one for an event.
//
// The object is anything that encoding/json writes; a []byte is answered as it
// is. AddObject panics if the object cannot be marshalled.
func (a *API) AddObject(ref cactus.ObjectRef, object any) {
	body, ok := object.([]byte)
	if !ok {
		var err error
		if body, err = json.Marshal(object); err != nil {
			panic("cactustest: AddObject: " + err.Error())
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.objects[pathOf(ref)] = slices.Clone(body)
}

func pathOf(ref cactus.ObjectRef) string {
	if u, err := url.Parse(ref.URL); err == nil && ref.URL != "" {
		return u.Path
	}
	return "/v1/" + ref.Type + "s/" + ref.ID
}

// Fail has the next n requests answered with status, whatever they ask for, and
// with retryAfter in whole seconds, rounded up, unless that is zero. A negative
// n fails all until the next call of Fail, and zero ends an outage.
//
// The status 0 closes the connection without an answer.
func (a *API) Fail(n, status int, retryAfter time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.outage = outage{left: n, status: status, after: retryAfter}
}

// Requests returns the requests so far in the order of their arrival, those
// that were refused or failed included.
func (a *API) Requests() []Request {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.requests)
}

// ServeHTTP implements [http.Handler].
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := r.Header.Clone()
	header.Del("Authorization")

	a.mu.Lock()
	answered := a.answer(r)
	a.requests = append(a.requests, Request{
		Method: r.Method, Path: r.URL.Path, Query: r.URL.Query(), Header: header, Status: answered.status,
	})
	a.mu.Unlock()

	answered.write(w)
}

// answer decides what a request gets. The caller holds the lock.
func (a *API) answer(r *http.Request) answer {
	path := r.URL.Path
	switch {
	case a.outage.left != 0:
		return a.outage.next()
	case r.Header.Get("Authorization") != "Bearer "+a.key:
		return failed(http.StatusUnauthorized, "unauthorized", "the API key is missing or wrong")
	case r.Method != http.MethodGet:
		refused := failed(http.StatusMethodNotAllowed, "method_not_allowed", "only GET is allowed")
		refused.header = http.Header{"Allow": {http.MethodGet}}
		return refused
	case a.objects[path] != nil:
		return found(a.objects[path])
	case path == eventsPath:
		return a.list(r.URL.Query())
	}
	if i := a.indexOf(strings.TrimPrefix(path, eventsPath+"/")); i >= 0 {
		return found(a.events[i].body)
	}
	return notFound(path)
}

// indexOf returns where the event with this id is, or -1. The caller holds the
// lock.
func (a *API) indexOf(id string) int {
	return slices.IndexFunc(a.events, func(e storedEvent) bool { return e.id == id })
}

// next takes one request off the outage.
func (o *outage) next() answer {
	if o.left > 0 {
		o.left--
	}
	code := strings.ReplaceAll(strings.ToLower(http.StatusText(o.status)), " ", "_")
	answered := failed(o.status, code, "the test wanted this to fail")
	if o.after > 0 {
		seconds := int64(math.Ceil(o.after.Seconds()))
		answered.header = http.Header{"Retry-After": {strconv.FormatInt(seconds, 10)}}
	}
	return answered
}
