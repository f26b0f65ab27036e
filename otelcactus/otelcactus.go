// Package otelcactus records OpenTelemetry traces and metrics of what Cactus
// does: receiving requests, processing events and pulling details.
//
//	r.Fetcher = otelcactus.Fetcher(client)
//	r.Use(otelcactus.Middleware()) // the outermost
//	mux.Handle("POST /webhooks", otelcactus.Handler(cactus.NewHandler(r, source)))
//
// Everything goes to OpenTelemetry's global providers and uses its global
// propagator, unless options say otherwise. Without an SDK nothing is recorded.
// All that this package makes is safe for concurrent use.
//
// # Spans
//
// They follow the semantic conventions for messaging, version 1.43.0, which are
// not stable yet: names may change with a new version of this package.
//
//	name                    kind      made by     for
//	receive <destination>   SERVER    Handler     a request; INTERNAL below another span
//	process <type>          CONSUMER  Middleware  an event, all attempts together
//	pull event, pull object CLIENT    Fetcher     a call of the Fetcher
//
// Package protocol has spans of its own, named as events-protocol's implementation
// in Kotlin names what it records: see [ProtocolMiddleware] and [ProtocolClient].
//
// A receive span has no messaging.operation.type: the convention's "receive" is
// a consumer's own request. The destination is that of [WithDestination], else
// the path of the http.ServeMux pattern, which is low in cardinality; never the
// URL's own path, which anybody can choose and which may be a secret. A process
// span of a type that is not known, see [WithEventTypes], is named after the
// destination, if there is one.
//
// Beside those of the conventions the attributes are
//
//	cactus.event.type           the event's type
//	cactus.outcome              how it ended: the text of a cactus.Outcome
//	cactus.reason               why, if it is known; see below
//	cactus.related_object.type  on spans alone
//	cactus.tenant               on process spans alone, with WithTenant
//	cactus.pull                 event or object
//
// An outcome worse than unhandled makes a process span an error, and so does a
// status of 500 or more a receive span, and any error a pull. The texts of
// errors are recorded, as valid UTF-8 and at most 1 KiB of them. Cactus puts no
// bodies and secrets into its own; what a handler writes into an error, or into
// the string that it passes to panic, is recorded as it is. Of any other value
// that it panics with only the type is: it may be an event.
//
// # Trace context
//
// A sender's trace context, in the headers of its request, is its creation
// context. Process spans link to it, as the conventions have it, and are children
// of the span that is around: the receive span or, for stored requests, that
// of your worker. Receive spans link to it too, and begin a trace of their own
// or are children of the span that is around, such as otelhttp's.
//
// The sender's context is not made the parent by default. When a request
// arrives nobody knows yet who sent it, and a parent decides: the trace's id,
// and usually whether it is sampled. A stranger could have each of his requests
// recorded, or none, or hide them in another's trace. Nor does his baggage get to the
// handlers, from where it would travel on. [WithRemoteParent] changes all this
// for endpoints that only your own programs can reach.
//
// Requests that were kept, or came out of a queue, have their context taken by
// [Extract].
//
// # Metrics
//
//	name                                unit       kind       labels
//	messaging.process.duration          s          histogram  event type, outcome, reason, error.type
//	messaging.client.consumed.messages  {message}  counter    the same
//	cactus.receive.duration             s          histogram  http.response.status_code, error.type
//	cactus.pull.duration                s          histogram  pull, event type, error.type
//	cactus.queue.depth                  {request}  gauge      none; see ObserveQueue
//	cactus.queue.age                    s          gauge      none
//	cactus.queue.dead                   {request}  gauge      none
//
// All have messaging.destination.name, if [WithDestination] sets it. The first
// four have messaging.system and messaging.operation.name as well, and
// cactus.receive.duration has messaging.destination.template if it knows one.
//
// Every label has a bounded set of values, whatever senders send. An event type
// is a label if it is known, see [WithEventTypes], and otherwise _OTHER. The
// outcomes are those of [cactus.Outcome]; the reasons are duplicate,
// uncommitted, in_flight, lease_lost, store_full, limited, stale, panic, timeout
// and canceled, and those of [WithReason]. error.type is there for failures alone: a
// reason or outcome, for requests and pulls a status, timeout, canceled, panic
// or _OTHER. Tenants, ids and paths are never labels.
//
// Requests that are refused, and events that nothing takes, pass through no
// middleware: the former are in cactus.receive.duration, by their status.
//
// # The API's side
//
// Neither [Fetcher] nor [cactus.Client] sends your trace context to the
// provider's API, which is somebody else's. For an API of your own, and for a
// span for each of a pull's tries, give the client otelhttp's transport, which does:
//
//	cactus.NewClient(key, cactus.WithHTTPClient(&http.Client{
//		Transport: otelhttp.NewTransport(http.DefaultTransport),
//	}))
package otelcactus

import (
	"go.opentelemetry.io/otel/attribute"
)

// ScopeName is the name of the instrumentation scope of all spans and metrics.
// Its version is [cactus.Version].
const ScopeName = "github.com/cactuscorp/cactus/otelcactus"

// Keys of the attributes that the conventions have no name for.
const (
	EventTypeKey         = attribute.Key("cactus.event.type")
	OutcomeKey           = attribute.Key("cactus.outcome")
	ReasonKey            = attribute.Key("cactus.reason")
	RelatedObjectTypeKey = attribute.Key("cactus.related_object.type")
	TenantKey            = attribute.Key("cactus.tenant")
	PullKey              = attribute.Key("cactus.pull")
)

// other stands for every value that is not in a bounded set.
const other = "_OTHER"

// Buckets, in seconds, that the conventions advise for durations.
var buckets = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}
