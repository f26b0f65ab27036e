package middleware

import (
	"context"

	"github.com/cactuscorp/cactus"
)

// Recover turns a panic below it into a [*cactus.PanicError], whose outcome is
// [cactus.OutcomeFailed]. http.ErrAbortHandler is passed on, because it is
// net/http's own signal.
//
// Dispatch recovers too, but outside all middleware: a panic rushes past
// whatever comes after a middleware's call of the next handler. With Recover,
// the middleware outside it sees an error and can count it or try again.
//
// A panic in a goroutine that the handler started is out of reach, as for every
// recover: it ends the program.
func Recover() cactus.Middleware {
	return func(next cactus.HandlerFunc) cactus.HandlerFunc {
		return func(ctx context.Context, event cactus.Event) (err error) {
			defer func() {
				if v := recover(); v != nil {
					err = cactus.NewPanicError(v)
				}
			}()
			return next(ctx, event)
		}
	}
}
