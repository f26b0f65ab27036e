package cactus_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
)

func TestParseEnvelope_AcceptsBothSpellingsAndMore(t *testing.T) {
	order := cactus.ObjectRef{ID: "ord_452", Type: "order"}
	created := time.Date(2025, 10, 4, 15, 13, 32, 232083866, time.UTC)
	tests := map[string]struct {
		body string
		want cactus.Envelope
	}{
		"snake case": {shippedThin, cactus.Envelope{Meta: cactus.Meta{ID: "evt_441", Type: "order.shipped"}, RelatedObject: order}},
		"camel case": {`{"id":"e","type":"t","relatedObject":{"id":"ord_452","type":"order"}}`, cactus.Envelope{Meta: cactus.Meta{ID: "e", Type: "t"}, RelatedObject: order}},
		"no object":  {`{"id":"e","type":"t"}`, cactus.Envelope{Meta: cactus.Meta{ID: "e", Type: "t"}}},
		"nulls": {
			` {"related_object":null,"data":null,"created":null,"context":null,"type":"t","id":"e"} `,
			cactus.Envelope{Meta: cactus.Meta{ID: "e", Type: "t"}},
		},
		"everything": {
			`{"id":"e","object":"v2.core.event","type":"v2.core.account[configuration.merchant].updated","livemode":false,` +
				`"created":"2025-10-04T15:13:32.232083866Z","context":"a/b","data":{"n":[1,{}]},` +
				`"related_object":{"id":"ord_452","type":"order","url":"/v1/orders/ord_452","new":true}}`,
			cactus.Envelope{
				Meta: cactus.Meta{
					ID: "e", Type: "v2.core.account[configuration.merchant].updated", Created: created, Context: "a/b",
				},
				RelatedObject: cactus.ObjectRef{ID: "ord_452", Type: "order", URL: "/v1/orders/ord_452"},
				Data:          json.RawMessage(`{"n":[1,{}]}`),
			},
		},
		"escapes": {`{"\u0069d":"\u0065","type":"t"}`, cactus.Envelope{Meta: cactus.Meta{ID: "e", Type: "t"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.want.Raw = json.RawMessage(tt.body)
			got, err := cactus.ParseEnvelope([]byte(tt.body))
			require.NoError(t, err)
			require.Equal(t, tt.want, *got)
		})
	}
}

func TestParseEnvelope_RefusesTheRestAndNamesTheField(t *testing.T) {
	for body, want := range map[string]string{
		`{"type": "some.event"}`:                              `field "id": is missing`,
		`{"id":"e"}`:                                          `field "type": is missing`,
		`{"id":null,"type":"t"}`:                              `field "id"`,
		`{"id":5,"type":"t"}`:                                 `field "id": must be a string`,
		`{"id":"e","type":"t","id":"e"}`:                      `field "id"`,
		`{"id":"e","type":"t","\u0069d":"f"}`:                 `field "id"`,
		`{"id":"e","type":"t","data":1,"data":2}`:             `field "data"`,
		`{"id":"a b","type":"t"}`:                             `field "id"`,
		`{"id":"..","type":"t"}`:                              `field "id"`,
		`{"id":"e","type":"t t"}`:                             `field "type"`,
		`{"id":"e","type":"t","created":1749000000}`:          `field "created": must be a`,
		`{"id":"e","type":"t","created":"2025-06-01"}`:        `field "created"`,
		`{"id":"e","type":"t","context":"a\r\nb"}`:            `field "context"`,
		`{"id":"e","type":"t","related_object":"x"}`:          `field "related_object": must be an object`,
		`{"id":"e","type":"t","related_object":{"id":"o"}}`:   `field "related_object.type": is missing`,
		`{"id":"e","type":"t","related_object":{"type":"o"}}`: `field "related_object.id": is missing`,
		`{"id":"e","type":"t","related_object":{"id":"o","type":"o","url":"https://evil.test/"}}`: `field "related_object.url"`,
		`{"id":"e","type":"t","related_object":{"id":"o","type":"o","url":"//evil.test/"}}`:       `field "related_object.url"`,
		`{"id":"e","type":"t","related_object":null,"relatedObject":null}`:                        `field "related_object"`,
		`{"id":"e","type":"t"} x`:           `at byte`,
		`{"id":"e","type":"t"`:              `at byte`,
		"{\"id\":\"e\",\"type\":\"t\xff\"}": `UTF-8`,
		`[]`:                                `must be a JSON object`,
		``:                                  `body: is empty`,
	} {
		_, err := cactus.ParseEnvelope([]byte(body))
		require.ErrorIs(t, err, cactus.ErrMalformed, body)
		require.ErrorContains(t, err, want, body)
	}
}

// FuzzParseEvent holds what the parser accepts against encoding/json, and a
// parsed event against its own wire form.
func FuzzParseEvent(f *testing.F) {
	for _, seed := range []string{shippedThin, shippedFull, lostThin, `{"type":"some.event"}`, `{"id":"e","type":"t","data":[1]}`} {
		f.Add([]byte(seed))
	}
	catalogue := cactus.NewCatalogue(cactus.Describe[accountPushed]())
	f.Fuzz(func(t *testing.T, body []byte) {
		event, err := catalogue.ParseEvent(t.Context(), nil, body)
		if err != nil {
			require.Nil(t, event)
			return
		}
		require.True(t, json.Valid(body))
		var fields struct {
			ID   string `json:"id"`
			Type string `json:"type"`
		}
		require.NoError(t, json.Unmarshal(body, &fields))
		m := *event.Metadata()
		if !bytes.Contains(bytes.ToLower(body), []byte(`"i\u`)) && bytes.Count(bytes.ToLower(body), []byte(`"id"`)) == 1 {
			require.Equal(t, fields.ID, m.ID)
		}
		wire, err := cactus.Marshal(event)
		require.NoError(t, err)
		again, err := cactus.ParseEnvelope(wire)
		require.NoError(t, err, string(wire))
		require.Equal(t, m.ID, again.ID)
		require.Equal(t, m.Type, again.Type)
		require.Equal(t, m.Context, again.Context)
		require.True(t, m.Created.Equal(again.Created))
		if raw, ok := event.(*cactus.RawEvent); ok {
			require.Equal(t, raw.RelatedObject, again.RelatedObject)
			require.Equal(t, raw.Data == nil, again.Data == nil)
		}
	})
}

func TestMeta_LogsIdentityOnly(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	event := cactus.New[account]("a_1")
	event.Context, event.Tenant = "acct_7", "acme"
	logger.Info("x", "event", event)
	require.Contains(t, log.String(), "event.id=a_1 event.type=account.created event.tenant=acme")
	require.NotContains(t, log.String(), "acct_7")
}
