// Package slack receives the events of Slack's Events API:
// https://docs.slack.dev/apis/events-api.
//
// A request carries one event inside an envelope:
//
//	{"type": "event_callback", "team_id": "T1", "api_app_id": "A1", "event_id": "Ev1", "event_time": 1531431954,
//	 "event": {"type": "app_mention", "user": "U1", "text": "..."}}
//
// The event's type is that of the inner event, its data the inner event, its id
// the event_id, its Created the event_time and its Context the team_id. A
// message's subtype is left to the data. Fields of your own event type are
// filled from the outer object: give it an `json:"api_app_id"` to know the app.
//
// Other requests than event_callback, such as app_rate_limited, become events
// of their own type whose data is the whole body. Where they have no event_id,
// their id is "sha256:" and the body's digest, which is the same when Slack
// tries again.
//
// The url_verification request, by which Slack makes sure of a URL, is answered
// for you and reaches no handler: with its challenge, as plain text, once its
// signature has been verified.
//
// Slack tries again up to three times: almost at once, after a minute and after
// five. The X-Slack-Retry-Num and X-Slack-Retry-Reason headers say so, but they
// are not signed and nothing here depends on them: a retry is known by its
// event_id, which is the event's ID and therefore what deduplication goes by.
//
// Only JSON is taken. Slash commands and interactive components come as forms
// and are no events.
package slack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
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
// Handlers have 2.5 seconds, because Slack gives up after three. Bodies may have
// 1 MiB: a message of 40,000 characters, the longest, comes twice, as text and as
// blocks, and a character may be an escape of twelve bytes.
func New(v *signature.Slack) cactus.Source {
	if v == nil {
		panic("slack: New needs a verifier")
	}
	return source{v}
}

type source struct{ verifier *signature.Slack }

func (source) Limits() cactus.Limits {
	return cactus.Limits{MaxBody: 1 << 20, Deadline: 2500 * time.Millisecond}
}

func (s source) Verify(_ context.Context, req *cactus.Request) (string, error) {
	return s.verifier.Verify(req.Header, req.Body, req.ReceivedAt)
}

// The types of an outer object that mean something here.
const (
	callbackType  = "event_callback"
	handshakeType = "url_verification"
)

var (
	errNoEvent = errors.New(`field "event": is missing`)
	errNoID    = errors.New(`field "event_id": is missing`)
)

// Parse returns no event for a url_verification that is as it should be:
// Respond answers it.
func (source) Parse(dst []cactus.Envelope, req *cactus.Request) ([]cactus.Envelope, error) {
	o, err := read(req.Body)
	if err != nil {
		return dst, err
	}
	env := cactus.Envelope{Raw: req.Body}
	env.ID, env.Created, env.Context = o.id, o.created, o.team
	switch o.typ {
	case handshakeType:
		return dst, checkChallenge(o.challenge)
	case callbackType:
		if o.event == nil {
			return dst, errNoEvent
		}
		if env.ID == "" {
			return dst, errNoID
		}
		env.Data = o.event
		if env.Type, err = innerType(o.event); err != nil {
			return dst, err
		}
	default:
		env.Data, env.Type = req.Body, o.typ
		if err := envelope.CheckType(env.Type); err != nil {
			return dst, fmt.Errorf(`field "type": %w`, err)
		}
		if env.ID == "" {
			env.ID = digestID(req.Body)
		}
	}
	if err := envelope.CheckID(env.ID); err != nil {
		return dst, fmt.Errorf(`field "event_id": %w`, err)
	}
	if err := envelope.CheckContext(env.Context); err != nil {
		return dst, fmt.Errorf(`field "team_id": %w`, err)
	}
	return append(dst, env), nil
}

// digestID names a request that has no name of its own.
func digestID(body []byte) string {
	digest := sha256.Sum256(body)
	return "sha256:" + hex.EncodeToString(digest[:])
}
