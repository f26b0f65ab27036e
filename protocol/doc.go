// Package protocol speaks events-protocol: request and response events over
// HTTP, with handlers by name and version. It is wire compatible with
// GuiaBolso's implementations in Python and Kotlin.
//
//	var r protocol.Registry
//	protocol.Handle(&r, "get:event:example", 1, func(_ context.Context, in Example) (Answer, error) {
//		if in.Example == "" {
//			return Answer{}, protocol.NotFound("NO_EXAMPLE", nil)
//		}
//		return Answer{MyEventPayload: in.Example}, nil
//	})
//	protocol.NewProcessor(&r).Mount(mux) // /events, /events/ and /health
//
// # Two tiers
//
// [Handle] decodes the payload and encodes the answer. [HandleEvent] is below
// it, for payloads that no Go type describes. In both, [EventFromContext] has
// the whole request. A handler answers with a value, with an error such as
// [NotFound], or with a [Redirect]; whatever else it does, panic included, its
// caller gets an answer.
//
// # What differs from the other implementations
//
// An answer never has the request's auth, unless [WithEchoAuth] asks for it.
// Two handlers of one name and version are refused and do not replace each
// other. A malformed event, at which Python's server crashes, is answered with
// badProtocol. A key of an event that stands twice makes it malformed.
//
// # Trust
//
// Nothing in an event is signed. Identity is what the sender says.
package protocol
