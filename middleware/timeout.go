package middleware

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cactuscorp/cactus"
)

// Timeout gives the handler, and the pull before it, a context that ends after
// d. An earlier deadline stays in force. It panics if d is not positive.
//
// It asks and does not force: a handler that ignores its context keeps running,
// and Timeout waits for it and returns what it returns. One that was abandoned
// instead would go on with the event while the sender delivers it again.
//
// The cause of the context's end (context.Cause) names d, and so does an error
// of the handler that is a context.DeadlineExceeded. Neither changes the
// outcome: a timeout is a [cactus.OutcomeFailed] unless the handler says
// otherwise.
func Timeout(d time.Duration) cactus.Middleware {
	if d <= 0 {
		panic(fmt.Sprintf("middleware: Timeout of %v: it must be positive", d))
	}
	cause := fmt.Errorf("timeout of %v: %w", d, context.DeadlineExceeded)
	return func(next cactus.HandlerFunc) cactus.HandlerFunc {
		return func(ctx context.Context, event cactus.Event) error {
			ctx, cancel := context.WithTimeoutCause(ctx, d, cause)
			defer cancel()
			err := next(ctx, event)
			if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, cause) || !errors.Is(context.Cause(ctx), cause) {
				return err
			}
			return fmt.Errorf("timeout of %v: %w", d, err)
		}
	}
}
