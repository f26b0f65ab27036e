package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/cactuscorp/cactus/examples/sender/internal/loopback"
	"github.com/cactuscorp/cactus/sender"
	"github.com/cactuscorp/cactus/signature"
)

// Ping is what GitHub sends when a webhook is made.
type Ping struct {
	Zen    string `json:"zen"`
	HookID int64  `json:"hook_id"`
}

// form puts a payload into the field payload, as GitHub does for webhooks of that
// content type.
func form(_ context.Context, payload any) (map[string]string, error) {
	text, err := json.Marshal(payload)
	return map[string]string{"payload": string(text)}, err
}

// play sends a ping, a push, and a ping that somebody else made up.
func play(ctx context.Context, target, secret string) error {
	// In your program: sender.NewClient(sender.Config{}), which reaches no private
	// address. This one may reach the receiver on this machine.
	client := loopback.NewClient()
	send := sender.Hook(client, form, sender.URL(target), sender.Form(), signed(secret), sender.Retry(sender.Schedule{Tries: 1}))
	ping := Ping{Zen: "Keep it logically awesome.", HookID: 4711}

	fmt.Println("GitHub sends a ping")
	r, err := send(ctx, ping, sender.Header("X-GitHub-Event", "ping"))
	if err != nil {
		return err
	}
	fmt.Printf("  -> %d, hook_id %s\n", r.Last().Status, r.Last().Body)

	fmt.Println("GitHub sends a push")
	r, err = send(ctx, map[string]string{"ref": "refs/heads/main"}, sender.Header("X-GitHub-Event", "push"))
	if err != nil {
		return err
	}
	fmt.Printf("  -> %d\n", r.Last().Status)

	fmt.Println("Somebody else sends a ping")
	r, err = send(ctx, ping, signed("what somebody made up"))
	fmt.Printf("  -> %d, %s: %v\n", r.Last().Status, r.State, err)
	return nil
}

func signed(secret string) sender.Option {
	return sender.Sign(signature.Must(signature.NewGitHub(signature.Key{Secret: secret})))
}
