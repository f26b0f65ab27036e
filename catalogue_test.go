package cactus_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/types"
)

func TestCatalogue_HasTypesAndSuggests(t *testing.T) {
	c := types.Catalogue
	require.Equal(t, []string{
		"movie.completed", "movie.started", "order.delivery_attempted", "order.lost", "order.shipped",
	}, c.Types())
	require.True(t, c.Has("order.lost"))
	require.False(t, c.Has("account.created"))
	near, ok := c.Suggest("order.shiped")
	require.True(t, ok)
	require.Equal(t, "order.shipped", near)
	_, ok = c.Suggest("invoice.paid")
	require.False(t, ok)
	_, ok = cactus.Catalogue{}.Suggest("")
	require.False(t, ok)

	more := c.With(cactus.Describe[account]())
	require.True(t, more.Has("account.created"))
	require.False(t, c.Has("account.created"), "a catalogue does not change")
}

func TestNewCatalogue_PanicsOnMisuse(t *testing.T) {
	require.Equal(t, `cactus: catalogue entry "order.lost": both types.OrderLost and types.OrderLostPushed have it`,
		panicText(t, func() {
			cactus.NewCatalogue(cactus.Describe[types.OrderLost](), cactus.Describe[types.OrderLostPushed]())
		}))
	require.Equal(t, `cactus: catalogue entry "a": make it with Describe`,
		panicText(t, func() { cactus.NewCatalogue(cactus.EventInfo{Type: "a"}) }))
}

func TestCatalogue_ParseEventGivesTheDescribedTypeOrARawEvent(t *testing.T) {
	f := newFetcher()
	event, err := types.Catalogue.ParseEvent(t.Context(), f, []byte(shippedThin))
	require.NoError(t, err)
	pushed, ok := event.(*types.OrderShippedPushed)
	require.True(t, ok)
	require.Empty(t, f.requests())
	full, err := pushed.Pull(t.Context())
	require.NoError(t, err)
	require.Equal(t, "usps", full.Data.ShippingService)

	event, err = types.Catalogue.ParseEvent(t.Context(), f, []byte(`{"id":"e","type":"foo.bar","data":{"n":1}}`))
	require.NoError(t, err)
	raw, ok := event.(*cactus.RawEvent)
	require.True(t, ok)
	require.JSONEq(t, `{"n":1}`, string(raw.Data))

	_, err = types.Catalogue.ParseEvent(t.Context(), f, []byte(`{"type":"some.event"}`))
	require.ErrorIs(t, err, cactus.ErrMalformed)

	onlyFull := cactus.NewCatalogue(cactus.Describe[types.OrderLost]())
	event, err = onlyFull.ParseEvent(t.Context(), f, []byte(lostThin))
	require.NoError(t, err)
	require.Equal(t, "Boulder", event.(*types.OrderLost).Data.LastSeenCity)
	_, err = onlyFull.ParseEvent(t.Context(), nil, []byte(lostThin))
	require.ErrorIs(t, err, cactus.ErrNoFetcher)
}

func TestCatalogue_FullEventPullsIfItMust(t *testing.T) {
	f := newFetcher()
	for _, body := range []string{shippedThin, shippedFull} {
		env, err := cactus.ParseEnvelope([]byte(body))
		require.NoError(t, err)
		event, err := types.Catalogue.FullEvent(t.Context(), f, env)
		require.NoError(t, err)
		require.Equal(t, "usps", event.(*types.OrderShipped).Data.ShippingService)
	}
	require.Len(t, f.requests(), 1)
	_, err := types.Catalogue.FullEvent(t.Context(), f, nil)
	require.ErrorIs(t, err, cactus.ErrMalformed)
}
