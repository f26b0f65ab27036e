// Package middleware has what most receivers want around their handlers: one
// maker of a [cactus.Middleware] a file. All of them are safe for concurrent
// use and panic when made with a setting that makes no sense. None keeps
// anything between events but Limit, its count, and Dedupe, what its store has.
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
//   - Dedupe is outside Retry, so that one claim covers all attempts and no
//     duplicate slips in between two of them.
//   - Recover is inside Retry, so that a panic is a failed attempt like any
//     other. Put it outside Retry, and a panic is never tried again.
//   - Timeout is inside Retry, so that each attempt has time of its own. Put it
//     outside Retry, and it bounds all attempts together.
//   - Tries times timeout stay below the source's deadline, by default 14
//     seconds: otherwise there is no time left for the last attempt.
//
// Data that did not come along is pulled and decoded below all middleware, so
// that all of this covers the pull. Events that no handler takes pass through no
// middleware at all.
package middleware
