// Package cactus receives thin events and webhooks: it verifies a request,
// routes its event to the handler that was registered for the event's type, and
// pulls details when, and only when, the handler asks for them.
//
// A thin event says what happened to which object and no more. This is a whole
// receiver:
//
//	func main() {
//		verifier := signature.Must(signature.NewStandardWebhooks(signature.Key{Secret: os.Getenv("WEBHOOK_SECRET")}))
//		r := &cactus.Registry{
//			Fetcher:   types.NewClient(os.Getenv("CACTUS_API_KEY")),
//			Catalogue: types.Catalogue, // a misspelt event type panics at start-up
//		}
//
//		cactus.On(r, func(ctx context.Context, e *types.OrderShippedPushed) error {
//			order, err := e.FetchRelatedObject(ctx) // one GET, remembered for this delivery
//			if err != nil {
//				return err // 500: the sender delivers again
//			}
//			return ship(ctx, order)
//		})
//		handler := cactus.NewHandler(r, cactus.Thin(verifier), cactus.WithLogger(slog.Default()))
//		log.Fatal(http.ListenAndServe(":8080", handler))
//	}
//
// # Thin and full
//
// An event has two Go types. The thin one embeds [Pushed] and pulls when its
// handler says so; the full one embeds [Full] and is pulled for its handler,
// unless the data came along. Register whichever the handler needs. Events
// without a Go type of their own are a [RawEvent].
//
// # Errors
//
// What a handler returns decides what the sender is told, see [Outcome]: nil is
// success, [Permanent] goes to the registry's DeadLetter hook and is refused
// where there is none, [RetryAfter] names a time, and anything else is a failure
// that the sender will deliver again. Delivery is at least once: a handler must
// expect an event that it has seen before.
//
// # Concurrency
//
// Register everything before the first event; then a [Registry] is safe for
// concurrent use, and so are the pulls of one event.
package cactus
