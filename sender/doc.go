// Package sender sends one webhook to one URL, and tries again.
//
//	send := sender.Hook(sender.Targeted(sender.NewClient(sender.Config{})),
//		func(_ context.Context, p Project) (any, error) {
//			return map[string]any{"title": p.Title}, nil
//		},
//		sender.Secret(os.Getenv("WEBHOOK_SECRET")))
//
//	result, err := send(ctx, project, sender.URL(endpoint))
//	if err != nil {
//		return err
//	}
//	fmt.Println(result)
//
// [Hook] decorates the function that makes a payload. Its options can be given at
// the hook and at each call, where they win; [Options] makes a preset of several.
// Without any, the payload is sent as JSON, unsigned, in up to three attempts.
//
// # Senders
//
// A [Sender] decides what a call of the hook does. A [Client] sends at once and
// waits; [NewAsync] sends in the background; a durable one keeps the message and
// says that it is Queued. [Targeted] and [Simple] say where the URL comes from.
// What runs twice is never the payload function. Delivery is at least once, because
// an answer can be lost: what arrives twice has the same id, which the receiver
// sees in the header Webhook-Id, or that of option [IDHeader].
//
// # Secrets
//
// Credentials and signatures are made for each attempt and are in no [Message],
// [Result] or error. Bodies and whole URLs are in a Result, because it is the
// sender's own, but its String has neither.
package sender
