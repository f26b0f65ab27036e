// Package eventbridge receives events that Amazon EventBridge sends to an API
// destination: those of AWS itself, of partners such as Stripe, and one's own.
// See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html.
//
// A request carries one event:
//
//	{"version": "0", "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718", "detail-type": "EC2 Instance State-change Notification",
//	 "source": "aws.ec2", "account": "111122223333", "time": "2017-12-22T18:43:48Z", "region": "us-west-1",
//	 "resources": ["arn:aws:ec2:..."], "detail": {"instance-id": "i-1", "state": "terminated"}}
//
// Its id is the event's ID, its time Created, its account Context and its detail
// Data. The type is the detail-type in which every run of characters that a type
// cannot have, most often a space, has become a hyphen:
// "EC2-Instance-State-change-Notification". [WithType] does otherwise. There is no
// related object. The other fields are had by naming them in the event's struct:
// `json:"source"`, `json:"detail-type"`, `json:"region"`, `json:"resources"`.
//
// With [WithInner] the detail is an event in itself, and the envelope is thrown
// away once it has been checked: a handler of Stripe's events sees the event that
// Stripe would have delivered, with its own id, so that one that comes both ways
// is a duplicate.
//
//	token := signature.Must(signature.NewToken("X-Api-Key", signature.Key{Secret: secret}))
//	source := eventbridge.New(token,
//		eventbridge.WithSources("aws.partner/stripe.com/"),
//		eventbridge.WithInner(stripe.Inner()))
//
// An input transformer of the rule must leave the envelope as it is.
//
// # What is proved
//
// EventBridge signs nothing. It sends the API key, or the Basic credentials, of the
// connection that the API destination has, for which [signature.Token] is made;
// where a connection has OAuth, write a [signature.Verifier] that checks the
// access token. A token proves that the request comes from somebody who knows it,
// over TLS: that is EventBridge, on behalf of any rule in your AWS account that
// has this connection. It does not prove that nobody changed the body between the
// end of TLS and here, nor that the request is new, nor which service made the
// event. The last is in the source field, which [WithSources] checks: AWS does not
// let customers send events whose source begins with "aws.".
//
// With [WithInner] whoever knows the token can also send an event that has the id
// of one that is yet to come straight from Stripe, which is then a duplicate. If
// more people know the token than Stripe's secret, give this way a registry of its
// own, whose Dedupe has a name by middleware.WithSource.
//
// Who keeps requests, such as package inbox, keeps them without the token's header
// if the verifier is a [signature.Concealer], as [signature.Token] is.
//
// # Deliveries
//
// EventBridge waits five seconds for an answer and then tries again, for 24 hours
// and 185 times unless the rule says otherwise. Give the rule a dead-letter
// queue: what is answered with 400, 401 or another status of that kind may not be
// tried again.
package eventbridge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/internal/envelope"
	"github.com/cactuscorp/cactus/signature"
)

// New returns a source for [cactus.NewHandler] and [cactus.Registry.Receive].
// It panics if v or an option is nil.
//
// Handlers have 4.5 seconds. Bodies may have 1 MiB, the most that an event of
// EventBridge can have, and 64 KiB for what is around the detail. The method that
// the API destination has must be POST, or allowed by [cactus.WithLimits].
func New(v signature.Verifier, opts ...Option) cactus.Source {
	if v == nil {
		panic("eventbridge: New needs a verifier")
	}
	s := &source{verifier: v, typ: detailType}
	for _, opt := range opts {
		if opt == nil {
			panic("eventbridge: New was given a nil option")
		}
		opt(s)
	}
	return s
}

// Option changes a [New].
type Option func(*source)

// WithInner has parse read the detail, and what it appends become the event or
// events of the request. Parsers are [cactus.AppendEnvelope],
// for Cactus Corp's events, and what [github.com/cactuscorp/cactus/source/stripe.Inner]
// returns. A parser may keep the bytes, and is called concurrently. It panics if
// parse is nil.
func WithInner(parse func(dst []cactus.Envelope, detail []byte) ([]cactus.Envelope, error)) Option {
	if parse == nil {
		panic("eventbridge: WithInner: the function is nil")
	}
	return func(s *source) { s.inner = parse }
}

// WithSources refuses, with 400, events whose source begins with none of these
// prefixes, such as "aws.partner/stripe.com/". The default is to take all. It
// panics without a prefix and if one is empty.
func WithSources(prefixes ...string) Option {
	if len(prefixes) == 0 || slices.Contains(prefixes, "") {
		panic("eventbridge: WithSources needs the beginnings of sources")
	}
	prefixes = slices.Clone(prefixes)
	return func(s *source) { s.sources = prefixes }
}

// WithType sets how an event's type is made of its source and detail-type, both
// of which are as they came and not empty. What it returns must be a type: letters,
// digits and any of _ . : / [ ] -, of which the first is a letter or a digit. It
// is called concurrently. Events that [WithInner] reads have a type of their own.
// It panics if typeOf is nil.
//
//	eventbridge.WithType(func(source, detailType string) string {
//		return source + "." + strings.ReplaceAll(detailType, " ", "-") // "aws.ec2.EC2-Instance-..."
//	})
func WithType(typeOf func(source, detailType string) string) Option {
	if typeOf == nil {
		panic("eventbridge: WithType: the function is nil")
	}
	return func(s *source) { s.typ = typeOf }
}

// source does not change once New has made it.
type source struct {
	verifier signature.Verifier
	inner    func([]cactus.Envelope, []byte) ([]cactus.Envelope, error) // nil: none
	sources  []string                                                   // nil: all
	typ      func(source, detailType string) string
}

func (*source) Limits() cactus.Limits {
	return cactus.Limits{MaxBody: 1<<20 + 64<<10, Deadline: 4500 * time.Millisecond}
}

func (s *source) Verify(_ context.Context, req *cactus.Request) (string, error) {
	return s.verifier.Verify(req.Header, req.Body, req.ReceivedAt)
}

// Conceal implements [cactus.Concealer].
func (s *source) Conceal(req *cactus.Request) {
	if c, ok := s.verifier.(signature.Concealer); ok {
		req.Header = c.Conceal(req.Header)
	}
}

func (s *source) Parse(dst []cactus.Envelope, req *cactus.Request) ([]cactus.Envelope, error) {
	o, err := read(req.Body)
	if err != nil {
		return dst, err
	}
	if !s.takes(o.source) {
		return dst, errSource
	}
	if s.inner != nil {
		return s.open(dst, o.detail)
	}
	env := cactus.Envelope{Data: o.detail, Raw: req.Body}
	env.ID, env.Created, env.Context, env.Type = o.id, o.time, o.account, s.typ(o.source, o.detailType)
	if err := envelope.CheckType(env.Type); err != nil {
		return dst, fmt.Errorf(`field "detail-type": as a type it %w`, err)
	}
	return append(dst, env), nil
}

var errSource = errors.New(`field "source": is none that this endpoint takes`)

func (s *source) takes(source string) bool {
	return s.sources == nil ||
		slices.ContainsFunc(s.sources, func(prefix string) bool { return strings.HasPrefix(source, prefix) })
}

// open reads the event that a detail is.
func (s *source) open(dst []cactus.Envelope, detail []byte) ([]cactus.Envelope, error) {
	envs, err := s.inner(dst, detail)
	if err == nil {
		return envs, nil
	}
	if inner := errors.Unwrap(err); inner != nil && errors.Is(err, cactus.ErrMalformed) {
		err = inner // the word is said once
	}
	return dst, fmt.Errorf(`field "detail": %w`, err)
}
