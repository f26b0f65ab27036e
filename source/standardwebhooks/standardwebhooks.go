// Package standardwebhooks receives events in the payload that the Standard
// Webhooks specification, version 1.0.0, recommends:
//
//	{"type": "user.created", "timestamp": "2022-11-03T20:26:10.344522Z", "data": {...}}
//
// The event's id is the Webhook-Id header, which the signature covers. Senders
// that use Svix mostly call it Svix-Id: set the scheme's field Svix for them.
package standardwebhooks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/internal/envelope"
	"github.com/cactuscorp/cactus/signature"
)

// New returns a source for [cactus.NewHandler] and [cactus.Registry.Receive].
// It panics if v is nil.
//
// An event's id has the grammar of [cactus.ParseEnvelope], which is narrower than
// that of the header: letters, digits, dash, underscore and colon. The
// timestamp becomes the event's Created; it may be absent. Other fields are
// left to those of the handler's event type. Handlers have 14 seconds, because
// the specification has senders wait for 15 to 30.
func New(v *signature.StandardWebhooks) cactus.Source {
	if v == nil {
		panic("standardwebhooks: New needs a verifier")
	}
	return source{v}
}

type source struct{ verifier *signature.StandardWebhooks }

func (s source) Verify(_ context.Context, req *cactus.Request) (string, error) {
	return s.verifier.Verify(req.Header, req.Body, req.ReceivedAt)
}

func (s source) Parse(dst []cactus.Envelope, req *cactus.Request) ([]cactus.Envelope, error) {
	env := cactus.Envelope{Raw: req.Body}
	env.ID = s.verifier.ID(req.Header)
	if err := envelope.CheckID(env.ID); err != nil {
		return dst, fmt.Errorf("header %s-Id: %w", s.prefix(), err)
	}
	var seen fields
	err := envelope.Each(req.Body, func(key, value []byte) error {
		switch string(key) {
		case "type":
			return seen.read(typeField, value, &env.Type)
		case "timestamp":
			return seen.read(timestampField, value, &env.Created)
		case "data":
			if string(value) != "null" {
				env.Data = value
			}
			return seen.once(dataField)
		}
		return nil
	})
	if err != nil {
		return dst, err
	}
	if err := envelope.CheckType(env.Type); err != nil {
		return dst, fmt.Errorf(`field "type": %w`, err)
	}
	return append(dst, env), nil
}

// prefix is what the headers' names begin with.
func (s source) prefix() string {
	if s.verifier.Svix {
		return "Svix"
	}
	return "Webhook"
}

// fields has a bit for each known field that was met.
type fields uint8

const (
	typeField fields = 1 << iota
	timestampField
	dataField
)

func (f fields) String() string {
	return map[fields]string{typeField: "type", timestampField: "timestamp", dataField: "data"}[f]
}

func (f *fields) once(field fields) error {
	if *f&field != 0 {
		return fmt.Errorf("field %q: is there twice", field)
	}
	*f |= field
	return nil
}

// read decodes a string or a time.
func (f *fields) read(field fields, value []byte, target any) error {
	if err := f.once(field); err != nil {
		return err
	}
	if json.Unmarshal(value, target) == nil {
		return nil
	}
	if _, ok := target.(*time.Time); ok {
		return errors.New(`field "timestamp": must be an RFC 3339 time`)
	}
	return fmt.Errorf("field %q: must be a string", field)
}
