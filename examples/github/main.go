// Command github receives GitHub's webhooks, whose payloads have the Go types of
// go-github, see events.go. From the repository's
// root:
//
//	go run ./examples/github
//
// GitHub is played by sender.go.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/source/github"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "github:", err)
		os.Exit(1)
	}
}

func run() error {
	var registry cactus.Registry
	registry.Use(tell, middleware.Dedupe(middleware.NewMemoryDedupe()))
	cactus.On(&registry, func(_ context.Context, e *Ping) error {
		fmt.Printf("  Webhook %d works: %s\n", e.Data.GetHookID(), e.Data.GetZen())
		return nil
	})
	cactus.On(&registry, func(_ context.Context, e *Push) error {
		// GitHub signs the payload and not the event's name, and go-github's types
		// have no validate tags. So look for what makes a push a push.
		if e.Data.Ref == nil || e.Data.Repo == nil {
			return cactus.Permanent(errors.New("a push without a ref or a repository"))
		}
		branch := strings.TrimPrefix(e.Data.GetRef(), "refs/heads/")
		fmt.Printf("  %s pushed %d commit(s) to %s of %s\n",
			e.Data.GetPusher().GetName(), len(e.Data.Commits), branch, e.Data.GetRepo().GetFullName())
		for _, commit := range e.Data.Commits {
			fmt.Printf("    %.7s %s\n", commit.GetID(), commit.GetMessage())
		}
		return nil
	})
	cactus.On(&registry, func(_ context.Context, e *PullRequestOpened) error {
		if e.Data.PullRequest == nil {
			return cactus.Permanent(errors.New("a pull_request event without a pull request"))
		}
		fmt.Printf("  %s opened #%d: %s\n", e.Data.GetSender().GetLogin(), e.Data.GetNumber(), e.Data.GetPullRequest().GetTitle())
		return nil
	})

	const secret = "not the secret of a real webhook"
	verifier := signature.Must(signature.NewGitHub(signature.Key{Secret: secret}))
	receiver := httptest.NewServer(cactus.NewHandler(&registry, github.New(verifier)))
	defer receiver.Close()

	return deliver(receiver.URL, secret)
}

// tell says what no handler can: that it was not asked.
func tell(next cactus.HandlerFunc) cactus.HandlerFunc {
	return func(ctx context.Context, e cactus.Event) error {
		err := next(ctx, e)
		if errors.Is(err, middleware.ErrDuplicate) {
			fmt.Println("  Done already, so the handler did not run")
		}
		return err
	}
}
