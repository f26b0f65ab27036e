// Package github receives GitHub's webhooks, of repositories, organizations
// and apps: https://docs.github.com/webhooks.
//
// An event's type is the X-GitHub-Event header and, where the payload has one,
// its action: "push", "pull_request.opened". Its id is the X-GitHub-Delivery
// header. Its data is the payload, whether it came as JSON or as a form, so
// that the data's Go type may be one of a GitHub library or a small one of your
// own:
//
//	type Push struct{ cactus.Full[github.PushEvent] }
//
//	func (Push) EventType() string { return "push" }
//
// Created, Context and the related object are empty. A ping is an event like
// any other; unless [cactus.WithStrict] says otherwise, one that nothing takes
// is answered with 200.
//
// # What is signed
//
// GitHub signs the body and nothing else: no header and no time. Whoever gets
// hold of one signed request can send its body again, at any time, under
// another event, delivery id and content type. What that means here:
//
//   - The action in a type was signed, the event before it was not: a push can
//     come labelled "release". Give the fields that make a payload what it is a
//     `validate:"required"` tag.
//   - The content type does not decide how a body is read. The body does.
//   - The event's ID is for logs. Its DedupeID is the body's SHA-256, so that a
//     body that is sent again under another delivery id or event is a duplicate,
//     as a redelivery from GitHub's own pages is. Should a thief come first, with
//     another event that something takes, the genuine delivery is the duplicate.
//
// # Events that happen again
//
// The payloads of some events have neither a time nor a number of their own: a
// workflow that is dispatched twice gives two equal bodies, and so does somebody
// who joins a team again. They are told apart by the delivery id alone, so it
// is part of the DedupeID of these: branch_protection_configuration,
// check_run.requested_action, check_run.rerequested, check_suite.rerequested,
// custom_property_values, github_app_authorization, installation_target, member,
// membership, org_block, organization, ping, pull_request_review_thread,
// repository_dispatch, star, team, team_add, watch and workflow_dispatch.
// None of them is lost. The price is that a stolen body that
// is labelled as one of them can be replayed to the handler of that type, and
// to one for "*", as often as the thief likes.
//
// Of every other event, an equal body is a duplicate for as long as the store
// remembers the first. To choose otherwise for more of them, have a middleware
// outside the deduplication set the DedupeID to ID + ":" + DedupeID.
package github

import (
	"context"
	"net/http"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
)

// New returns a source for [cactus.NewHandler] and [cactus.Registry.Receive].
// It panics if v is nil.
//
// Bodies may have 25 MiB, where GitHub caps its payloads. A form is larger than
// its payload, so have GitHub send JSON if yours come near. Handlers have 9
// seconds, because GitHub gives up after ten. It does not send again by itself:
// what failed waits there to be redelivered by hand or over its API.
func New(v *signature.GitHub) cactus.Source {
	if v == nil {
		panic("github: New needs a verifier")
	}
	return source{v}
}

type source struct{ verifier *signature.GitHub }

func (source) Limits() cactus.Limits {
	return cactus.Limits{
		ContentTypes: []string{"application/json", "application/x-www-form-urlencoded"},
		MaxBody:      25 << 20,
		Deadline:     9 * time.Second,
	}
}

func (s source) Verify(_ context.Context, req *cactus.Request) (string, error) {
	return s.verifier.Verify(req.Header, req.Body, req.ReceivedAt)
}

func (source) Parse(dst []cactus.Envelope, req *cactus.Request) ([]cactus.Envelope, error) {
	event, id, err := readHeaders(req.Header)
	if err != nil {
		return dst, err
	}
	payload, err := payloadOf(req.Body)
	if err != nil {
		return dst, err
	}
	action, err := actionOf(payload)
	if err != nil {
		return dst, err
	}
	typ, err := typeOf(event, action)
	if err != nil {
		return dst, err
	}
	env := cactus.Envelope{Data: payload, Raw: payload}
	env.ID, env.Type = id, typ
	env.DedupeID = dedupeID(event, typ, id, req.Body)
	return append(dst, env), nil
}

// readHeaders returns the event and the delivery's id.
func readHeaders(h http.Header) (event, id string, err error) {
	if event, err = eventHeader.read(h); err != nil {
		return "", "", err
	}
	if id, err = deliveryHeader.read(h); err != nil {
		return "", "", err
	}
	return event, id, nil
}
