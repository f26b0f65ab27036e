// Package stripe receives Stripe's events, thin and snapshot, and pulls their
// details from Stripe's API: https://docs.stripe.com/event-destinations.
//
// # Thin events
//
// A thin event, which Stripe calls an event notification, says what happened to
// which object: {"id", "object": "v2.core.event", "type", "created", "context",
// "related_object", "reason"}. [Thin] receives them. They have no version and
// their data is pulled.
//
// # Snapshot events
//
// A snapshot event, {"id", "object": "event", "type", "created", "account",
// "api_version", "data", ...}, has the whole object as it was when the event was
// made, in the API version of its destination. [Snapshot] receives them. What
// becomes of one:
//
//   - Data is the event's data, {"object": ..., "previous_attributes": ...}:
//     embed a cactus.Full of [Data].
//   - The related object is data's object, so that the present state can be
//     fetched. Its URL is what Stripe's API names such objects by; objects that
//     live below others, such as a card, have none and cannot be fetched. A
//     balance, which has no id, has an ObjectRef without one.
//   - Context is the event's context or else, in API versions without one, its
//     account: the connected account that the event belongs to. It goes back
//     with pulls as Stripe-Context. It is empty for events of one's own account.
//   - Every other field is had by naming it in the event's struct: `json:"livemode"`,
//     `json:"api_version"`, `json:"account"`, or [Request] for `json:"request"`.
//
// # Destinations
//
// Thin and snapshot events come from two destinations with a secret each, and a
// source takes one kind and refuses the other with 400, unless it was made by
// [Either]. Destinations in a cloud send the same events inside another
// envelope: packages eventbridge and eventgrid open it and have [Inner] read
// what is in it. Handlers need not know which way an event came.
package stripe

import (
	"context"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
)

// Thin returns a source of thin events for [cactus.NewHandler] and
// [cactus.Registry.Receive]. It panics if v is nil.
//
// Handlers have 9 seconds: Stripe documents no figure, asks for a quick answer
// and has been seen to give up after ten.
func Thin(v *signature.Stripe) cactus.Source {
	return newSource("Thin", v, thinObject, nil)
}

// Snapshot returns a source of snapshot events, with the deadline of [Thin].
// Bodies may have 1 MiB, because Stripe documents no limit. It panics if v or an
// option is nil.
func Snapshot(v *signature.Stripe, opts ...Option) cactus.Source {
	return newSource("Snapshot", v, snapshotObject, opts)
}

// Either returns a source of both kinds, for one URL that two destinations send
// to: give v the secrets of both as two keys. Which of them signed an event is
// not held against its kind. It panics if v or an option is nil.
func Either(v *signature.Stripe, opts ...Option) cactus.Source {
	return newSource("Either", v, thinObject|snapshotObject, opts)
}

// Inner returns a parser of both kinds for events inside another envelope, as
// Stripe's cloud destinations deliver them. It verifies nothing: that is the
// envelope's source's business.
//
//	eventbridge.New(token, eventbridge.WithInner(stripe.Inner()))
//
// Stripe has not signed what is in there, so an event must have the object that
// tells its kind, which [Thin] does without.
//
// The parser appends the one event of body to dst, whose bytes it keeps, and is
// safe for concurrent use. Inner panics if an option is nil.
func Inner(opts ...Option) func(dst []cactus.Envelope, body []byte) ([]cactus.Envelope, error) {
	p := newParser("Inner", thinObject|snapshotObject, opts)
	p.named = true
	return p.append
}

// Option changes a source of snapshot events.
type Option func(*parser)

func newSource(name string, v *signature.Stripe, takes object, opts []Option) cactus.Source {
	if v == nil {
		panic("stripe: " + name + " needs a verifier")
	}
	return source{v, newParser(name, takes, opts)}
}

type source struct {
	verifier *signature.Stripe
	parser   *parser
}

func (s source) Limits() cactus.Limits {
	limits := cactus.Limits{Deadline: 9 * time.Second}
	if s.parser.takes&snapshotObject != 0 {
		limits.MaxBody = 1 << 20
	}
	return limits
}

func (s source) Verify(_ context.Context, req *cactus.Request) (string, error) {
	return s.verifier.Verify(req.Header, req.Body, req.ReceivedAt)
}

func (s source) Parse(dst []cactus.Envelope, req *cactus.Request) ([]cactus.Envelope, error) {
	return s.parser.append(dst, req.Body)
}
