package eventbridge_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/source/eventbridge"
	"github.com/cactuscorp/cactus/source/stripe"
)

const (
	ec2 = `{"version":"0","id":"6a7e8feb-b491-4cf7-a9f1-bf3703467718","detail-type":"EC2 Instance State-change Notification",` +
		`"source":"aws.ec2","account":"111122223333","time":"2017-12-22T18:43:48Z","region":"us-west-1",` +
		`"resources":["arn:aws:ec2:us-west-1:123456789012:instance/i-1"],"detail":{"instance-id":"i-1","state":"terminated"}}`
	stripeEvent = `{"id":"evt_1","object":"event","created":1749000000,"data":{"object":{"id":"cus_1","object":"customer"}},` +
		`"livemode":false,"type":"customer.created"}`
	stripeEnvelope = `{"version":"0","id":"17e8dff5-d6cd-3770-ace9-aeac02b6ac3f","detail-type":"customer.created",` +
		`"source":"aws.partner/stripe.com/ed_123","account":"506417113029","time":"2025-06-04T01:20:01Z","region":"us-west-2",` +
		`"resources":[],"detail":` + stripeEvent + `}`
)

func token() *signature.Token {
	return signature.Must(signature.NewToken("X-Api-Key", signature.Key{Secret: "b52e8a01d8c94f6e8b77"}))
}

func parse(body string, opts ...eventbridge.Option) ([]cactus.Envelope, error) {
	return eventbridge.New(token(), opts...).Parse(nil, cactus.NewRequest(nil, []byte(body), time.Time{}))
}

func deliver(h http.Handler, secret, body string) int {
	req := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/", strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("X-Api-Key", secret)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w.Code
}

func TestNew_ReadsTheEnvelope(t *testing.T) {
	envs, err := parse(ec2)
	require.NoError(t, err)
	require.Equal(t, []cactus.Envelope{{
		Meta: cactus.Meta{
			ID: "6a7e8feb-b491-4cf7-a9f1-bf3703467718", Type: "EC2-Instance-State-change-Notification",
			Created: time.Date(2017, 12, 22, 18, 43, 48, 0, time.UTC), Context: "111122223333",
		},
		Data: []byte(`{"instance-id":"i-1","state":"terminated"}`), Raw: []byte(ec2),
	}}, envs)
}

func TestNew_MakesATypeOfEveryDetailType(t *testing.T) {
	for detailType, want := range map[string]string{
		"customer.created":              "customer.created",
		"AWS API Call via CloudTrail":   "AWS-API-Call-via-CloudTrail",
		"  Größe \\u0026 Farbe!":        "Gr-e-Farbe",
		"v2.core.account[x].updated":    "v2.core.account[x].updated",
		"- dashes":                      "dashes",
		"Scheduled\\tEvent (every day)": "Scheduled-Event-every-day",
	} {
		envs, err := parse(strings.Replace(ec2, "EC2 Instance State-change Notification", detailType, 1))
		require.NoError(t, err, detailType)
		require.Equal(t, want, envs[0].Type)
	}
	for _, detailType := range []string{"!", "a/../b", strings.Repeat("a", 257)} {
		_, err := parse(strings.Replace(ec2, "EC2 Instance State-change Notification", detailType, 1))
		require.ErrorContains(t, err, `field "detail-type": as a type it `, detailType)
	}
	envs, err := parse(ec2, eventbridge.WithType(func(source, detailType string) string {
		return source + "/" + strings.Fields(detailType)[0]
	}))
	require.NoError(t, err)
	require.Equal(t, "aws.ec2/EC2", envs[0].Type)
}

func TestNew_NamesWhatIsWrong(t *testing.T) {
	for body, want := range map[string]string{
		`[]`: "must be a JSON object",
		`{"detail-type":"a","source":"b","detail":{}}`:                   `field "id": is missing`,
		`{"id":"1","source":"b","detail":{}}`:                            `field "detail-type": is missing`,
		`{"id":"1","detail-type":"a","detail":{}}`:                       `field "source": is missing`,
		`{"id":"1","detail-type":"a","source":"b"}`:                      `field "detail": is missing`,
		`{"id":"1","detail-type":"a","source":"b","detail":null}`:        `field "detail": is missing`,
		`{"id":"1","detail-type":"a","source":"b","detail":"{}"}`:        `field "detail": must be an object`,
		`{"id":"","detail-type":"a","source":"b","detail":{}}`:           `field "id": is empty`,
		`{"id":"a b","detail-type":"a","source":"b","detail":{}}`:        `field "id": has a byte`,
		`{"id":1,"detail-type":"a","source":"b","detail":{}}`:            `field "id": must be a string`,
		`{"id":"1","id":"1","detail-type":"a","source":"b","detail":{}}`: `field "id": is there twice`,
		`{"detail":{},"det\u0061il":{}}`:                                 `field "detail": is there twice`,
		`{"id":"1","detail-type":"","source":"b","detail":{}}`:           `field "detail-type": is empty`,
		`{"source":"` + strings.Repeat("a", 1025) + `"}`:                 `field "source": is longer than 1024 bytes`,
		`{"time":"yesterday"}`:                                           `field "time": must be an RFC 3339 time`,
		`{"time":5}`:                                                     `field "time": must be an RFC 3339 time`,
		`{"account":"a b"}`:                                              `field "account": has a byte`,
	} {
		_, err := parse(body)
		require.ErrorContains(t, err, want, body)
	}
}

func TestWithSources_RefusesOtherSources(t *testing.T) {
	only := eventbridge.WithSources("aws.partner/stripe.com/", "aws.ec2")
	_, err := parse(ec2, only)
	require.NoError(t, err)
	_, err = parse(strings.Replace(stripeEnvelope, "aws.partner/stripe.com/", "com.evil/stripe.com/", 1), only, eventbridge.WithInner(stripe.Inner()))
	require.EqualError(t, err, `field "source": is none that this endpoint takes`)
}

func TestWithInner_TheDetailIsTheEvent(t *testing.T) {
	envs, err := parse(stripeEnvelope, eventbridge.WithInner(stripe.Inner()))
	require.NoError(t, err)
	direct, err := stripe.Inner()(nil, []byte(stripeEvent))
	require.NoError(t, err)
	require.Equal(t, direct, envs)

	_, err = parse(ec2, eventbridge.WithInner(stripe.Inner()))
	require.EqualError(t, err, `field "detail": field "object": must be "event" or "v2.core.event"`)
	_, err = parse(ec2, eventbridge.WithInner(cactus.AppendEnvelope))
	require.EqualError(t, err, `field "detail": envelope field "id": is missing`)
	wrong := errors.New("wrong")
	_, err = parse(ec2, eventbridge.WithInner(func(dst []cactus.Envelope, _ []byte) ([]cactus.Envelope, error) {
		return append(dst, cactus.Envelope{}), wrong
	}))
	require.ErrorIs(t, err, wrong)
}

func TestNew_OverHTTP(t *testing.T) {
	var got []string
	var r cactus.Registry
	r.Handle("EC2-Instance-State-change-Notification", func(ctx context.Context, e *cactus.RawEvent) error {
		deadline, ok := ctx.Deadline()
		require.True(t, ok)
		require.Less(t, time.Until(deadline), 5*time.Second, "EventBridge waits no longer")
		got = append(got, e.Key)
		return nil
	})
	h := cactus.NewHandler(&r, eventbridge.New(token()))
	require.Equal(t, http.StatusOK, deliver(h, "b52e8a01d8c94f6e8b77", ec2))
	require.Equal(t, http.StatusUnauthorized, deliver(h, "b52e8a01d8c94f6e8b78", ec2))
	require.Equal(t, http.StatusUnauthorized, deliver(h, "", ec2))
	require.Equal(t, http.StatusBadRequest, deliver(h, "b52e8a01d8c94f6e8b77", `{}`))
	large := strings.Replace(ec2, `"state"`, `"pad":"`+strings.Repeat("a", 1<<20-100)+`","state"`, 1)
	require.Equal(t, http.StatusOK, deliver(h, "b52e8a01d8c94f6e8b77", large))
	require.Equal(t, http.StatusRequestEntityTooLarge, deliver(h, "b52e8a01d8c94f6e8b77", large+strings.Repeat(" ", 70<<10)))
	require.Equal(t, []string{"key1", "key1"}, got)
}

func TestNew_DiagnosesWhatItsVerifierKnows(t *testing.T) {
	req := cactus.NewRequest(nil, []byte(ec2), time.Time{})
	d, ok := cactus.Diagnose(t.Context(), eventbridge.New(token()), req)
	require.True(t, ok)
	require.ErrorIs(t, d.Err, signature.ErrNoSignature)
	slack := signature.Must(signature.NewSlack(signature.Key{Secret: "8f742231b10e8888abcd99yyyzzz85a5"}))
	d, ok = cactus.Diagnose(t.Context(), eventbridge.New(slack), req)
	require.True(t, ok)
	require.ErrorIs(t, d.Err, signature.ErrRefused)
}

func TestNew_PanicsWithoutWhatItNeeds(t *testing.T) {
	for _, f := range []func(){
		func() { eventbridge.New(nil) },
		func() { eventbridge.New(token(), nil) },
		func() { eventbridge.WithInner(nil) },
		func() { eventbridge.WithType(nil) },
		func() { eventbridge.WithSources() },
		func() { eventbridge.WithSources("aws.", "") },
	} {
		require.Panics(t, f)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(ec2))
	f.Add([]byte(stripeEnvelope))
	f.Add([]byte(`{"id":"1","detail-type":"\u00e4 \ud800","source":"b","detail":{},"time":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, opts := range [][]eventbridge.Option{nil, {eventbridge.WithInner(stripe.Inner())}} {
			envs, err := parse(string(body), opts...)
			require.Equal(t, err == nil, len(envs) == 1)
			if err == nil {
				require.NotEmpty(t, envs[0].ID)
				require.NotEmpty(t, envs[0].Type)
				require.NotNil(t, envs[0].Raw)
			}
		}
	})
}
