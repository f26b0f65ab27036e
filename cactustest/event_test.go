package cactustest_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/types"
)

// door is an event without data.
type door struct {
	cactus.Bare
}

func (door) EventType() string { return "door.opened" }

// parcel has a field of its own and an object that names no type.
type parcel struct {
	cactus.Full[map[string]int]
	cactus.Related[box]

	Depot string `json:"depot"`
}

func (parcel) EventType() string { return "parcel.weighed" }

type box struct {
	Grams int `json:"grams"`
}

type parcelPushed struct {
	cactus.Pushed[parcel]
	cactus.Related[box]
}

func TestEvent_PullsFromMemory(t *testing.T) {
	e := cactustest.Event[types.OrderShippedPushed](t,
		types.OrderShippedData{ShippingService: "usps"}, &types.Order{ID: "ord_1", NumItems: 5})
	require.Equal(t, cactustest.EventID, e.ID)
	require.Equal(t, "order.shipped", e.Type)
	require.False(t, e.ReceivedAt.IsZero())
	require.Equal(t, cactus.ObjectRef{ID: "ord_1", Type: "order"}, e.RelatedObject)

	full, err := e.Pull(t.Context())
	require.NoError(t, err)
	require.Equal(t, "usps", full.Data.ShippingService)
	require.Equal(t, e.Meta, full.Meta)
	for _, fetch := range []func(context.Context) (*types.Order, error){e.FetchRelatedObject, full.FetchRelatedObject} {
		order, err := fetch(t.Context())
		require.NoError(t, err)
		require.Equal(t, 5, order.NumItems)
	}
}

func TestEvent_OfAFullTypeHasItsData(t *testing.T) {
	e := cactustest.Event[types.OrderLost](t, types.OrderLostData{LastSeenCity: "Boulder"}, nil)
	require.Equal(t, "Boulder", e.Data.LastSeenCity)

	require.Equal(t, "door.opened", cactustest.Event[door](t, nil, nil).Type)
}

func TestEvent_TakesJSONAndErrors(t *testing.T) {
	e := cactustest.Event[types.OrderShippedPushed](t,
		json.RawMessage(`{"shipping_service": "ups"}`), map[string]any{"num_items": 3, "id": "ord_3"})
	full, err := e.Pull(t.Context())
	require.NoError(t, err)
	require.Equal(t, "ups", full.Data.ShippingService)
	order, err := e.FetchRelatedObject(t.Context())
	require.NoError(t, err)
	require.Equal(t, types.Order{ID: "ord_3", NumItems: 3}, *order)

	down := errors.New("the API is down")
	e = cactustest.Event[types.OrderShippedPushed](t, down, cactus.ErrNotFound)
	require.Equal(t, cactus.ObjectRef{ID: cactustest.ObjectID, Type: "order"}, e.RelatedObject)
	_, err = e.Pull(t.Context())
	require.ErrorIs(t, err, down)
	_, err = e.FetchRelatedObject(t.Context())
	require.ErrorIs(t, err, cactus.ErrNotFound)
}

func TestEvent_WithoutAnObjectOrDataSaysSo(t *testing.T) {
	e := cactustest.Event[types.OrderShippedPushed](t, nil, nil)
	_, err := e.FetchRelatedObject(t.Context())
	require.ErrorIs(t, err, cactus.ErrNoObject)
	_, err = e.Pull(t.Context())
	require.EqualError(t, err, "decode order.shipped: the event has no data")
}

func TestEvent_PullEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	e := cactustest.Event[types.OrderShippedPushed](t,
		types.OrderShippedData{ShippingService: "usps"}, types.Order{ID: "ord_1"})
	_, err := e.Pull(ctx)
	require.ErrorIs(t, err, context.Canceled)
	_, err = e.FetchRelatedObject(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

func TestEvent_EditChangesWhatArrives(t *testing.T) {
	e := cactustest.Event[parcel](t, map[string]int{"scale": 2}, box{Grams: 40},
		func(env *cactus.Envelope) {
			env.ID, env.Type, env.Tenant = "evt_7", "parcel.weighed_again", "acme"
			env.RelatedObject.ID = "box_7"
			env.Raw = json.RawMessage(`{"depot": "north"}`)
		})
	require.Equal(t, "evt_7", e.ID)
	require.Equal(t, "parcel.weighed_again", e.Type)
	require.Equal(t, "acme", e.Tenant)
	require.Equal(t, cactus.ObjectRef{ID: "box_7", Type: "box"}, e.RelatedObject)
	require.Equal(t, "north", e.Depot)
	require.Equal(t, map[string]int{"scale": 2}, e.Data)

	thin := cactustest.Event[parcelPushed](t, errors.New("not asked"), nil,
		func(env *cactus.Envelope) { env.Data = json.RawMessage(`{"scale": 3}`) })
	full, err := thin.Pull(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string]int{"scale": 3}, full.Data)
}

func TestEvent_RefusesWhatDoesNotFit(t *testing.T) {
	requireFails(t, "cactustest: the data of types.OrderShippedPushed is a types.OrderShippedData, but was given a types.OrderLostData",
		func(tb *failingT) { cactustest.Event[types.OrderShippedPushed](tb, types.OrderLostData{}, nil) })
	requireFails(t, "cactustest: the data of types.OrderShipped is a types.OrderShippedData, but was given a string",
		func(tb *failingT) { cactustest.Event[types.OrderShipped](tb, "usps", nil) })
	requireFails(t, "cactustest: the related object of types.OrderShippedPushed is a types.Order, but was given a *types.Movie",
		func(tb *failingT) { cactustest.Event[types.OrderShippedPushed](tb, nil, &types.Movie{}) })
	requireFails(t, "cactustest: types.OrderLostPushed has no related object, but was given a types.Order",
		func(tb *failingT) { cactustest.Event[types.OrderLostPushed](tb, nil, types.Order{}) })
	requireFails(t, "cactustest: cactustest_test.door has no data, but was given a json.RawMessage",
		func(tb *failingT) { cactustest.Event[door](tb, json.RawMessage("1"), nil) })
	requireFails(t, "cactustest: make event order.shipped: ",
		func(tb *failingT) { cactustest.Event[types.OrderShipped](tb, types.OrderShippedData{}, nil) })
	requireFails(t, "cactustest: make event order.lost: ",
		func(tb *failingT) {
			cactustest.Event[types.OrderLostPushed](tb, nil, nil, func(env *cactus.Envelope) { env.ID = "" })
		})
	requireFails(t, "cactustest: marshal json.RawMessage: ",
		func(tb *failingT) { cactustest.Event[types.OrderLost](tb, json.RawMessage("{"), nil) })
}

func TestRawEvent_PullsFromMemory(t *testing.T) {
	e := cactustest.RawEvent(t, "parcel.weighed", map[string]int{"scale": 2}, &types.Order{ID: "ord_9"})
	require.Nil(t, e.Data)
	require.JSONEq(t, `{"id":"evt_test","type":"parcel.weighed","related_object":{"id":"ord_9","type":"order"}}`, string(e.Raw))
	require.Equal(t, "order", e.RelatedObject.Type)

	full, err := e.Pull(t.Context())
	require.NoError(t, err)
	require.JSONEq(t, `{"scale":2}`, string(full.Data))

	anonymous := cactustest.RawEvent(t, "parcel.weighed", nil, map[string]any{"n": 1})
	require.Equal(t, cactus.ObjectRef{ID: cactustest.ObjectID, Type: "object"}, anonymous.RelatedObject)
	object, err := anonymous.FetchRelatedObject(t.Context())
	require.NoError(t, err)
	require.JSONEq(t, `{"n":1}`, string(object))
}

// visited is an event with a field of its own.
type visited struct {
	cactus.Full[struct {
		Room string `json:"room"`
	}]

	Region string `json:"region" validate:"required"`
}

func (visited) EventType() string { return "room.visited" }

type visitedPushed struct {
	cactus.Pushed[visited]

	Region string `json:"region"`
}

func TestFields_AreInTheEventAndInWhatItPulls(t *testing.T) {
	e := cactustest.Event[visitedPushed](t, map[string]any{"room": "hall"}, nil,
		cactustest.Fields(map[string]any{"region": "eu"}), cactustest.Fields(map[string]any{"other": 1}))
	require.Equal(t, "eu", e.Region)
	full, err := e.Pull(t.Context())
	require.NoError(t, err)
	require.Equal(t, "eu", full.Region)
	require.Equal(t, "hall", full.Data.Room)

	require.Panics(t, func() { cactustest.Fields(map[string]any{"x": func() {}})(new(cactus.Envelope)) })
	require.Panics(t, func() { cactustest.Fields(nil)(&cactus.Envelope{Raw: []byte(`[]`)}) })
}
