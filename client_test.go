package cactus_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/types"
)

const apiKey = "key_test_0123456789"

// roundTrip is an API without a network, so that time in these tests is fake.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func answer(status int, body string, header ...string) (*http.Response, error) {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func clientOf(f roundTrip, opts ...cactus.ClientOption) *cactus.Client {
	return cactus.NewClient(apiKey, append([]cactus.ClientOption{
		cactus.WithBaseURL("https://api.test/base/"), cactus.WithHTTPClient(&http.Client{Transport: f}),
	}, opts...)...)
}

func TestClient_SendsKeyContextAndUserAgent(t *testing.T) {
	var got []*http.Request
	c := clientOf(func(req *http.Request) (*http.Response, error) {
		got = append(got, req)
		require.Equal(t, "trace", req.Header.Get("X-Trace"), "a header of the user's own drops none of ours")
		if strings.Contains(req.URL.Path, "/events/") {
			return answer(200, shippedFull)
		}
		return answer(200, orderJSON)
	}, cactus.WithHeader(func(h http.Header, _ *cactus.Meta) { h.Set("X-Trace", "trace") }))
	m := &cactus.Meta{ID: "evt_441", Type: "order.shipped", Context: "acct_7"}
	env, err := c.FetchEvent(t.Context(), m)
	require.NoError(t, err)
	require.Equal(t, "ord_452", env.RelatedObject.ID)
	_, err = c.FetchObject(t.Context(), m, env.RelatedObject)
	require.NoError(t, err)
	_, err = c.FetchObject(t.Context(), m, cactus.ObjectRef{ID: "x", Type: "y", URL: "/v2/things/a%2Fb?expand=1"})
	require.NoError(t, err)

	urls := make([]string, len(got))
	for i, req := range got {
		urls[i] = req.URL.String()
		require.Equal(t, "Bearer "+apiKey, req.Header.Get("Authorization"))
		require.Equal(t, "acct_7", req.Header.Get("Cactus-Context"))
		require.Equal(t, "cactus-go/"+cactus.Version, req.Header.Get("User-Agent"))
		require.Equal(t, http.MethodGet, req.Method)
	}
	require.Equal(t, []string{
		"https://api.test/base/v1/events/evt_441",
		"https://api.test/base/v1/orders/ord_452",
		"https://api.test/base/v2/things/a%2Fb?expand=1",
	}, urls)
}

func TestClient_RefusesAnAnswerThatIsNotTheEvent(t *testing.T) {
	for want, body := range map[string]string{
		`pull event evt_441: an event with another id came back`:                             `{"id":"evt_1","type":"order.shipped"}`,
		`pull event evt_441: it was pushed as "order.shipped" but came back as "order.lost"`: `{"id":"evt_441","type":"order.lost"}`,
		`the API's answer: envelope field "type": is missing`:                                `{"id":"evt_441"}`,
	} {
		c := clientOf(func(*http.Request) (*http.Response, error) { return answer(200, body) })
		_, err := c.FetchEvent(t.Context(), &cactus.Meta{ID: "evt_441", Type: "order.shipped"})
		require.EqualError(t, err, want)
		require.NotErrorIs(t, err, cactus.ErrMalformed, "the delivery was well formed")
	}
}

func TestClient_NeverLeavesTheHost(t *testing.T) {
	c := clientOf(func(req *http.Request) (*http.Response, error) {
		t.Errorf("asked %s", req.URL)
		return answer(200, "{}")
	})
	for _, url := range []string{
		"https://evil.test/x", "//evil.test/x", "evil", `/\evil.test`, "/../x", "/a/%2e%2E/b", "/x y", "/x\r\nHost: evil",
	} {
		_, err := c.FetchObject(t.Context(), &cactus.Meta{}, cactus.ObjectRef{ID: "a", Type: "b", URL: url})
		require.Error(t, err, url)
	}
	for _, path := range []string{"https://evil.test/x", "//evil.test/x", "evil", "", "/%zz"} {
		_, err := c.Get(t.Context(), path)
		require.Error(t, err, path)
	}
	for _, id := range []string{"", "..", "a/b", "a?b", "a%2fb"} {
		_, err := c.FetchEvent(t.Context(), &cactus.Meta{ID: id})
		require.Error(t, err, id)
	}
	for _, ref := range []cactus.ObjectRef{
		{ID: "../x", Type: "b"},
		{ID: "x", Type: "a/../../admin"},
		{ID: "x", Type: ""},
		{ID: "x", Type: "b", URL: "/a/..;/b"},
		{ID: "x", Type: "b", URL: "/a/%252e%252e/b"},
	} {
		_, err := c.FetchObject(t.Context(), &cactus.Meta{}, ref)
		require.Error(t, err, ref)
	}
}

func TestClient_FollowsRedirectsOnlyOnItsOwnHost(t *testing.T) {
	var leaked atomic.Bool
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { leaked.Store(true) }))
	defer other.Close()
	mux := http.NewServeMux()
	mux.Handle("/away", http.RedirectHandler(other.URL, http.StatusFound))
	mux.Handle("/here", http.RedirectHandler("/there", http.StatusFound))
	mux.Handle("/loop", http.RedirectHandler("/loop", http.StatusFound))
	mux.HandleFunc("/there", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%q", r.Header.Get("Authorization"))
	})
	api := httptest.NewServer(mux)
	defer api.Close()
	c := cactus.NewClient(apiKey, cactus.WithBaseURL(api.URL))

	body, err := c.Get(t.Context(), "/here")
	require.NoError(t, err)
	require.Equal(t, `"Bearer `+apiKey+`"`, string(body))
	_, err = c.Get(t.Context(), "/away")
	require.ErrorContains(t, err, "redirects away from its own host")
	require.False(t, leaked.Load())
	_, err = clientWith(api.URL, cactus.WithRetries(1, time.Second)).Get(t.Context(), "/loop")
	require.ErrorContains(t, err, "redirects too often")
}

func clientWith(url string, opts ...cactus.ClientOption) *cactus.Client {
	return cactus.NewClient(apiKey, append([]cactus.ClientOption{cactus.WithBaseURL(url)}, opts...)...)
}

func TestClient_RetriesWhatMayMendAndNothingElse(t *testing.T) {
	for status, tries := range map[int]int{
		408: 3, 429: 3, 500: 3, 502: 3, 503: 3, 504: 3,
		301: 1, 400: 1, 401: 1, 403: 1, 404: 1, 410: 1, 501: 1,
	} {
		synctest.Test(t, func(t *testing.T) {
			n := 0
			c := clientOf(func(*http.Request) (*http.Response, error) {
				n++
				return answer(status, `{"error":{"code":"c","message":"m"}}`)
			})
			_, err := c.Get(t.Context(), "/x")
			var answered *cactus.APIError
			require.ErrorAs(t, err, &answered)
			require.Equal(t, status, answered.Status)
			require.EqualError(t, err, fmt.Sprintf("the API answered %d c: m", status))
			require.Equal(t, tries, n, status)
		})
	}
}

func TestClient_RetriesNetworkErrorsAndHangsWithinTheTotal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		c := clientOf(func(req *http.Request) (*http.Response, error) {
			n++
			switch n {
			case 1:
				return nil, errors.New("connection reset")
			case 2:
				<-req.Context().Done() // hangs
				return nil, req.Context().Err()
			default:
				return answer(200, "{}")
			}
		}, cactus.WithRetries(3, 4*time.Second))
		start := time.Now()
		_, err := c.Get(t.Context(), "/x")
		require.NoError(t, err)
		require.Greater(t, time.Since(start), 2*time.Second, "a try may take half of the total")
		require.Less(t, time.Since(start), 4*time.Second)
	})
}

func TestClient_HonoursRetryAfterOnlyIfItFits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		after := "2"
		c := clientOf(func(*http.Request) (*http.Response, error) {
			n++
			if n == 1 {
				return answer(429, "", "Retry-After", after)
			}
			return answer(200, "{}")
		})
		start := time.Now()
		_, err := c.Get(t.Context(), "/x")
		require.NoError(t, err)
		require.Equal(t, 2*time.Second, time.Since(start))

		n, after, start = 0, "3600", time.Now()
		_, err = c.Get(t.Context(), "/x")
		require.ErrorIs(t, err, cactus.ErrRateLimited)
		require.Zero(t, time.Since(start), "it does not wait for what comes too late")
		require.Equal(t, cactus.OutcomeRetry, cactus.OutcomeOf(err))

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		n, after = 0, "2"
		_, err = c.Get(ctx, "/x")
		require.ErrorIs(t, err, cactus.ErrRateLimited)
		require.Equal(t, 1, n, "the caller's deadline counts too")
	})
}

func TestClient_StopsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		c := clientOf(func(*http.Request) (*http.Response, error) { n++; cancel(); return answer(500, "") })
		_, err := c.Get(ctx, "/x")
		require.EqualError(t, err, "the API answered 500")
		require.Equal(t, 1, n)
	})
}

func TestClient_ErrorsAreTypedAndShowNoKey(t *testing.T) {
	for status, want := range map[int]error{
		404: cactus.ErrNotFound, 401: cactus.ErrUnauthorized, 403: cactus.ErrUnauthorized,
		429: cactus.ErrRateLimited, 410: cactus.ErrExpired,
	} {
		c := clientOf(func(*http.Request) (*http.Response, error) {
			return answer(status, `{"error":{"message":"bad key `+apiKey+`\nx`+strings.Repeat("é", 200)+`"}}`)
		}, cactus.WithRetries(1, time.Second))
		_, err := c.Get(t.Context(), "/x")
		require.ErrorIs(t, err, want)
		require.NotErrorIs(t, err, cactus.ErrGone)
		require.NotContains(t, err.Error(), apiKey)
		require.NotContains(t, err.Error(), "\n")
		require.Less(t, len(err.Error()), 300)
	}
}

func TestClient_LimitsTheAnswer(t *testing.T) {
	n := 0
	c := clientOf(func(*http.Request) (*http.Response, error) {
		n++
		return answer(200, `"`+strings.Repeat("x", 100)+`"`)
	}, cactus.WithMaxResponse(50))
	_, err := c.Get(t.Context(), "/x")
	require.EqualError(t, err, "the API's answer is longer than the limit")
	require.Equal(t, 1, n, "it would be as long the next time")
}

func TestClient_EventsWalksThePages(t *testing.T) {
	var asked []string
	c := clientOf(func(req *http.Request) (*http.Response, error) {
		asked = append(asked, req.URL.RequestURI())
		switch req.URL.Query().Get("after") {
		case "":
			return answer(200, `{"data":[`+shippedFull+`],"next":"evt_441"}`)
		case "evt_441":
			return answer(200, `{"data":[`+lostThin+`,{"id":"x"}],"next":"evt_849"}`)
		default:
			return answer(404, "")
		}
	})
	query := cactus.EventQuery{Type: "order.lost", Since: time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC), Limit: 2}
	var ids []string
	var last error
	for env, err := range c.Events(t.Context(), query) {
		if last = err; err == nil {
			ids = append(ids, env.ID)
		}
	}
	require.Equal(t, []string{"evt_441", "evt_849"}, ids)
	for env, err := range c.Events(t.Context(), query) {
		require.NoError(t, err)
		require.Equal(t, "evt_441", env.ID, "a second walk begins at the beginning")
		asked = asked[:2]
		break
	}
	require.EqualError(t, last, `list of events: envelope field "type": is missing`)
	require.Equal(t, []string{
		"/base/v1/events?limit=2&since=2025-06-01T00%3A00%3A00Z&type=order.lost",
		"/base/v1/events?after=evt_441&limit=2&since=2025-06-01T00%3A00%3A00Z&type=order.lost",
	}, asked)

	for range c.Events(t.Context(), cactus.EventQuery{}) {
		break
	}
	require.Len(t, asked, 3, "leaving the loop ends the walk")
	require.Equal(t, "/base/v1/events", asked[2])
}

func TestClient_EventsEndsWithTheFirstError(t *testing.T) {
	for body, want := range map[string]string{
		`[]`:                        "list of events: must be an object, not array",
		`{"data":[],"next":"same"}`: "list of events: the pages go round in circles",
	} {
		c := clientOf(func(*http.Request) (*http.Response, error) { return answer(200, body) })
		var errs []error
		for _, err := range c.Events(t.Context(), cactus.EventQuery{After: "same"}) {
			errs = append(errs, err)
		}
		require.Len(t, errs, 1)
		require.EqualError(t, errs[0], want)
	}
	c := clientOf(func(*http.Request) (*http.Response, error) { return answer(401, "") })
	walks := 0
	events := c.Events(t.Context(), cactus.EventQuery{})
	for range 2 { // a walk can be made again
		for _, err := range events {
			require.ErrorIs(t, err, cactus.ErrUnauthorized)
			walks++
		}
	}
	require.Equal(t, 2, walks)
}

func TestClient_EventsNoticesPagesThatGoRoundInCircles(t *testing.T) {
	next := map[string]string{"": "a", "a": "b", "b": "c", "c": "a"}
	asked := 0
	c := clientOf(func(req *http.Request) (*http.Response, error) {
		asked++
		return answer(200, `{"data":[],"next":"`+next[req.URL.Query().Get("after")]+`"}`)
	})
	var last error
	for _, err := range c.Events(t.Context(), cactus.EventQuery{}) {
		last = err
	}
	require.EqualError(t, last, "list of events: the pages go round in circles")
	require.Less(t, asked, 10)
}

func TestClient_ErrorsShowNeitherURLsNorWhatTheOtherSideWrote(t *testing.T) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "http://other.test/login?token="+r.Header.Get("Authorization")+strings.Repeat("x", 10_000))
		w.WriteHeader(http.StatusFound)
	}))
	c := clientWith(api.URL, cactus.WithRetries(1, time.Second))
	ref := cactus.ObjectRef{ID: "o", Type: "order", URL: "/v1/orders/o?sig=body-marker"}
	_, redirected := c.FetchObject(t.Context(), &cactus.Meta{}, ref)
	api.Close()
	_, refused := c.FetchObject(t.Context(), &cactus.Meta{}, ref)
	require.ErrorContains(t, redirected, "redirects away")
	require.ErrorContains(t, refused, "no answer from the API: ")
	for _, err := range []error{redirected, refused} {
		require.NotContains(t, err.Error(), apiKey)
		require.NotContains(t, err.Error(), "body-marker")
		require.Less(t, len(err.Error()), 300)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Get(ctx, "/x")
	require.ErrorIs(t, err, context.Canceled)

	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		require.NotContains(t, fmt.Sprintf(format, c), apiKey)
		require.NotContains(t, fmt.Sprintf(format, *c), apiKey)
		require.NotContains(t, fmt.Sprintf(format, types.NewClient(apiKey)), apiKey)
	}
}

func TestClient_AnEndlessRetryAfterIsADay(t *testing.T) {
	for _, after := range []string{"18446744073709551615", "Fri, 31 Dec 9999 23:59:59 GMT"} {
		c := clientOf(func(*http.Request) (*http.Response, error) { return answer(429, "", "Retry-After", after) })
		_, err := c.Get(t.Context(), "/x")
		require.Equal(t, 24*time.Hour, cactus.WaitOf(err))
	}
}

func TestRetrieve_DecodesAndValidates(t *testing.T) {
	body := orderJSON
	c := clientOf(func(*http.Request) (*http.Response, error) { return answer(200, body) })
	order, err := cactus.Retrieve[types.Order](t.Context(), c, "/v1/orders/ord_452")
	require.NoError(t, err)
	require.Equal(t, 300, order.CostCents)
	for answer, want := range map[string]string{
		`{}`:                         `decode answer: field "id": fails "required"`,
		`{"id":5}`:                   `decode answer: field "id": must be a string, not number`,
		`{"id":"x","created":"May"}`: `decode answer: field "created": must be a types.Date`,
		`<html>`:                     `decode answer: is not JSON`,
	} {
		body = answer
		_, err = cactus.Retrieve[types.Order](t.Context(), c, "/x")
		require.EqualError(t, err, want)
	}
}

func TestNewClient_PanicsOnMisuseWithoutShowingTheKey(t *testing.T) {
	for _, key := range []string{"", "sk key", "sk_key\n"} {
		require.Equal(t, "cactus: NewClient: the API key must be printable ASCII without spaces, and not empty",
			panicText(t, func() { cactus.NewClient(key) }))
	}
	for name, misuse := range map[string]func(){
		"WithBaseURL":     func() { cactus.WithBaseURL("api.test") },
		"WithEventPath":   func() { cactus.WithEventPath("/events") },
		"WithObjectPath":  func() { cactus.WithObjectPath("objects/{id}") },
		"WithRetries":     func() { cactus.WithRetries(0, time.Second) },
		"WithMaxResponse": func() { cactus.WithMaxResponse(0) },
		"WithHTTPClient":  func() { cactus.WithHTTPClient(nil) },
		"WithHeader":      func() { cactus.WithHeader(nil) },
	} {
		require.Contains(t, panicText(t, misuse), "cactus: "+name)
	}
	for _, base := range []string{"ftp://x", "https://u:p@x", "https://x?q=1", "https://x#f", "https://"} {
		require.NotContains(t, panicText(t, func() { cactus.WithBaseURL(base) }), "p@")
	}
}

func TestClient_ADefaultOneAsksAHostThatNobodyCanOwn(t *testing.T) {
	c := cactus.NewClient(apiKey, cactus.WithRetries(1, time.Second), cactus.WithHTTPClient(&http.Client{
		Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
			require.True(t, strings.HasSuffix(req.URL.Host, ".example"))
			return nil, errors.New("no such host")
		}),
	}))
	_, err := c.Get(t.Context(), "/x")
	require.ErrorContains(t, err, "no such host")
	require.NotContains(t, err.Error(), apiKey)
}

func TestClient_PathsOfAnotherProvider(t *testing.T) {
	var urls []string
	c := clientOf(func(req *http.Request) (*http.Response, error) {
		urls = append(urls, req.URL.Path)
		require.Empty(t, req.Header.Get("Cactus-Context"))
		require.Equal(t, "acct", req.Header.Get("X-Account"))
		require.Equal(t, "1 2", req.Header.Get("X-Order"))
		return answer(200, `{"id":"e","type":"t"}`)
	}, cactus.WithContextHeader("X-Account"), cactus.WithEventPath("/e/{id}"), cactus.WithObjectPath("/o/{type}/{id}"),
		cactus.WithHeader(func(h http.Header, _ *cactus.Meta) { h.Set("X-Order", "1") }),
		cactus.WithHeader(func(h http.Header, _ *cactus.Meta) { h.Set("X-Order", h.Get("X-Order")+" 2") }))
	m := &cactus.Meta{ID: "e", Context: "acct"}
	_, err := c.FetchEvent(t.Context(), m)
	require.NoError(t, err)
	_, err = c.FetchObject(t.Context(), m, cactus.ObjectRef{ID: "1", Type: "thing"})
	require.NoError(t, err)
	require.Equal(t, []string{"/base/e/e", "/base/o/thing/1"}, urls)
}

func TestFetcherByTenant_ChoosesForEachPull(t *testing.T) {
	acme := newFetcher()
	f := cactus.FetcherByTenant(func(_ context.Context, tenant string) (cactus.Fetcher, error) {
		switch tenant {
		case "acme":
			return acme, nil
		case "nobody":
			return nil, nil //nolint:nilnil // the mistake under test
		}
		return nil, errHandler
	})
	env, err := f.FetchEvent(t.Context(), &cactus.Meta{ID: "evt_441", Tenant: "acme"})
	require.NoError(t, err)
	_, err = f.FetchObject(t.Context(), &cactus.Meta{Tenant: "acme"}, env.RelatedObject)
	require.NoError(t, err)
	_, err = f.FetchEvent(t.Context(), &cactus.Meta{Tenant: "nobody"})
	require.ErrorIs(t, err, cactus.ErrNoFetcher)
	_, err = f.FetchObject(t.Context(), &cactus.Meta{Tenant: "evil"}, cactus.ObjectRef{})
	require.EqualError(t, err, `choose fetcher for tenant "evil": handler failed`)
}
