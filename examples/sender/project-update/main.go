// Command project-update tells everybody who asked for it of each update of a
// project, and shows what was delivered. From the repository's root:
//
//	go run ./examples/sender/project-update
//
// Whom to tell is looked up by a sender of its own, in targets.go. The endpoints
// are in endpoints.go.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/cactuscorp/cactus/examples/sender/internal/loopback"
	"github.com/cactuscorp/cactus/sender"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "project-update:", err)
		os.Exit(1)
	}
}

// Project is what is updated.
type Project struct{ Title, Description string }

// Update is an update of a project. Owner is who made the webhooks that are to be
// told, and Identifier a key of the owner's or the system's.
type Update struct {
	Project           Project
	Owner, Identifier string
}

func projectUpdate(_ context.Context, u Update) (map[string]string, error) {
	// Add more logic here as needed.
	return map[string]string{
		"event":       "project.update",
		"owner":       u.Owner,
		"title":       u.Project.Title,
		"description": u.Project.Description,
	}, nil
}

func run(ctx context.Context) error {
	endpoints := startEndpoints()
	defer endpoints.Close()
	targets := []Target{
		{"project.update", "audreyr", "cookiecutter", endpoints.URL + "/docs"},
		{"project.update", "audreyr", "cookiecutter", endpoints.URL + "/chat"},
		{"project.update", "audreyr", "binaryornot", endpoints.URL + "/chat"},
		{"project.delete", "audreyr", "cookiecutter", endpoints.URL + "/docs"},
		{"project.update", "pydanny", "webhooks", endpoints.URL + "/gone"},
	}

	// In your program: sender.NewClient(sender.Config{}), which reaches no private
	// address. This one may reach the endpoints on this machine.
	client := loopback.NewClient()
	deliveries := sender.NewRing(1000)
	sendProjectUpdate := sender.Hook(&targeted{client, targets}, projectUpdate,
		sender.Record(deliveries),
		sender.Value(event, "project.update"),
		sender.From(func(u Update) sender.Option {
			return sender.Options(sender.Value(owner, u.Owner), sender.Value(identifier, u.Identifier))
		}))

	for _, u := range []Update{
		{Project{"Cookiecutter", "Projects from templates"}, "audreyr", "cookiecutter"},
		{Project{"webhooks", "Flexible, reusable webhooks"}, "pydanny", "webhooks"},
		{Project{"Cactus", "Prickly"}, "saguaro", "cactus"},
	} {
		result, err := sendProjectUpdate(ctx, u)
		fmt.Printf("%s: %s after %d attempt(s)\n", u.Project.Title, result.State, len(result.Attempts))
		if err != nil {
			fmt.Printf("  %v (no target: %t)\n", err, errors.Is(err, ErrNoTarget))
		}
	}

	for _, name := range []string{"audreyr", "pydanny"} {
		fmt.Printf("Deliveries of %s, the newest first:\n", name)
		for _, d := range deliveries.ByValue(owner, name) {
			fmt.Printf("  %s attempt %d: %s, %d %s\n",
				d.Message.URL, d.Attempt.Number, d.Attempt.Outcome, d.Attempt.Status, d.Attempt.Body)
		}
	}
	return nil
}
