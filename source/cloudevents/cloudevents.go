// Package cloudevents receives CloudEvents 1.0 over HTTP: one event in JSON
// (structured mode), several in a JSON array (batched mode) and, if asked for,
// events whose attributes are headers (binary mode). It follows version 1.0.2
// of the specification's HTTP protocol binding, JSON event format and HTTP
// webhooks, at https://github.com/cloudevents/spec.
//
// CloudEvents say nothing about signatures, so [New] takes any scheme of package
// signature. Who keeps requests, such as package inbox, keeps them without the
// header of one that is a [signature.Concealer], as [signature.Token] is.
//
// # What becomes of an event
//
//   - id and type are Meta's ID and Type, time is Created.
//   - source and id together identify an event, so Meta's DedupeID is made of
//     both: two sources may use the same id.
//   - data is Data as it came. An explicit null is data too: it decodes to the
//     zero D. An event without data is thin, so that a handler of a
//     [cactus.Full] has it pulled; CloudEvents have no API for that, so without a
//     Fetcher of yours it fails each time. Use [cactus.Bare] where there never is
//     any data.
//   - data_base64 is Data as a JSON string of the same base64, which
//     encoding/json decodes into a []byte D.
//   - Every attribute is in Raw, from which fields of the user's own are filled.
//
// The specification's other attributes and extensions are therefore had by
// naming them:
//
//	type Invoice struct {
//		cactus.Full[InvoiceData]
//
//		Source  string `json:"source"`
//		Subject string `json:"subject"`
//		Shop    string `json:"comexampleshop"` // an extension
//	}
//
// Ids and types are wider than elsewhere in Cactus: up to 1024 bytes of any text
// without control characters. A type that no name can be registered for, such
// as one with a space in it, reaches a handler through a pattern ("com.example.*"
// or "*") or the fallback.
package cloudevents

import (
	"context"
	"net/http"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
)

// The media types of the JSON event format and of its batches.
const (
	structuredType = "application/cloudevents+json"
	batchType      = "application/cloudevents-batch+json"
	anyType        = "*/*" // of cactus.Limits
)

// New returns a source for [cactus.NewHandler] and [cactus.Registry.Receive]. It
// takes structured events and batches, in JSON; other event formats are answered
// with 415. A batch is checked as a whole before its first event is dispatched,
// and may be empty. It panics if v or an option is nil.
//
// Success is 204, because the specification has 200 come with a body only. A body is
// limited to the 256 KiB of [cactus.Limits]; raise that with [cactus.WithLimits] for
// larger batches.
func New(v signature.Verifier, opts ...Option) cactus.Source {
	if v == nil {
		panic("cloudevents: New needs a verifier")
	}
	s := &source{verifier: v, rate: "*", types: []string{structuredType, batchType}}
	for _, opt := range opts {
		if opt == nil {
			panic("cloudevents: New was given a nil option")
		}
		opt(s)
	}
	return s
}

// source does not change once New has made it.
type source struct {
	verifier signature.Verifier
	types    []string // content types
	binary   bool
	origins  []string
	rate     string
}

var _ interface {
	cactus.Source
	cactus.Limiter
	cactus.Responder
	cactus.Concealer
} = (*source)(nil)

func (s *source) Limits() cactus.Limits {
	limits := cactus.Limits{ContentTypes: s.types, Success: http.StatusNoContent}
	if s.origins != nil {
		limits.Methods = []string{http.MethodPost, http.MethodOptions}
	}
	return limits
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
	content, err := s.contentOf(req.Header["Content-Type"])
	if err != nil {
		return dst, err
	}
	var envs []cactus.Envelope
	switch content.mode {
	case structured:
		envs, err = appendEvent(dst, req.Body)
	case batched:
		envs, err = appendBatch(dst, req.Body)
	case binary:
		envs, err = appendBinary(dst, req, content.json)
	}
	if err != nil {
		clear(envs[len(dst):])
		return dst, err
	}
	return envs, nil
}
