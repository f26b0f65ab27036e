// Command async changes one argument of a hook, its sender, and so sends in the
// background. From the repository's root:
//
//	go run ./examples/sender/async
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/cactuscorp/cactus/examples/sender/internal/loopback"
	"github.com/cactuscorp/cactus/sender"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "async:", err)
		os.Exit(1)
	}
}

// Project is what the webhook tells of.
type Project struct {
	Title string
	// Stars takes its time. It stands for queries of a database.
	Stars func() int
}

// newHook is the hook of both: only its sender differs.
func newHook(s sender.Sender, url string) sender.HookFunc[Project] {
	return sender.Hook(s, func(_ context.Context, p Project) (map[string]any, error) {
		return map[string]any{"title": p.Title, "stars": p.Stars()}, nil
	}, sender.URL(url))
}

func run(ctx context.Context) error {
	endpoint := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer endpoint.Close()

	// In your program: sender.NewClient(sender.Config{}), which reaches no private
	// address. This one may reach the endpoint on this machine.
	client := loopback.NewClient()

	send := newHook(client, endpoint.URL)
	r, err := send(ctx, Project{"Cactus", func() int { return 1 }})
	if err != nil {
		return err
	}
	fmt.Printf("A client has %s it when the call returns\n", r.State)

	async := sender.NewAsync(client, 2, 100) // two at a time, and up to a hundred that wait
	send = newHook(async, endpoint.URL)
	counted := make(chan int)
	r, err = send(ctx, Project{"Cactus", func() int { return <-counted }})
	if err != nil {
		return err
	}
	fmt.Printf("An Async has %s it, and has not made its payload yet\n", r.State)
	counted <- 2
	final, err := r.Wait(ctx) // only for who wants to know
	if err != nil {
		return err
	}
	fmt.Printf("Wait returns when it is %s: %s\n", final.State, final.Message.Body)

	return shutdown(ctx, async, send)
}

// shutdown is what a program does with SIGTERM, while eight are on their way.
func shutdown(ctx context.Context, async *sender.Async, send sender.HookFunc[Project]) error {
	results := make([]*sender.Result, 8)
	for i := range results {
		var err error
		if results[i], err = send(ctx, Project{"Cactus", func() int { return i }}); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	left, err := async.Shutdown(ctx)
	if err != nil {
		return err
	}
	sent := 0
	for _, r := range results {
		if final, err := r.Wait(ctx); err == nil && final.OK() {
			sent++
		}
	}
	fmt.Printf("Shutdown left %d of %d undone, %d are sent\n", left, len(results), sent)

	_, err = send(ctx, Project{"Cactus", func() int { return 0 }})
	fmt.Printf("Too late: %v, %t\n", err, errors.Is(err, sender.ErrShutdown))
	return nil
}
