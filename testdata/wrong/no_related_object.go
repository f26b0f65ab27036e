// An event without a related object has no method to fetch one.
package main

import (
	"context"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/types"
)

func main() {
	var r cactus.Registry
	cactus.On(&r, func(ctx context.Context, e *types.OrderLostPushed) error {
		_, err := e.FetchRelatedObject(ctx) // want: e.FetchRelatedObject undefined
		return err
	})
}
