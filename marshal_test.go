package cactus_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/types"
)

func TestMarshal_WritesTheWireFormsInTheirOrder(t *testing.T) {
	shipped := cactus.New[types.OrderShipped]("evt_441")
	shipped.RelatedObject = cactus.ObjectRef{ID: "ord_452", Type: "order"}
	shipped.Data.ShippingService = "usps"
	thin := `{"id":"evt_441","type":"order.shipped","related_object":{"id":"ord_452","type":"order"}`
	requireWire(t, shipped, thin+`,"data":{"shipping_service":"usps"}}`, thin+`}`)

	pushed := cactus.New[types.OrderShippedPushed]("evt_441")
	pushed.RelatedObject = shipped.RelatedObject
	requireWire(t, pushed, thin+`}`, thin+`}`)

	own := cactus.New[account]("a_1")
	own.Created = time.Date(2025, 6, 1, 10, 0, 0, 0, time.UTC)
	own.Context, own.Tenant, own.Livemode, own.Region = "acct_7", "not on the wire", true, "eu"
	want := `{"id":"a_1","type":"account.created","created":"2025-06-01T10:00:00Z","context":"acct_7",` +
		`"region":"eu","livemode":true,"reason":null,"Untagged":""}`
	requireWire(t, own, want, want)

	raw := &cactus.RawEvent{
		Meta: cactus.Meta{ID: "e", Type: "t"}, RelatedObject: cactus.ObjectRef{ID: "o", Type: "p", URL: "/p/o"},
		Data: json.RawMessage(`[1]`), Raw: json.RawMessage(`{"ignored":true}`),
	}
	thin = `{"id":"e","type":"t","related_object":{"id":"o","type":"p","url":"/p/o"}`
	requireWire(t, raw, thin+`,"data":[1]}`, thin+`}`)
}

func requireWire(t *testing.T, e cactus.Event, full, thin string) {
	t.Helper()
	got, err := cactus.Marshal(e)
	require.NoError(t, err)
	require.Equal(t, full, string(got))
	got, err = cactus.MarshalThin(e)
	require.NoError(t, err)
	require.Equal(t, thin, string(got))
	_, err = cactus.ParseEnvelope(got)
	require.NoError(t, err)
}

func TestMarshal_RefusesWhatAReceiverWould(t *testing.T) {
	with := func(change func(*cactus.RawEvent)) cactus.Event {
		e := &cactus.RawEvent{Meta: cactus.Meta{ID: "e", Type: "t"}, RelatedObject: cactus.ObjectRef{ID: "o", Type: "p"}}
		change(e)
		return e
	}
	for want, event := range map[string]cactus.Event{
		"id: ":                  with(func(e *cactus.RawEvent) { e.ID = "" }),
		"type: ":                with(func(e *cactus.RawEvent) { e.Type = "a b" }),
		"context: ":             with(func(e *cactus.RawEvent) { e.Context = "a b" }),
		"related_object.id: ":   with(func(e *cactus.RawEvent) { e.RelatedObject.ID = "" }),
		"related_object.type: ": with(func(e *cactus.RawEvent) { e.RelatedObject.Type = "" }),
		"related_object.url: ":  with(func(e *cactus.RawEvent) { e.RelatedObject.URL = "https://x" }),
		"no event":              nil,
	} {
		_, err := cactus.Marshal(event)
		require.ErrorIs(t, err, cactus.ErrMalformed)
		require.ErrorContains(t, err, want)
	}
	_, err := cactus.Marshal((*account)(nil))
	require.ErrorContains(t, err, "there is no event")
	unwritable := cactus.New[anyEvent]("e")
	unwritable.Data = math.NaN()
	_, err = cactus.Marshal(unwritable)
	require.ErrorContains(t, err, "marshal event")
}
