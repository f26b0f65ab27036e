package cloudevents

import (
	"fmt"
	"mime"
	"slices"
	"strconv"
)

// Option changes a [New].
type Option func(*source)

// WithBinary also takes events in binary mode, with these content types: media
// types in lower case, without parameters. Without any, it takes every content
// type; a request that has none is refused either way, as the specification of
// webhooks wants. It panics if a content type is malformed or that of an event
// format.
//
// In binary mode the body is the event's data alone. The attributes are ce-*
// headers, and most schemes sign no header but their own: whoever gets hold of
// one signed request, of any mode, can for as long as its timestamp is
// accepted send its body again as the data of an event with an id, a type and a
// source of their choice. Take binary events only where TLS and the sender keep
// requests from others, and trust the attributes no further. The DedupeID has
// the body's digest in it, so that such a request cannot pass for the duplicate
// of a genuine event. Where you define the scheme, sign the id at least:
//
//	signature.Format{Header: "X-Signature", IDHeader: "ce-id", Signed: "{id}.{body}"}
//
// JSON bodies are Data as they came; any other body is Data as a JSON string of
// its base64, for a []byte D. Raw is an object of the attributes, all of them
// strings, and datacontenttype is the Content-Type. Attributes are
// percent-decoded once.
func WithBinary(contentTypes ...string) Option {
	for _, t := range contentTypes {
		media, params, err := mime.ParseMediaType(t)
		if err != nil || len(params) > 0 || media != t || isEventFormat(t) {
			panic(fmt.Sprintf("cloudevents: WithBinary: %q is not a media type in lower case without parameters, "+
				"or it is an event format's", t))
		}
	}
	return func(s *source) {
		s.binary = true
		s.types = append([]string{structuredType, batchType}, contentTypes...)
		if len(contentTypes) == 0 {
			s.types = []string{anyType}
		}
	}
}

// WithOrigins answers the OPTIONS handshake by which a sender asks whether it
// may deliver here, and grants it to these origins: DNS names, compared without
// regard to case. "*" grants it to all. Without this option OPTIONS is answered
// with 405, which such senders take for a no. It panics without an origin and if
// one is empty.
//
// The handshake proves nothing about the sender: deliveries are verified by
// their signature, whatever their WebHook-Request-Origin says. The URL in
// WebHook-Request-Callback is never fetched, because anybody can ask for any.
func WithOrigins(origins ...string) Option {
	if len(origins) == 0 || slices.Contains(origins, "") {
		panic(`cloudevents: WithOrigins needs the names of origins, or "*"`)
	}
	origins = slices.Clone(origins)
	return func(s *source) { s.origins = origins }
}

// WithRate is how many requests a minute the handshake grants, whatever the
// sender asks for. The default is no limit ("*"). Nothing is enforced: it is
// what the sender is told. It panics unless perMinute is positive.
func WithRate(perMinute int) Option {
	if perMinute <= 0 {
		panic("cloudevents: WithRate needs a positive number of requests a minute")
	}
	return func(s *source) { s.rate = strconv.Itoa(perMinute) }
}
