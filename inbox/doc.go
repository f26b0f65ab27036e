// Package inbox answers webhooks at once and does the work later: a verified
// request is stored and answered with 202, and then parsed and dispatched in the
// background until its handlers have taken it.
//
//	store := sqlstore.NewInbox(db, sqlstore.SQLite)
//	if err := store.Migrate(ctx); err != nil {
//		return err
//	}
//	in := inbox.New(store, inbox.Config{Logger: logger})
//	in.Register("shop", r, source)
//	mux.Handle("POST /webhooks", in.Handler("shop")) // verify, store, 202
//	go in.Run(context.Background())                  // parse, dispatch, try again
//
//	<-ctx.Done() // the program is told to stop: first the server, then the inbox, last the database
//	if err := server.Shutdown(stopping); err != nil {
//		return err
//	}
//	left, err := in.Shutdown(stopping) // drain, and say what is left
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
//   - handled, ignored: it is done, and gone from the store.
//   - unhandled: the same, and the Logger is told which type it was. With
//     [Config].Strict it is a dead letter, to be replayed when the handler is there.
//     The sender is answered before, so [cactus.WithStrict] can do nothing here.
//   - failed: again after the wait of [Config].Retry, and a dead letter after its
//     last attempt.
//   - retry: the same, but not before the wait that the error asks for.
//   - busy: again after the wait that the error asks for. It is no attempt, but it
//     ends with [Config].MaxAge.
//   - permanent, gone, malformed, refused, no tenant: a dead letter at once. The
//     registry's own DeadLetter hook comes first: what it takes is handled.
//
// Of a batch the worst outcome counts, so an event that nothing takes shows beside
// others that are handled. A replay runs those again, but for a Dedupe.
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
//   - [Inbox.Unhandled] growing: a type that is sent has no handler, perhaps since
//     the last deploy;
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
