package eventgrid_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/source/eventgrid"
	"github.com/cactuscorp/cactus/source/stripe"
)

const (
	secret = "b52e8a01d8c94f6e8b77"
	blob   = `{"topic":"/subscriptions/1/storage","subject":"/blobs/logo.png","eventType":"Microsoft.Storage.BlobCreated",` +
		`"eventTime":"2017-06-26T18:41:00.9584103Z","id":"831e1650-001e-001b-66ab-eeb76e069631",` +
		`"data":{"api":"PutBlockList","contentLength":524288},"dataVersion":"","metadataVersion":"1"}`
	validation = `[{"id":"2d1781af-3a4c-4d7c-bd0c-e34b19da4e66","topic":"/subscriptions/1","subject":"",` +
		`"data":{"validationCode":"512d38b6-c7b8-40c8-89fe-f46f9e9622b6","validationUrl":"https://rp-eastus2.eventgrid.azure.net/x"},` +
		`"eventType":"Microsoft.EventGrid.SubscriptionValidationEvent","eventTime":"2018-01-25T22:12:19.4556811Z",` +
		`"metadataVersion":"1","dataVersion":"1"}]`
	stripeEvent = `{"id":"evt_1","object":"event","created":1749000000,"data":{"object":{"id":"cus_1","object":"customer"}},` +
		`"livemode":false,"type":"customer.created"}`
	cloudEvent = `{"specversion":"1.0","type":"customer.created","source":"/providers/stripe/ed_test_123",` +
		`"id":"9aeb0fdf-c01e-0131-0922-9eb54906e209","time":"2025-07-11T14:30:00Z","subject":null,` +
		`"dataContentType":"application/cloudevents+json","data":` + stripeEvent + `}`
)

func token() *signature.Token {
	return signature.Must(signature.NewToken("X-Event-Grid-Token", signature.Key{Secret: secret}))
}

func parse(contentType, body string, opts ...eventgrid.Option) ([]cactus.Envelope, error) {
	req := cactus.NewRequest(map[string][]string{"content-type": {contentType}}, []byte(body), time.Time{})
	return eventgrid.New(token(), opts...).Parse(nil, req)
}

func parseGrid(body string, opts ...eventgrid.Option) ([]cactus.Envelope, error) {
	return parse("application/json; charset=utf-8", body, opts...)
}

func deliver(h http.Handler, contentType, secret, body string) *httptest.ResponseRecorder {
	req := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/", strings.NewReader(body))
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("X-Event-Grid-Token", secret)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w
}

func TestNew_ReadsTheEventGridSchema(t *testing.T) {
	other := strings.Replace(blob, "831e1650", "931e1650", 1)
	envs, err := parseGrid("[" + blob + " ,\n" + other + "]")
	require.NoError(t, err)
	require.Len(t, envs, 2)
	require.Equal(t, cactus.Envelope{
		Meta: cactus.Meta{
			ID: "831e1650-001e-001b-66ab-eeb76e069631", Type: "Microsoft.Storage.BlobCreated",
			Created:  time.Date(2017, 6, 26, 18, 41, 0, 958410300, time.UTC),
			DedupeID: "24 /subscriptions/1/storage 831e1650-001e-001b-66ab-eeb76e069631",
		},
		Data: []byte(`{"api":"PutBlockList","contentLength":524288}`), Raw: []byte(blob),
	}, envs[0])
	require.Equal(t, "931e1650-001e-001b-66ab-eeb76e069631", envs[1].ID)

	envs, err = parseGrid(" [] ")
	require.NoError(t, err)
	require.Empty(t, envs)
	envs, err = parseGrid(`[{"id":"order 5","eventType":"my own type"}]`)
	require.NoError(t, err)
	require.Equal(t, "my own type", envs[0].Type)
	require.Nil(t, envs[0].Data)
}

func TestNew_ADeliveryInEitherSchemaIsADuplicateOfTheOther(t *testing.T) {
	grid, err := parseGrid("[" + blob + "]")
	require.NoError(t, err)
	cloud, err := parse("application/cloudevents+json", `{"specversion":"1.0","source":"/subscriptions/1/storage","type":"a",`+
		`"id":"831e1650-001e-001b-66ab-eeb76e069631"}`)
	require.NoError(t, err)
	require.Equal(t, grid[0].DedupeID, cloud[0].DedupeID)
}

func TestNew_NamesWhatIsWrong(t *testing.T) {
	for body, want := range map[string]string{
		``:                                  "body: must be a JSON array of events",
		`null`:                              "body: must be a JSON array of events",
		blob:                                "body: must be a JSON array of events",
		`[` + blob:                          "body: must be a JSON array of events",
		`[5]`:                               "event 0: body: must be a JSON object",
		`[{}]`:                              `event 0: field "id": is missing`,
		`[` + blob + `,{"id":"1"}]`:         `event 1: field "eventType": is missing`,
		`[{"id":"","eventType":"a"}]`:       `event 0: field "id": is empty`,
		`[{"id":null,"eventType":"a"}]`:     `event 0: field "id": is missing`,
		`[{"id":"..","eventType":"a"}]`:     `event 0: field "id": must not be a dot segment`,
		`[{"id":"a\nb","eventType":"a"}]`:   `event 0: field "id": has a control character`,
		`[{"id":"\ud800","eventType":"a"}]`: `event 0: field "id": has half of a surrogate pair`,
		`[{"id":"1","eventType":7}]`:        `event 0: field "eventType": must be a string`,
		`[{"id":"1","\u0069d":"1","eventType":"a"}]`:     `event 0: field "id": is there twice`,
		`[{"id":"` + strings.Repeat("a", 1025) + `"}]`:   `event 0: field "id": is longer than 1024 bytes`,
		`[{"id":"1","eventType":"a","eventTime":"now"}]`: `event 0: field "eventTime": must be an RFC 3339 time`,
		`[{"id":"1","eventType":"` + "\xff" + `"}]`:      `event 0: body: invalid UTF-8`,
	} {
		_, err := parseGrid(body)
		require.ErrorContains(t, err, want, body)
	}
}

func TestWithInner_TheDataIsTheEvent(t *testing.T) {
	inner := eventgrid.WithInner(stripe.Inner())
	direct, err := stripe.Inner()(nil, []byte(stripeEvent))
	require.NoError(t, err)
	for contentType, body := range map[string]string{
		"application/json": `[{"id":"1","eventType":"customer.created","data":` + stripeEvent + `}]`,
		"application/cloudevents+json; charset=utf-8": cloudEvent,
		"application/cloudevents-batch+json":          `[` + cloudEvent + `]`,
	} {
		envs, err := parse(contentType, body, inner)
		require.NoError(t, err, contentType)
		require.Equal(t, direct, envs, contentType)
	}

	_, err = parseGrid(`[{"id":"1","eventType":"a"}]`, inner)
	require.EqualError(t, err, `event 0: field "data": is missing`)
	_, err = parseGrid(`[`+blob+`]`, eventgrid.WithInner(cactus.AppendEnvelope))
	require.EqualError(t, err, `event 0: field "data": envelope field "id": is missing`)
	_, err = parse("application/cloudevents-batch+json", `[`+cloudEvent+`,`+strings.Replace(cloudEvent, `"evt_1"`, `""`, 1)+`]`, inner)
	require.EqualError(t, err, `event 1: field "data": field "id": is empty`)
	_, err = parse("application/cloudevents+json", `{}`, inner)
	require.ErrorContains(t, err, `attribute "specversion": is missing`)
}

func TestNew_AnswersTheValidationEvent(t *testing.T) {
	var r cactus.Registry
	r.OnOther(func(context.Context, *cactus.RawEvent, bool) error { panic("no handler is asked") })
	src := eventgrid.New(token(), eventgrid.WithInner(stripe.Inner()))
	h := cactus.NewHandler(&r, src)
	w := deliver(h, "application/json; charset=utf-8", secret, validation)
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	require.JSONEq(t, `{"validationResponse":"512d38b6-c7b8-40c8-89fe-f46f9e9622b6"}`, w.Body.String())

	w = deliver(h, "application/json", "somebody's guess", validation)
	require.Equal(t, http.StatusUnauthorized, w.Code)
	require.NotContains(t, w.Body.String(), "512d38b6")

	for body, want := range map[string]string{
		strings.Replace(validation, "validationCode", "code", 1):                      `field "data.validationCode": is missing`,
		strings.Replace(validation, `"validationUrl"`, `"validationCode"`, 1):         `field "data.validationCode": is there twice`,
		strings.Replace(validation, `"512d38b6-c7b8-40c8-89fe-f46f9e9622b6"`, `5`, 1): `must be a string`,
		strings.Replace(validation, `"data"`, `"date"`, 1):                            `field "data": is missing`,
	} {
		w := deliver(h, "application/json", secret, body)
		require.Equal(t, http.StatusBadRequest, w.Code)
		require.Contains(t, w.Body.String(), want)
	}

	req := cactus.NewRequest(nil, []byte(validation), time.Time{})
	require.NoError(t, r.ReceiveVerified(t.Context(), src, req), "out of a queue it is no event either")
}

func TestNew_GrantsTheOptionsHandshake(t *testing.T) {
	ask := func(origin string, opts ...eventgrid.Option) http.Header {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodOptions, "/", http.NoBody)
		req.Header.Set("Webhook-Request-Origin", origin)
		req.Header.Set("Webhook-Request-Callback", "https://rp.eventgrid.azure.net/validate")
		w := httptest.NewRecorder()
		cactus.NewHandler(new(cactus.Registry), eventgrid.New(token(), opts...)).ServeHTTP(w, req)
		return w.Header()
	}
	require.Equal(t, "eventgrid.azure.net", ask("eventgrid.azure.net").Get("Webhook-Allowed-Origin"))
	require.Empty(t, ask("example.com").Get("Webhook-Allowed-Origin"))
	require.Equal(t, "example.com", ask("example.com", eventgrid.WithOrigins("example.com")).Get("Webhook-Allowed-Origin"))
}

func TestWithQueryParameter_ReadsTheTokenThere(t *testing.T) {
	src := eventgrid.New(token(), eventgrid.WithQueryParameter("code"))
	for query, want := range map[string]error{
		"?code=" + secret:                     nil,
		"?a=b&code=" + secret:                 nil,
		"":                                    signature.ErrNoSignature,
		"?code=":                              signature.ErrNoSignature,
		"?Code=" + secret:                     signature.ErrNoSignature,
		"?code=guess":                         signature.ErrMismatch,
		"?code=" + secret + "&code=" + secret: signature.ErrRefused,
		"?code=%62" + secret[1:]:              nil,
		"?c%6Fde=" + secret:                   nil,
		"?c%6Fde=x&code=" + secret:            signature.ErrRefused,
		"?code=%6":                            signature.ErrRefused,
		"?code=" + secret + "&code=%6":        signature.ErrRefused,
		"?%6=a;b&=&&code=" + secret + "&a":    nil,
		"?code=" + secret + ";a":              signature.ErrRefused,
		"?code":                               signature.ErrNoSignature,
	} {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/events"+query, strings.NewReader("["+blob+"]"))
		req.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		cactus.NewHandler(new(cactus.Registry), src).ServeHTTP(w, req)
		status := http.StatusOK
		if want != nil {
			status = http.StatusUnauthorized
		}
		require.Equal(t, status, w.Code, query)

		_, err := src.Verify(t.Context(), &cactus.Request{URL: req.URL})
		require.ErrorIs(t, err, want, query)
	}
	header := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", http.NoBody)
	header.Header.Set("X-Event-Grid-Token", secret)
	_, err := src.Verify(t.Context(), &cactus.Request{Header: header.Header})
	require.ErrorIs(t, err, signature.ErrNoSignature)
	d, ok := cactus.Diagnose(t.Context(), src, &cactus.Request{Header: header.Header})
	require.True(t, ok)
	require.ErrorIs(t, d.Err, signature.ErrNoSignature)
}

func TestNew_TakesLargeBatches(t *testing.T) {
	batch := "[" + strings.Repeat(blob+",", (1<<20)/len(blob)-1) + blob + "]"
	h := cactus.NewHandler(new(cactus.Registry), eventgrid.New(token()))
	require.Equal(t, http.StatusOK, deliver(h, "application/json", secret, batch).Code)
	require.Equal(t, http.StatusRequestEntityTooLarge, deliver(h, "application/json", secret, batch+strings.Repeat(" ", 70<<10)).Code)
	require.Equal(t, http.StatusUnsupportedMediaType, deliver(h, "text/plain", secret, batch).Code)
}

func TestNew_PanicsWithoutWhatItNeeds(t *testing.T) {
	slack := signature.Must(signature.NewSlack(signature.Key{Secret: "8f742231b10e8888abcd99yyyzzz85a5"}))
	for _, f := range []func(){
		func() { eventgrid.New(nil) },
		func() { eventgrid.New(token(), nil) },
		func() { eventgrid.New(slack, eventgrid.WithQueryParameter("code")) },
		func() { eventgrid.WithInner(nil) },
		func() { eventgrid.WithOrigins() },
		func() { eventgrid.WithOrigins("") },
		func() { eventgrid.WithQueryParameter("") },
	} {
		require.Panics(t, f)
	}
}

func TestNew_StopsAtTheFirstElementThatIsNoEvent(t *testing.T) {
	body := "[" + strings.Repeat("0,", 100_000) + "0]"
	require.Less(t, testing.AllocsPerRun(5, func() {
		_, err := parseGrid(body)
		require.ErrorContains(t, err, "event 0: body: must be a JSON object")
	}), 500.0)
}

func TestNew_RefusesWhatIsNoArray(t *testing.T) {
	for _, body := range []string{"", "{}", "null", "[", "[" + blob, "[" + blob + ",", "[" + blob + ",]", "[,]", "[]]", "[] []", "[]x", "[}"} {
		_, err := parseGrid(body)
		require.EqualError(t, err, "body: must be a JSON array of events", body)
	}
	envs, err := parseGrid("\t[ ]\n")
	require.NoError(t, err)
	require.Empty(t, envs)
}

func TestWithQueryParameter_SaysWhichIsMissing(t *testing.T) {
	src := eventgrid.New(token(), eventgrid.WithQueryParameter("code"))
	_, err := src.Verify(t.Context(), &cactus.Request{URL: &url.URL{RawQuery: "Code=" + secret}})
	require.EqualError(t, err, `signature: no signature: no query parameter "code"`)
	_, err = src.Verify(t.Context(), &cactus.Request{URL: &url.URL{RawQuery: "code=" + strings.Repeat("a", 5000)}})
	require.ErrorIs(t, err, signature.ErrBadHeader)
	require.NotContains(t, err.Error(), "X-Event-Grid-Token", "it was not in the header")
}

// Whoever sends the query is not known yet.
func TestWithQueryParameter_DoesNotAllocateForWhatIsBesideIt(t *testing.T) {
	src := eventgrid.New(token(), eventgrid.WithQueryParameter("code"))
	req := &cactus.Request{URL: &url.URL{RawQuery: strings.Repeat("a=1&%61=2&", 4000) + "code=" + secret}, ReceivedAt: time.Now()}
	require.Less(t, testing.AllocsPerRun(20, func() { _, _ = src.Verify(t.Context(), req) }), 10.0)
	_, err := src.Verify(t.Context(), req)
	require.NoError(t, err)
}

func FuzzQueryParameter(f *testing.F) {
	for _, seed := range []string{"", "code=" + secret, "a=b&c%6fde=" + secret, "code=%6&code=a+b", "code=a;b", "%6=1"} {
		f.Add(seed)
	}
	src := eventgrid.New(token(), eventgrid.WithQueryParameter("code"))
	f.Fuzz(func(t *testing.T, query string) {
		_, err := src.Verify(t.Context(), &cactus.Request{URL: &url.URL{RawQuery: query}})
		if err == nil {
			values, _ := url.ParseQuery(query)
			require.Equal(t, []string{secret}, values["code"])
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("["+blob+"]"), false)
	f.Add([]byte(validation), false)
	f.Add([]byte(`[{"id":"1","eventType":"a","data":`+stripeEvent+`}]`), false)
	f.Add([]byte(cloudEvent), true)
	plain, inner := eventgrid.New(token()), eventgrid.New(token(), eventgrid.WithInner(stripe.Inner()))
	f.Fuzz(func(t *testing.T, body []byte, cloud bool) {
		header := map[string][]string{"Content-Type": {"application/json"}}
		if cloud {
			header["Content-Type"] = []string{"application/cloudevents+json"}
		}
		for _, src := range []cactus.Source{plain, inner} {
			req := cactus.NewRequest(header, body, time.Time{})
			envs, err := src.Parse(nil, req)
			if err != nil {
				require.Empty(t, envs)
			}
			for i := range envs {
				require.NotEmpty(t, envs[i].ID)
				require.NotEmpty(t, envs[i].Type)
			}
			response := src.(cactus.Responder).Respond(req, true)
			if response != nil {
				require.NoError(t, err, "what is answered is well formed")
				require.Empty(t, envs)
			}
		}
	})
}

func TestNew_TakesAnEmptyTopicForNone(t *testing.T) {
	body := `[{"id":"1","topic":%s,"eventType":"a","eventTime":"2017-06-26T18:41:00.0000000+00:00","data":{}}]`
	src := eventgrid.New(token())
	ids := make([]string, 0, 3)
	for _, topic := range []string{`""`, `null`, `"t"`} {
		req := cactus.NewRequest(map[string][]string{"Content-Type": {"application/json"}}, fmt.Appendf(nil, body, topic), time.Time{})
		envs, err := src.Parse(nil, req)
		require.NoError(t, err, topic)
		ids = append(ids, envs[0].DedupeID)
	}
	require.Equal(t, []string{"0  1", "0  1", "1 t 1"}, ids)
}

func TestConceal_LeavesOutTheTokenAlone(t *testing.T) {
	token := signature.Must(signature.NewToken("aeg-sas-key", signature.Key{Secret: secret}))
	conceal := func(src cactus.Source, req *cactus.Request) {
		concealer, ok := src.(cactus.Concealer)
		require.True(t, ok)
		concealer.Conceal(req)
	}
	address, err := url.Parse("/hooks?tenant=acme&c%6Fde=" + secret)
	require.NoError(t, err)
	req := cactus.NewRequest(map[string][]string{"Aeg-Sas-Key": {secret}, "Aeg-Event-Type": {"Notification"}}, nil, time.Now())
	req.URL = address
	conceal(eventgrid.New(token), req)
	require.Equal(t, http.Header{"Aeg-Event-Type": {"Notification"}}, req.Header)
	conceal(eventgrid.New(token, eventgrid.WithQueryParameter("code")), req)
	require.Equal(t, "/hooks?tenant=acme", req.URL.String())
	require.Contains(t, address.RawQuery, secret, "the server's own")
}
