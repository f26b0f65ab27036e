package docs_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
)

// The thin event of README.md, with the two structs that it leaves to its reader.

type OrderShipped struct { // full
	cactus.Full[OrderShippedData]
	cactus.Related[Order]
}

func (OrderShipped) EventType() string { return "order.shipped" } // the one place that names it

type OrderShippedPushed struct { // thin
	cactus.Pushed[OrderShipped]
	cactus.Related[Order]
}

type OrderShippedData struct {
	ShippingService string `json:"shipping_service"`
}

type Order struct {
	ID string `json:"id"`
}

func (Order) ObjectType() string { return "order" }

func TestReadme_ThinEvent(t *testing.T) {
	var r cactus.Registry
	var got []string
	cactus.On(&r, func(ctx context.Context, e *OrderShippedPushed) error {
		full, err := e.Pull(ctx)
		if err != nil {
			return err
		}
		got = append(got, e.RelatedObject.ID, full.Data.ShippingService)
		return nil
	})
	e := cactustest.Event[OrderShipped](t, OrderShippedData{ShippingService: "usps"}, Order{ID: "ord_1"})
	api := cactustest.NewAPI(cactustest.APIKey)
	api.AddEvent(e)
	r.Fetcher = api.Client()
	require.NoError(t, r.DispatchUnverified(t.Context(), cactustest.ThinBody(t, e)))
	require.Equal(t, []string{"ord_1", "usps"}, got)
}
