// Package eventgrid receives events that Azure Event Grid pushes to a webhook:
// those of Azure itself, of partners such as Stripe, and one's own. See
// https://learn.microsoft.com/azure/event-grid/webhook-event-delivery.
//
// An event subscription delivers in one of two schemas, and a source takes both:
//
//   - The Event Grid schema: a JSON array of events, as application/json. What
//     becomes of one is below.
//   - The CloudEvents 1.0 schema: one event, or a batch if the subscription has
//     batching on. Package cloudevents reads these and says what becomes of them.
//
// In the Event Grid schema an event is
//
//	{"id": "831e1650-001e-001b-66ab-eeb76e069631", "topic": "/subscriptions/...", "subject": "/blobServices/...",
//	 "eventType": "Microsoft.Storage.BlobCreated", "eventTime": "2017-06-26T18:41:00.9584103Z",
//	 "data": {...}, "dataVersion": "", "metadataVersion": "1"}
//
// Its id is the event's ID, its eventType the Type, its eventTime Created and its
// data Data. Publishers choose ids, so the DedupeID is made of the topic and the
// id, as that of a CloudEvent is of its source and id. Context and the related
// object are empty. Ids and types may be any text, as in package cloudevents: a
// type that no name can be registered for reaches a handler through a pattern. The
// other fields are had by naming them in the event's struct: `json:"subject"`,
// `json:"topic"`.
//
// With [WithInner] the data is an event in itself, and the envelope is thrown away
// once it has been checked: a handler of Stripe's events sees the event that
// Stripe would have delivered, with its own id, so that one that comes both ways
// is a duplicate.
//
// # What is proved
//
// Event Grid signs nothing. It sends what you make it send: a header from the
// subscription's delivery properties, marked as secret, or a parameter of the
// endpoint's URL, for which [signature.Token] is made; or, of a subscription with
// Microsoft Entra ID, an access token, for which you write a [signature.Verifier].
// A token proves that the request comes from somebody who knows it, over TLS. It
// does not prove that nobody changed the body between the end of TLS and here, nor
// that the request is new, nor which topic an event is of.
//
// With [WithInner] whoever knows the token can also send an event that has the id
// of one that is yet to come straight from Stripe, which is then a duplicate. If
// more people know the token than Stripe's secret, give this way a registry of its
// own, whose Dedupe has a name by middleware.WithSource.
//
// Who keeps requests, such as package inbox, keeps them without the token's header
// if the verifier is a [signature.Concealer], as [signature.Token] is, and without
// the query parameter of [WithQueryParameter].
//
// # Handshakes
//
// Event Grid asks before it delivers. In its own schema it posts a validation
// event, which is answered with its code if the token is right, and reaches no
// handler. In the CloudEvents schema it sends an OPTIONS request, which is granted
// to eventgrid.azure.net, see [WithOrigins]. The URLs that either carries for
// another way of answering are never fetched.
//
// Should a subscription's validation come without the header of its delivery
// properties, have the token in the query: [WithQueryParameter].
//
// # Deliveries
//
// Event Grid waits 30 seconds and then tries again, for a day and 30 times unless
// the subscription says otherwise. It does not try again what was answered with
// 400, 401, 403 or 413, and drops the event if the subscription has no
// dead-letter destination. Give it one: a wrong secret would lose events. A batch
// is delivered again as a whole if one event of it fails, so that [Dedupe] is for
// the others.
//
// [Dedupe]: https://pkg.go.dev/github.com/cactuscorp/cactus/middleware#Dedupe
package eventgrid

import (
	"context"
	"net/http"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/source/cloudevents"
)

// azure is the origin that Event Grid names in an OPTIONS handshake.
const azure = "eventgrid.azure.net"

// New returns a source for [cactus.NewHandler] and [cactus.Registry.Receive].
// A batch is checked as a whole before its first event is dispatched, and may be
// empty. It panics if v or an option is nil.
//
// Handlers have 28 seconds together. Bodies may have 1 MiB, the most that Event
// Grid puts into an event or a batch, and 64 KiB for what is around the data.
func New(v signature.Verifier, opts ...Option) cactus.Source {
	if v == nil {
		panic("eventgrid: New needs a verifier")
	}
	s := &source{verifier: v, origins: []string{azure}}
	for _, opt := range opts {
		if opt == nil {
			panic("eventgrid: New was given a nil option")
		}
		opt(s)
	}
	if s.parameter != "" {
		token, ok := v.(*signature.Token)
		if !ok {
			panic("eventgrid: WithQueryParameter needs a verifier that is a *signature.Token")
		}
		s.token = token
	}
	s.cloud = cloudevents.New(v, cloudevents.WithOrigins(s.origins...))
	return s
}

// source does not change once New has made it.
type source struct {
	verifier  signature.Verifier
	parameter string           // "": the verifier's own header
	missing   error            // that it is not there
	token     *signature.Token // nil without a parameter
	inner     func([]cactus.Envelope, []byte) ([]cactus.Envelope, error)
	origins   []string
	cloud     cactus.Source
}

var _ interface {
	cactus.Source
	cactus.Limiter
	cactus.Responder
	cactus.Diagnoser
	cactus.Concealer
} = (*source)(nil)

func (s *source) Limits() cactus.Limits {
	return cactus.Limits{
		Methods:      []string{http.MethodPost, http.MethodOptions},
		ContentTypes: []string{"application/json", "application/cloudevents+json", "application/cloudevents-batch+json"},
		MaxBody:      1<<20 + 64<<10,
		Deadline:     28 * time.Second,
	}
}

func (s *source) Verify(_ context.Context, req *cactus.Request) (string, error) {
	if s.token != nil {
		return s.verifyQuery(req)
	}
	return s.verifier.Verify(req.Header, req.Body, req.ReceivedAt)
}

// Conceal implements [cactus.Concealer].
func (s *source) Conceal(req *cactus.Request) {
	if s.token != nil && req.URL != nil {
		bare := *req.URL
		bare.RawQuery = without(bare.RawQuery, s.parameter)
		req.URL = &bare
		return
	}
	if c, ok := s.verifier.(signature.Concealer); ok {
		req.Header = c.Conceal(req.Header)
	}
}

func (s *source) Parse(dst []cactus.Envelope, req *cactus.Request) ([]cactus.Envelope, error) {
	if !isCloudEvent(req.Header["Content-Type"]) {
		return s.appendGrid(dst, req.Body)
	}
	if s.inner == nil {
		return s.cloud.Parse(dst, req)
	}
	outer, err := s.cloud.Parse(nil, req)
	if err != nil {
		return dst, err
	}
	all := dst
	for i := range outer {
		if all, err = s.open(all, outer[i].Data); err != nil {
			clear(all[len(dst):])
			return dst, inBatch(i, err)
		}
	}
	return all, nil
}
