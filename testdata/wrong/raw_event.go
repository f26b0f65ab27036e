// A RawEvent has no type name of its own: Handle names it.
package main

import (
	"context"

	"github.com/cactuscorp/cactus"
)

func main() {
	var r cactus.Registry
	cactus.On(&r, func(context.Context, *cactus.RawEvent) error { return nil }) // want: (missing method EventType)
}
