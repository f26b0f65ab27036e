package sender_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/cactuscorp/cactus/sender"
)

// dryRun is a sender of one's own: it makes the message and sends nothing.
type dryRun struct{}

func (dryRun) Send(ctx context.Context, call *sender.Call) (*sender.Result, error) {
	m, err := call.Message(ctx)
	if err != nil {
		return &sender.Result{State: sender.Failed, ID: call.ID(), Err: err}, err
	}
	fmt.Printf("would send %s to %s\n", m.Body, m.URL)
	return sender.QueuedResult(m.ID, m.URL, nil), nil
}

// A new sender is one method.
func ExampleSender() {
	send := sender.Hook(dryRun{}, title, sender.URL("https://example.com"))

	result, err := send(context.Background(), site)
	fmt.Println(result.State, err)
	// Output:
	// would send {"title":"Website & blog"} to https://example.com
	// queued <nil>
}

// outbox is a durable sender in small: what it keeps is a message's JSON, which a
// worker sends later.
type outbox struct{ rows []*sender.Message }

func (o *outbox) Send(ctx context.Context, call *sender.Call) (*sender.Result, error) {
	err := call.Accept() // it cannot keep a Notify function, a secret and so on
	if err == nil {
		var m *sender.Message
		if m, err = call.Message(ctx); err == nil {
			o.rows = append(o.rows, m)
			return sender.QueuedResult(m.ID, m.URL, nil), nil
		}
	}
	return &sender.Result{State: sender.Failed, ID: call.ID(), Err: err}, err
}

// A sender refuses what it cannot keep.
func ExampleCall_Accept() {
	box := &outbox{}
	send := sender.Hook(box, title, sender.URL("https://example.com"))

	result, err := send(context.Background(), site)
	fmt.Println(result.State, err)
	_, err = send(context.Background(), site, sender.Record(sender.NewRing(10)))
	fmt.Println(err)

	// The worker, perhaps after a restart.
	for _, m := range box.rows {
		attempt := printing().Attempt(context.Background(), m, 1)
		fmt.Println(attempt.Outcome, sender.Webhooks().Decide(attempt).Action)
	}
	// Output:
	// queued <nil>
	// option Record: sender: setting not supported by this sender
	// POST example.com/ application/json {"title":"Website & blog"}
	// delivered done
}

// everybody sends one payload to the URLs that a value names.
type everybody struct{ next sender.Sender }

type urls struct{}

func (e everybody) Send(ctx context.Context, call *sender.Call) (*sender.Result, error) {
	var last *sender.Result
	targets, _ := call.Value(urls{}).([]string)
	errs := make([]error, 0, len(targets))
	for _, url := range targets {
		one, err := call.With(sender.URL(url))
		if err == nil {
			last, err = e.next.Send(ctx, one)
		}
		errs = append(errs, err)
	}
	return last, errors.Join(errs...)
}

// The payload function runs once for all targets.
func ExampleCall_With() {
	send := sender.Hook(everybody{printing()}, func(ctx context.Context, p Project) (map[string]string, error) {
		fmt.Println("making the payload")
		return title(ctx, p)
	})
	targets := []string{"https://a.example", "https://b.example"}
	_, err := send(context.Background(), site, sender.Value(urls{}, targets))
	fmt.Println(err)
	// Output:
	// making the payload
	// POST a.example/ application/json {"title":"Website & blog"}
	// POST b.example/ application/json {"title":"Website & blog"}
	// <nil>
}
