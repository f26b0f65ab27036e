// Command basic decorates a function that makes a payload, so that calling it sends
// a webhook, and prints the result. From the repository's root:
//
//	go run ./examples/sender/basic
//
// The endpoint, which answers with what was posted, is in httpbin.go.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/cactuscorp/cactus/examples/sender/internal/loopback"
	"github.com/cactuscorp/cactus/sender"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "basic:", err)
		os.Exit(1)
	}
}

// Couple is what the webhook tells of.
type Couple struct{ Wife, Husband string }

func run(ctx context.Context) error {
	httpbin := startHTTPBin()
	defer httpbin.Close()

	// In your program: sender.NewClient(sender.Config{}), which reaches no private
	// address. This one may reach the endpoint on this machine.
	client := loopback.NewClient()

	basic := sender.Hook(sender.Targeted(client), func(_ context.Context, c Couple) (map[string]string, error) {
		return map[string]string{"husband": c.Husband, "wife": c.Wife}, nil
	}, sender.HashKey("hash")) // writes the id into the body, too

	r, err := basic(ctx, Couple{Husband: "Danny", Wife: "Audrey"}, sender.URL(httpbin.URL+"/post"))
	if err != nil {
		return err
	}
	fmt.Println("attempt:    ", r.Last().Number)
	fmt.Println("hash:       ", r.ID)
	fmt.Println("posted:     ", string(r.Message.Body))
	fmt.Println("status code:", r.Last().Status)
	fmt.Println("response:   ", string(r.Last().Body))
	fmt.Println("url:        ", r.URL)
	fmt.Println()
	fmt.Println(r) // fit for a log: without bodies and paths
	return nil
}
