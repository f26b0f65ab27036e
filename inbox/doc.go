// Package inbox answers webhooks at once and does the work later: a verified
// request is stored and answered with 202, and then parsed and dispatched in the
// background until its handlers have taken it.
//
//	in := inbox.New(store, inbox.Config{Logger: logger})
//	in.Register("github", registry, source)
//	mux.Handle("POST /hooks/github", in.Handler("github"))
//	go in.Run(ctx)
//	...
//	left, err := in.Shutdown(ctx) // once the HTTP server is shut down
//
// # Outcomes
//
// What the handlers return decides what becomes of the item, see
// [cactus.Outcome]:
//
//   - handled, ignored, unhandled: it is done, and gone from the store.
//   - failed: again after the wait of [Config].Retry, and a dead letter after its
//     last attempt.
//   - retry: the same, but not before the wait that the error asks for.
//   - busy: again after the wait that the error asks for. It is no attempt, but it
//     ends with [Config].MaxAge.
//   - permanent, gone, malformed, refused, no tenant: a dead letter at once. The
//     registry's own DeadLetter hook comes first: what it takes is handled.
//
// # Delivery is at least once
//
// A handler sees an event again when its process dies, or falls silent for longer
// than a lease, between the effect and the moment at which the store has taken
// down that the item is complete; when one event of a batch fails, because the
// request is retried whole; and when the sender did not get the 202, or delivers
// twice of itself. Put [github.com/cactuscorp/cactus/middleware.Dedupe] into the
// registry: it absorbs all of them. A replay needs no Force, because Dedupe
// remembers only what has succeeded.
//
// # Stores
//
// [Memory] forgets everything with its process: an answered request is lost if
// that dies. A [Store] in a database keeps it, and lets several processes share
// the work. Package inboxtest tests implementations.
package inbox
