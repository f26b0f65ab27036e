package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/types"
)

// body is a thin event as it is pushed.
const body = `{"id": "evt_441", "type": "order.shipped", "related_object": {"id": "ord_452", "type": "order"}}`

// exampleLogger leaves out what differs from run to run.
func exampleLogger() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		switch a.Key {
		case slog.TimeKey, "duration", "stack":
			return slog.Attr{}
		}
		return a
	}}))
}

// The recommended chain. The first attempt fails to pull the event, the second
// panics, the third succeeds, and the log has one record.
func Example() {
	api := &flakyFetcher{failures: 1, err: errors.New("the API is restarting"), data: `{"shipping_service":"usps"}`}
	r := &cactus.Registry{Fetcher: api}
	r.Use(
		middleware.Logging(exampleLogger()),
		middleware.Retry(middleware.WithBackoff(time.Millisecond, time.Second)),
		middleware.Recover(),
		middleware.Timeout(4*time.Second),
	)
	cactus.On(r, func(ctx context.Context, e *types.OrderShipped) error {
		fmt.Println("attempt", middleware.Attempt(ctx), "with", e.Data.ShippingService)
		if middleware.Attempt(ctx) == 2 {
			panic("a bug")
		}
		return nil
	})
	fmt.Println(r.DispatchUnverified(context.Background(), []byte(body)))
	// Output:
	// attempt 2 with usps
	// attempt 3 with usps
	// level=INFO msg="event handled" event.id=evt_441 event.type=order.shipped outcome=handled
	// <nil>
}

// The first middleware is the outermost, over several calls of Use too, and
// what a handler is registered with comes inside all of them.
func Example_order() {
	trace := func(name string) cactus.Middleware {
		return func(next cactus.HandlerFunc) cactus.HandlerFunc {
			return func(ctx context.Context, event cactus.Event) error {
				fmt.Println("enter", name)
				defer fmt.Println("leave", name)
				return next(ctx, event)
			}
		}
	}
	r := &cactus.Registry{}
	r.Use(trace("first"))
	r.Use(trace("second"), trace("third"))
	cactus.On(r, func(_ context.Context, e *types.OrderShippedPushed) error {
		fmt.Println("handle", e.ID)
		return nil
	}, cactus.WithMiddleware(trace("fourth"), trace("fifth")))

	_ = r.DispatchUnverified(context.Background(), []byte(body))
	// Output:
	// enter first
	// enter second
	// enter third
	// enter fourth
	// enter fifth
	// handle evt_441
	// leave fifth
	// leave fourth
	// leave third
	// leave second
	// leave first
}

func ExampleLogging() {
	r := &cactus.Registry{}
	r.Use(middleware.Logging(exampleLogger()))
	cactus.On(r, func(context.Context, *types.OrderShippedPushed) error {
		return cactus.RetryAfter(time.Minute, errors.New("the warehouse is closed"))
	})
	_ = r.DispatchUnverified(context.Background(), []byte(body))
	// Output:
	// level=WARN msg="event not handled" event.id=evt_441 event.type=order.shipped outcome=retry error="retry: the warehouse is closed"
}

// A receiver of many events keeps those that went well out of its log.
func ExampleWithLevel() {
	quiet := middleware.WithLevel(func(o cactus.Outcome) slog.Level {
		if o <= cactus.OutcomeIgnored {
			return slog.LevelDebug
		}
		return slog.LevelError
	})
	r := &cactus.Registry{}
	r.Use(middleware.Logging(exampleLogger(), quiet))
	cactus.On(r, func(context.Context, *types.OrderShippedPushed) error { return nil })
	cactus.On(r, func(context.Context, *types.OrderLostPushed) error { return errors.New("nobody is in") })

	_ = r.DispatchUnverified(context.Background(), []byte(body))
	_ = r.DispatchUnverified(context.Background(), []byte(`{"id": "evt_849", "type": "order.lost"}`))
	// Output:
	// level=ERROR msg="event not handled" event.id=evt_849 event.type=order.lost outcome=failed error="nobody is in"
}

// Count stands for any middleware of a program's own. It counts the panic
// because Recover is inside it.
func ExampleRecover() {
	failures := 0
	count := func(next cactus.HandlerFunc) cactus.HandlerFunc {
		return func(ctx context.Context, event cactus.Event) error {
			err := next(ctx, event)
			if err != nil {
				failures++
			}
			return err
		}
	}
	r := &cactus.Registry{}
	r.Use(count, middleware.Recover())
	cactus.On(r, func(context.Context, *types.OrderShippedPushed) error { panic("a bug") })

	err := r.DispatchUnverified(context.Background(), []byte(body))
	fmt.Println(err)
	fmt.Println(failures, "failure")
	// Output:
	// panic: a bug
	// 1 failure
}

func ExampleRetry() {
	r := &cactus.Registry{}
	r.Use(middleware.Retry(
		middleware.WithTries(4),
		middleware.WithBackoff(time.Millisecond, 2*time.Second),
		middleware.WithRetryable(func(err error) bool { return !errors.Is(err, errors.ErrUnsupported) }),
	))
	cactus.On(r, func(ctx context.Context, _ *types.OrderShippedPushed) error {
		fmt.Println("attempt", middleware.Attempt(ctx))
		if middleware.Attempt(ctx) < 3 {
			return errors.New("the row is locked")
		}
		return cactus.Permanent(errors.New("the order was cancelled"))
	})
	fmt.Println(r.DispatchUnverified(context.Background(), []byte(body)))
	// Output:
	// attempt 1
	// attempt 2
	// attempt 3
	// permanent: the order was cancelled
}

func ExampleTimeout() {
	r := &cactus.Registry{}
	r.Use(middleware.Timeout(10 * time.Millisecond))
	cactus.On(r, func(ctx context.Context, _ *types.OrderShippedPushed) error {
		select {
		case <-time.After(time.Hour):
			return nil
		case <-ctx.Done():
			return fmt.Errorf("print the label: %w", ctx.Err())
		}
	})
	fmt.Println(r.DispatchUnverified(context.Background(), []byte(body)))
	// Output:
	// timeout of 10ms: print the label: context deadline exceeded
}
