package cactus

import (
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/cactuscorp/cactus/internal/envelope"
)

// Meta is what every event has, whatever its type. The JSON names are those of
// the wire; the fields without one are facts about the delivery.
//
// Middleware may set fields before the handler runs, and pulls see what it set.
type Meta struct {
	// ID identifies the event; a redelivery has the same.
	ID string `json:"id"`
	// Type is the type that arrived. A handler registered for several types
	// tells them apart by it.
	Type string `json:"type"`
	// Created is when the event happened. It is zero if the sender said nothing.
	Created time.Time `json:"created,omitzero"`
	// Context is the sender's name for the account that the event belongs to.
	// It goes back to the API with each pull. Often empty.
	Context string `json:"context,omitempty"`

	// Tenant is our own name for whose event this is, chosen by [PerRequest].
	Tenant string `json:"-"`
	// Key is the name of the signature key that matched.
	Key string `json:"-"`
	// DedupeID is what makes a delivery a duplicate, where that is not the ID.
	// It is set by the Source; empty means ID.
	DedupeID string `json:"-"`
	// ReceivedAt is when the delivery reached us, possibly before a queue.
	ReceivedAt time.Time `json:"-"`
}

// Metadata returns m itself. Every event promotes it, so that middleware can
// read and set the Meta of an event whose type it does not know.
func (m *Meta) Metadata() *Meta { return m }

// LogValue shows the event's id and type, and the tenant if there is one.
func (m Meta) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("id", m.ID), slog.String("type", m.Type)}
	if m.Tenant != "" {
		attrs = append(attrs, slog.String("tenant", m.Tenant))
	}
	return slog.GroupValue(attrs...)
}

// ObjectRef names the object that an event is about. The zero ObjectRef is
// none.
type ObjectRef struct {
	ID   string `json:"id"`
	Type string `json:"type"`
	// URL is where the object is, as a path on the API's own host. Empty means
	// that the API's client knows by the type.
	URL string `json:"url,omitempty"`
}

// IsZero reports whether r names no object.
func (r ObjectRef) IsZero() bool { return r == ObjectRef{} }

// Envelope is one event as it arrived: what a [Source] parses and
// [Registry.Dispatch] takes.
//
// Dispatch keeps the bytes of Data and Raw for as long as somebody keeps the
// event: never reuse them.
type Envelope struct {
	Meta

	// RelatedObject is zero if the event has none.
	RelatedObject ObjectRef
	// Data is the event's data as JSON; nil means that the event is thin.
	Data json.RawMessage
	// Raw is the JSON object that a user's own fields are read from, usually
	// the whole body. Nil means none.
	Raw json.RawMessage
}

// ParseEnvelope reads Cactus Corp's wire format: one JSON object with id, type
// and optionally created, context, related_object and data. The related object
// may also be called relatedObject, be null or be absent; unknown fields are
// left to Raw. Everything else is strict, and each error names the field and
// wraps [ErrMalformed].
//
// The envelope's Data and Raw are views of body.
func ParseEnvelope(body []byte) (*Envelope, error) {
	env := new(Envelope)
	if err := env.parse(body); err != nil {
		return nil, err
	}
	return env, nil
}

// AppendEnvelope is [ParseEnvelope] for a [Source]: it appends the envelope to
// dst. On an error it returns dst as it was.
func AppendEnvelope(dst []Envelope, body []byte) ([]Envelope, error) {
	dst = append(dst, Envelope{})
	if err := dst[len(dst)-1].parse(body); err != nil {
		return dst[:len(dst)-1], err
	}
	return dst, nil
}

// parse fills e, which must be zero.
func (e *Envelope) parse(body []byte) error {
	var f envelope.Fields
	if err := envelope.Scan(body, &f); err != nil {
		return malformed(err)
	}
	t := f.Texts()
	e.ID, e.Type, e.Context, e.Created = t.ID, t.Type, t.Context, f.Created
	e.RelatedObject = ObjectRef{ID: t.ObjectID, Type: t.ObjectType, URL: t.ObjectURL}
	e.Data, e.Raw = f.Data, body
	return nil
}

// check refuses a hand-made envelope without the two fields that everything
// else stands on. The full grammar is the Source's business.
func (e *Envelope) check() error {
	switch {
	case e == nil:
		return malformed(errors.New("no envelope"))
	case e.ID == "":
		return malformed(&envelope.Error{Field: "id", Problem: "is missing"})
	case e.Type == "":
		return malformed(&envelope.Error{Field: "type", Problem: "is missing"})
	}
	return nil
}

// malformedError is an ErrMalformed that says why.
type malformedError struct{ err error }

func malformed(err error) error { return &malformedError{err} }

func (e *malformedError) Error() string        { return ErrMalformed.Error() + ": " + e.err.Error() }
func (e *malformedError) Unwrap() error        { return e.err }
func (e *malformedError) Is(target error) bool { return target == ErrMalformed }
