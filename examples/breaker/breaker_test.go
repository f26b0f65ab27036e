// Package breaker shows circuit breaking, which Cactus leaves to a library made
// for it, as a middleware of one's own.
package breaker_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/types"
)

// Breaker stops calling a handler that keeps failing, and has the sender come
// back when the breaker lets the next one through.
func Breaker(settings gobreaker.Settings) cactus.Middleware {
	return func(next cactus.HandlerFunc) cactus.HandlerFunc {
		cb := gobreaker.NewCircuitBreaker[struct{}](settings) // one for each handler
		return func(ctx context.Context, event cactus.Event) error {
			_, err := cb.Execute(func() (struct{}, error) { return struct{}{}, next(ctx, event) })
			if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
				return cactus.RetryAfter(settings.Timeout, err) // 503
			}
			return err
		}
	}
}

func Example() {
	var r cactus.Registry
	r.Use(Breaker(gobreaker.Settings{
		Timeout:     30 * time.Second,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= 2 },
		// What a retry cannot mend says nothing about the health of what the
		// handler calls.
		IsSuccessful: func(err error) bool { return cactus.OutcomeOf(err) < cactus.OutcomeBusy },
	}))
	calls := 0
	cactus.On(&r, func(context.Context, *types.OrderLostPushed) error {
		calls++
		return errors.New("the warehouse is down")
	})

	body := []byte(`{"id":"evt_441","type":"order.lost"}`)
	for range 4 {
		fmt.Println(r.DispatchUnverified(context.Background(), body))
	}
	fmt.Println("calls:", calls)
	// Output:
	// the warehouse is down
	// the warehouse is down
	// retry: circuit breaker is open
	// retry: circuit breaker is open
	// calls: 2
}
