package cactus_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/types"
)

// Use has no handler go without, not even one that is just being registered.
func TestRegistry_UseDuringARegistrationIsNoticed(t *testing.T) {
	pass := func(next cactus.HandlerFunc) cactus.HandlerFunc { return next }
	for name, register := range map[string]func(r *cactus.Registry, opt cactus.Option){
		"handler at": func(r *cactus.Registry, opt cactus.Option) {
			cactus.On(r, func(context.Context, *types.OrderLost) error { return nil }, opt)
		},
		"fallback at": func(r *cactus.Registry, opt cactus.Option) {
			r.OnOther(func(context.Context, *cactus.RawEvent, bool) error { return nil }, opt)
		},
	} {
		r := new(cactus.Registry)
		late := cactus.WithMiddleware(func(next cactus.HandlerFunc) cactus.HandlerFunc {
			r.Use(pass)
			return next
		})
		text := panicText(t, func() { register(r, late) })
		require.Contains(t, text, name)
		require.Contains(t, text, "Use was called meanwhile")
	}
}
