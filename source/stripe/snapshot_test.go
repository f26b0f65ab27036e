package stripe_test

import (
	"bytes"
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
	"github.com/cactuscorp/cactus/source/stripe"
)

const snapshotBody = `{"id":"evt_1","object":"event","account":"acct_7","api_version":"2025-09-30.clover","created":1749000000,` +
	`"data":{"object":{"id":"in_5","object":"invoice","status":"paid"},"previous_attributes":{"status":"open"}},` +
	`"livemode":true,"pending_webhooks":1,"request":{"id":"req_9","idempotency_key":"k"},"type":"invoice.updated"}`

type invoice struct {
	Status string `json:"status" validate:"required"`
}

func (invoice) ObjectType() string { return "invoice" }

type invoiceUpdated struct {
	cactus.Full[stripe.Data[invoice]]
	cactus.Related[invoice]

	Livemode bool           `json:"livemode"`
	Request  stripe.Request `json:"request"`
}

func (invoiceUpdated) EventType() string { return "invoice.updated" }

func ExampleSnapshot() {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.URL.Path, r.Header.Get("Stripe-Context"), r.Header.Get("Stripe-Version"))
		fmt.Fprint(w, `{"id":"in_5","object":"invoice","status":"void"}`)
	}))
	defer api.Close()

	const version = "2025-09-30.clover" // of the Go types above
	client := stripe.NewClient("sk_test_key", version, cactus.WithBaseURL(api.URL))
	r := &cactus.Registry{Fetcher: client}
	cactus.On(r, func(ctx context.Context, e *invoiceUpdated) error {
		fmt.Printf("%s was %s before %s\n", e.RelatedObject.ID, e.Data.Object.Status, e.Request.ID)
		now, err := e.FetchRelatedObject(ctx)
		if err != nil {
			return err
		}
		fmt.Println("and is", now.Status)
		return nil
	})
	source := stripe.Snapshot(verifier(), stripe.WithAPIVersion(version, func(first cactus.Meta, got string) {
		fmt.Println("have a look at the destination's version:", first.ID, "has", got)
	}))
	h := cactus.NewHandler(r, source)
	fmt.Println(deliver(h, snapshotBody))
	fmt.Println(deliver(h, strings.Replace(snapshotBody, version, "2026-03-25.dahlia", 1)))
	// Output:
	// in_5 was paid before req_9
	// /v1/invoices/in_5 acct_7 2025-09-30.clover
	// and is void
	// 200
	// have a look at the destination's version: evt_1 has 2026-03-25.dahlia
	// in_5 was paid before req_9
	// /v1/invoices/in_5 acct_7 2025-09-30.clover
	// and is void
	// 200
}

// Two destinations send to one URL, each with a secret of its own.
func ExampleEither() {
	thin := signature.Key{Name: "thin", Secret: "whsec_secret_of_the_one"}
	snapshot := signature.Key{Name: "snapshot", Secret: "whsec_secret_of_the_other"}
	var r cactus.Registry
	r.OnOther(func(_ context.Context, e *cactus.RawEvent, _ bool) error {
		fmt.Println(e.Type, "signed by", e.Key)
		return nil
	})
	source := stripe.Either(signature.Must(signature.NewStripe(thin, snapshot)))

	// What Stripe does:
	for key, body := range map[signature.Key]string{thin: body, snapshot: snapshotBody} {
		req := cactus.NewRequest(nil, []byte(body), time.Now())
		_ = signature.Must(signature.NewStripe(key)).Sign(req.Header, "", req.Body, req.ReceivedAt)
		_ = r.Receive(context.Background(), source, req)
	}
	// Unordered output:
	// v1.billing.meter.error_report_triggered signed by thin
	// invoice.updated signed by snapshot
}

func parseSnapshot(body string) (cactus.Envelope, error) {
	envs, err := stripe.Snapshot(verifier()).Parse(nil, cactus.NewRequest(nil, []byte(body), time.Time{}))
	if err != nil {
		return cactus.Envelope{}, err
	}
	return envs[0], nil
}

func TestSnapshot_ReadsTheEnvelope(t *testing.T) {
	env, err := parseSnapshot(snapshotBody)
	require.NoError(t, err)
	require.Equal(t, cactus.Meta{
		ID: "evt_1", Type: "invoice.updated", Context: "acct_7", Created: time.Date(2025, 6, 4, 1, 20, 0, 0, time.UTC),
	}, env.Meta)
	require.Equal(t, cactus.ObjectRef{ID: "in_5", Type: "invoice", URL: "/v1/invoices/in_5"}, env.RelatedObject)
	require.JSONEq(t, `{"object":{"id":"in_5","object":"invoice","status":"paid"},"previous_attributes":{"status":"open"}}`, string(env.Data))
	require.True(t, bytes.Equal([]byte(snapshotBody), env.Raw), "the bytes as they came")
}

func TestSnapshot_ContextWinsOverTheAccount(t *testing.T) {
	env, err := parseSnapshot(strings.Replace(snapshotBody, `"account"`, `"context":"org_1/acct_7","account"`, 1))
	require.NoError(t, err)
	require.Equal(t, "org_1/acct_7", env.Context)
	env, err = parseSnapshot(strings.Replace(snapshotBody, `"acct_7"`, `null,"context":null`, 1))
	require.NoError(t, err)
	require.Empty(t, env.Context)
}

func TestSnapshot_DerivesTheRelatedObject(t *testing.T) {
	for object, want := range map[string]cactus.ObjectRef{
		`{"object":"balance"}`:                                      {Type: "balance", URL: "/v1/balance"},
		`{"id":"sqr_1","object":"scheduled_query_run"}`:             {ID: "sqr_1", Type: "scheduled_query_run", URL: "/v1/sigma/scheduled_query_runs/sqr_1"},
		`{"id":"t_1","object":"customer_cash_balance_transaction"}`: {ID: "t_1", Type: "customer_cash_balance_transaction"},
		`{"object":"tax.settings"}`:                                 {Type: "tax.settings", URL: "/v1/tax/settings"},
		`{"id":"cs_1","object":"checkout.session"}`:                 {ID: "cs_1", Type: "checkout.session", URL: "/v1/checkout/sessions/cs_1"},
		`{"id":"c_1","object":"test_helpers.test_clock"}`:           {ID: "c_1", Type: "test_helpers.test_clock", URL: "/v1/test_helpers/test_clocks/c_1"},
		`{"id":"card_1","object":"card"}`:                           {ID: "card_1", Type: "card"},
		`{"id":"25 % off","object":"coupon"}`:                       {ID: "25 % off", Type: "coupon"},
		`{"id":"..","object":"plan"}`:                               {ID: "..", Type: "plan"},
		`{"id":7,"object":"odd"}`:                                   {Type: "odd"},
		`{"object":"entitlements.active_entitlement_summary"}`:      {Type: "entitlements.active_entitlement_summary"},
		`{"id":"x_1"}`:                         {},
		`{"id":"x_1","object":null}`:           {},
		`{"id":"x_1","object":"a/../b"}`:       {},
		`{"\u0069d":"p","object":"pl\u0061n"}`: {ID: "p", Type: "plan", URL: "/v1/plans/p"},
	} {
		env, err := parseSnapshot(`{"id":"evt_1","object":"event","type":"a","data":{"object":` + object + `}}`)
		require.NoError(t, err, object)
		require.Equal(t, want, env.RelatedObject, object)
	}
}

func TestSnapshot_NamesWhatIsWrong(t *testing.T) {
	const rest = `"id":"evt_1","type":"a","data":{"object":{}}}`
	for body, want := range map[string]string{
		body:                         `this is a thin event`,
		`{` + rest:                   `this is a thin event`,
		`{"object":"charge",` + rest: `field "object": must be "event"`,
		`{"object":"event","type":"a","data":{"object":{}}}`:                                   `field "id": is missing`,
		`{"object":"event","id":"e","data":{"object":{}}}`:                                     `field "type": is missing`,
		`{"object":"event","id":"e","type":"a","data":null}`:                                   `field "data": is missing`,
		`{"object":"event","id":"e","type":"a","data":[]}`:                                     `field "data": must be an object`,
		`{"object":"event","id":"e","type":"a","data":{}}`:                                     `field "data.object": must be an object`,
		`{"object":"event","id":"e e","type":"a"}`:                                             `field "id": has a byte`,
		`{"object":"event","id":5,"type":"a"}`:                                                 `field "id": must be a string`,
		`{"object":"event","id":"e","type":"a b"}`:                                             `field "type": has a byte`,
		`{"object":"event","id":"e","\u0069d":"f"}`:                                            `field "id": is there twice`,
		`{"object":"event","created":"2025-06-04",` + rest:                                     `field "created": must be a number`,
		`{"object":"event","created":1.5,` + rest:                                              `field "created": must be a number`,
		`{"object":"event","created":253402300800,` + rest:                                     `field "created": must be a number`,
		`{"object":"event","account":"a b",` + rest:                                            `field "account": has a byte`,
		`{"object":"event","context":1,` + rest:                                                `field "context": must be a string`,
		`{"object":"event","\u006fbject":"event",` + rest:                                      `field "object": is there twice`,
		`{"object":"event","object":"event",` + rest:                                           `field "object": is there twice`,
		`{"object":"event","id":"e","type":"a","data":{"object":{},"object":{}}}`:              `field "data.object": is there twice`,
		`{"object":"event","id":"e","type":"a","data":{"object":{"id":"a","id":"b"}}}`:         `field "data.object.id": is there twice`,
		`{"object":"event","id":"e","type":"a","data":{"object":{"object":"a","object":"b"}}}`: `field "data.object.object": is there twice`,
	} {
		_, err := parseSnapshot(body)
		require.ErrorContains(t, err, want, body)
	}
}

func TestEither_TakesBothKinds(t *testing.T) {
	v := signature.Must(signature.NewStripe(signature.Key{Name: "thin", Secret: "whsec_thin_secret_0"}, signature.Key{Name: "snapshot", Secret: "whsec_snapshot_secret_0"}))
	src := stripe.Either(v)
	for body, typ := range map[string]string{body: "v1.billing.meter.error_report_triggered", snapshotBody: "invoice.updated", `{"id":"e","type":"t"}`: "t"} {
		envs, err := src.Parse(nil, cactus.NewRequest(nil, []byte(body), time.Time{}))
		require.NoError(t, err)
		require.Equal(t, typ, envs[0].Type)
	}
	_, err := src.Parse(nil, cactus.NewRequest(nil, []byte(`{"object":"charge"}`), time.Time{}))
	require.EqualError(t, err, `field "object": must be "event" or "v2.core.event"`)
	require.Panics(t, func() { stripe.Either(nil) })
	require.Panics(t, func() { stripe.Snapshot(nil) })
	require.Panics(t, func() { stripe.Snapshot(v, nil) })
	require.Panics(t, func() { stripe.Inner(nil) })
}

// A thin event names what is fetched with one's own API key, so that what somebody
// else has put on a bus must not pass for one by accident.
func TestInner_WantsAnObject(t *testing.T) {
	parse := stripe.Inner()
	_, err := parse(nil, []byte(body))
	require.NoError(t, err)
	for _, other := range []string{
		strings.Replace(body, `"object":"v2.core.event",`, "", 1),
		strings.Replace(body, `"v2.core.event"`, "null", 1),
		strings.Replace(body, `"v2.core.event"`, `""`, 1),
	} {
		envs, err := parse(nil, []byte(other))
		require.EqualError(t, err, `field "object": must be "event" or "v2.core.event"`)
		require.Empty(t, envs)
		_, err = stripe.Thin(verifier()).Parse(nil, cactus.NewRequest(nil, []byte(other), time.Time{}))
		require.NoError(t, err, "Stripe has signed it")
	}
}

func TestRequest_ReadsBothForms(t *testing.T) {
	for text, want := range map[string]stripe.Request{
		`{"id":"req_1","idempotency_key":"k"}`: {ID: "req_1", IdempotencyKey: "k"},
		`{"id":null,"idempotency_key":null}`:   {},
		`"req_2"`:                              {ID: "req_2"},
		`null`:                                 {},
	} {
		got := stripe.Request{ID: "old", IdempotencyKey: "old"}
		require.NoError(t, got.UnmarshalJSON([]byte(text)))
		require.Equal(t, want, got, text)
	}
	var r stripe.Request
	require.Error(t, r.UnmarshalJSON([]byte(`5`)))
	require.Error(t, r.UnmarshalJSON([]byte(`"`)))
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(body))
	f.Add([]byte(snapshotBody))
	f.Add([]byte(`{"object":"event"}`))
	f.Add([]byte(`{"id":"evt_1","object":"event","type":"a","data":{"object":{"object":"balance"}}}`))
	sources := []cactus.Source{stripe.Thin(verifier()), stripe.Snapshot(verifier()), stripe.Either(verifier())}
	f.Fuzz(func(t *testing.T, body []byte) {
		var took [3]bool
		for i, src := range sources {
			envs, err := src.Parse(nil, cactus.NewRequest(nil, body, time.Time{}))
			took[i] = err == nil
			require.Equal(t, took[i], len(envs) == 1)
			if took[i] {
				require.NotEmpty(t, envs[0].ID)
				require.NotEmpty(t, envs[0].Type)
			}
		}
		require.False(t, took[0] && took[1], "no event is of both kinds")
		require.Equal(t, took[0] || took[1], took[2])
	})
}
