// Package main is the program of README.md and of Cactus's package comment, as it
// stands there. No test runs it, because its port may be taken.
package main

import (
	"context"

	"github.com/cactuscorp/cactus/types"
)

func ship(context.Context, *types.Order) error { return nil }
