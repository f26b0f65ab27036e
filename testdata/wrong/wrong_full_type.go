// A pulled event has its own type and cannot be taken for another.
package main

import (
	"context"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/types"
)

func main() {
	var r cactus.Registry
	cactus.On(&r, func(ctx context.Context, e *types.OrderShippedPushed) error {
		var full *types.OrderLost
		full, err := e.Pull(ctx) // want: cannot use e.Pull(ctx)
		_ = full
		return err
	})
}
