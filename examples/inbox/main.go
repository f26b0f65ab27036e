// Command inbox answers webhooks with 202 once they are in a SQLite database, and
// works on them in the background: with a second attempt for what fails, and a
// dead letter that is replayed by the next deploy. From the repository's root:
//
//	go run ./examples/inbox
//
// The file app.go has what a program needs to do so. The company that sends is
// played by corp.go.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/types"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "inbox:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "inbox")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "inbox.db")
	if err := monday(ctx, file); err != nil {
		return err
	}
	return tuesday(ctx, file)
}

// monday has a bug in the handler of lost orders.
func monday(ctx context.Context, file string) error {
	fmt.Println("Monday's deploy")
	attempts := 0
	app, err := deploy(ctx, file, func(r *cactus.Registry) {
		cactus.On(r, func(_ context.Context, e *types.OrderShippedPushed) error {
			if attempts++; attempts == 1 {
				fmt.Printf("  %s: the label printer is offline\n", e.ID)
				return errors.New("the label printer is offline")
			}
			fmt.Printf("  %s: printed a label for %s\n", e.ID, e.RelatedObject.ID)
			return nil
		})
		cactus.On(r, func(_ context.Context, e *types.OrderLostPushed) error {
			fmt.Printf("  %s: whom to ask?\n", e.ID)
			return cactus.Permanent(errors.New("nobody to ask is configured"))
		})
	})
	if err != nil {
		return err
	}
	if err := send(ctx, app.server.URL+"/webhooks", shipped, lost); err != nil {
		return err
	}
	if err := app.report(ctx); err != nil {
		return err
	}
	app.work() //nolint:contextcheck // Shutdown ends it, and not a context
	if err := errors.Join(app.idle(ctx), app.report(ctx)); err != nil {
		return err
	}
	return app.shutdown(ctx)
}

// tuesday has the bug mended.
func tuesday(ctx context.Context, file string) error {
	fmt.Println("Tuesday's deploy")
	app, err := deploy(ctx, file, func(r *cactus.Registry) {
		cactus.On(r, func(_ context.Context, e *types.OrderShippedPushed) error {
			fmt.Printf("  %s: printed a label for %s\n", e.ID, e.RelatedObject.ID)
			return nil
		})
		cactus.On(r, func(_ context.Context, e *types.OrderLostPushed) error {
			fmt.Printf("  %s: asked the depot\n", e.ID)
			return nil
		})
	})
	if err != nil {
		return err
	}
	replayed, err := app.inbox.ReplayAll(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("Replayed %d\n", replayed)
	// The company sends one once more, which is answered, and no label is printed.
	if err := send(ctx, app.server.URL+"/webhooks", shipped); err != nil {
		return err
	}
	app.work() //nolint:contextcheck // Shutdown ends it, and not a context
	if err := errors.Join(app.idle(ctx), app.report(ctx)); err != nil {
		return err
	}
	return app.shutdown(ctx)
}
