// Package inbox answers webhooks at once and does the work later: a verified
// request is stored and answered with 202, and then parsed and dispatched in the
// background until its handlers have taken it.
//
//	store := sqlstore.NewInbox(db, sqlstore.PostgreSQL) // or inbox.NewMemory()
//	in := inbox.New(store, inbox.Config{Logger: logger})
//	in.Register("shop", registry, source)
//	mux.Handle("POST /hooks/shop", in.Handler("shop"))
//	done := make(chan error, 1)
//	go func() { done <- in.Run(context.Background()) }()
//	...
//	<-signalled.Done()
//	err := server.Shutdown(ctx)   // first the HTTP server
//	left, err := in.Shutdown(ctx) // then the inbox, which ends Run
//	err = <-done                  // then close the database
//
// Give Run a context that does not end with the signal: when it ends, handlers are
// interrupted at once, and what is still received then waits for another process.
// A process that only receives need not call Run, as long as another does that
// shares the store.
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
// # What to watch
//
// Make gauges of [Inbox.Stats], as ObserveQueue of the module otelcactus does, and
// be woken by
//
//   - Oldest beyond what retries may take: nobody works, or not fast enough;
//   - Dead above zero: somebody has to look, and then to replay or to discard;
//     nothing else removes them, and they take room;
//   - [Inbox.Unregistered] growing after a deploy is over: a source has lost its
//     name;
//   - lines of [Config].Logger at the level error: the store fails, an item has
//     become a dead letter, or a handler does not return. Such a handler keeps its
//     item and one of the workers until it does, whatever Timeout says, because
//     nothing can end it.
//
// # Stores
//
// [Memory] forgets everything with its process: an answered request is lost if
// that dies. A [Store] in a database keeps it, and lets several processes share
// the work: see [github.com/cactuscorp/cactus/sqlstore.NewInbox]. Package inboxtest
// tests implementations.
//
// Requests are stored as they came: with the body, and with the headers but for
// credentials, see Config.DropHeader.
package inbox
