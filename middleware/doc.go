// Package middleware has what most receivers want around their handlers: one
// maker of a [cactus.Middleware] a file. All of them are safe for concurrent
// use, keep nothing between events and panic when made with a setting that
// makes no sense.
//
// # Order
//
// The first middleware is the outermost, over several calls of Use too, and
// those of cactus.WithMiddleware come inside those of Use. This order serves
// most programs:
//
//	r.Use(
//		middleware.Logging(logger),
//		middleware.Retry(),
//		middleware.Recover(),
//		middleware.Timeout(4*time.Second),
//	)
//
// The reasons:
//
//   - Logging is the outermost, so that there is one record an event and its
//     duration covers all attempts. A second one inside Retry logs each attempt.
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
