// Package middleware has what most receivers want around their handlers: one
// maker of a [cactus.Middleware] a file. All of them are safe for concurrent
// use and panic when made with a setting that makes no sense. None keeps
// anything between events but Limit, its count, Dedupe, Serial and SkipStale,
// what their stores have, and the last two, who waits.
//
// # Order
//
// The first middleware is the outermost, over several calls of Use too, and
// those of cactus.WithMiddleware come inside those of Use. This order serves
// most programs:
//
//	r.Use(
//		middleware.Logging(logger),
//		middleware.Limit(100),
//		middleware.SkipStale(positions), // or Serial, or neither
//		middleware.Dedupe(store),
//		middleware.Retry(),
//		middleware.Recover(),
//		middleware.Timeout(4*time.Second),
//	)
//
// The reasons:
//
//   - Logging is the outermost, so that there is one record an event and its
//     duration covers all attempts. A second one inside Retry logs each attempt.
//   - Limit is outside Dedupe, so that an event that finds no place costs the
//     store nothing and is claimed by nobody while it waits.
//   - Limit is outside Serial and SkipStale too, and counts those that wait for
//     their turn. Events of one object can take all places then: give them
//     little time by WithOrderWait, or put Limit inside, and those that wait
//     take no place, but nothing bounds their number.
//   - Serial and SkipStale are outside Dedupe, so that a duplicate that comes
//     meanwhile waits for its turn and is a duplicate then, and so that an
//     event which comes again because its position was not taken down does not
//     repeat its effect. The other way round, a duplicate is known before it
//     waits, and a claim is held while its event waits.
//   - Dedupe is outside Retry, so that one claim covers all attempts and no
//     duplicate slips in between two of them.
//   - Recover is inside Retry, so that a panic is a failed attempt like any
//     other. Put it outside Retry, and a panic is never tried again.
//   - Timeout is inside Retry, so that each attempt has time of its own. Put it
//     outside Retry, and it bounds all attempts together.
//   - Tries times timeout stay below the source's deadline, by default 14
//     seconds: otherwise there is no time left for the last attempt.
//
// # Busy events
//
// An event that Dedupe, Serial or SkipStale cannot run now is busy, which is 409
// with Retry-After. Nothing has happened, nothing is remembered of it, and there
// is nothing to do: its sender delivers it again, as after every answer that is
// not 2xx, or whatever works in the background after the answer does. There,
// WithOrderWait(0) keeps a worker from waiting while other events could run.
// Serial and SkipStale let an event wait for 5 seconds first. A sender that tries
// only a few times may give up on an object with more events than its handlers
// can take one by one: raise WithOrderWait, or answer first and work later.
//
// # Stores
//
// For one process [NewMemoryDedupe] and [NewMemoryOrder] will do. What they know
// ends with the process: an event that is delivered again after that runs again,
// and an older one may run after a newer one. Several processes need stores that
// they share, as package sqlstore has them in a database. Give two receivers that
// share a store a name each by WithSource.
//
// # Data
//
// Data that did not come along is pulled and decoded below all middleware, so
// that all of this covers the pull. Events that no handler takes pass through no
// middleware at all.
package middleware
