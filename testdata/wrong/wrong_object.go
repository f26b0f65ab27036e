// The related object of an order event is an order.
package main

import (
	"context"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/types"
)

func main() {
	var r cactus.Registry
	cactus.On(&r, func(ctx context.Context, e *types.OrderShipped) error {
		order, err := e.FetchRelatedObject(ctx)
		println(order.Title) // want: order.Title undefined (type *types.Order has no field or method Title)
		return err
	})
}
