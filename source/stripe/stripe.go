// Package stripe receives Stripe's thin events, which Stripe calls event
// notifications, and pulls their details from Stripe's API.
//
// A thin event is {"id","object":"v2.core.event","type","created","context",
// "related_object","reason"}; see
// https://docs.stripe.com/api/v2/core/event-destinations/event-types. Snapshot
// events come from another destination, with another secret.
package stripe

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/internal/envelope"
	"github.com/cactuscorp/cactus/signature"
)

// Thin returns a source of thin events for [cactus.NewHandler] and
// [cactus.Registry.Receive]. It panics if v is nil.
//
// Handlers have 9 seconds: Stripe documents no figure, asks for a quick answer
// and has been seen to give up after ten.
func Thin(v *signature.Stripe) cactus.Source {
	if v == nil {
		panic("stripe: Thin needs a verifier")
	}
	return thin{v}
}

type thin struct{ verifier *signature.Stripe }

func (t thin) Limits() cactus.Limits { return cactus.Limits{Deadline: 9 * time.Second} }

func (t thin) Verify(_ context.Context, req *cactus.Request) (string, error) {
	return t.verifier.Verify(req.Header, req.Body, req.ReceivedAt)
}

// The values of an event's object field.
const (
	thinObject     = "v2.core.event"
	snapshotObject = "event"
)

var (
	errSnapshot = errors.New(`field "object": this is a snapshot event: they need a destination, ` +
		"a secret and a source of their own")
	errObject = errors.New(`field "object": must be "v2.core.event"`)
)

func (t thin) Parse(dst []cactus.Envelope, req *cactus.Request) ([]cactus.Envelope, error) {
	// The object comes first: what else is wrong with a snapshot event, such as
	// a created that is a number, would say nothing to its reader.
	if err := checkObject(req.Body); err != nil {
		return dst, err
	}
	return cactus.AppendEnvelope(dst, req.Body)
}

// errFound ends a walk over a body that has said what it is.
var errFound = errors.New("found")

// checkObject accepts a body without an object, as Stripe's own library does.
// It leaves the rest of the body to the parser.
func checkObject(body []byte) error {
	err := envelope.Each(body, func(key, value []byte) error {
		if string(key) != "object" {
			return nil
		}
		var object string
		if string(value) == `"`+thinObject+`"` {
			return errFound
		}
		if json.Unmarshal(value, &object) != nil {
			return errObject
		}
		switch object {
		case thinObject, "":
			return errFound
		case snapshotObject:
			return errSnapshot
		default:
			return errObject
		}
	})
	if errors.Is(err, errFound) {
		return nil
	}
	return err
}

// BaseURL is where Stripe's API is.
const BaseURL = "https://api.stripe.com"

// ClientOptions returns what a [cactus.Client] needs to pull from Stripe: the
// base URL, the path of events, and the headers that say whose event it is
// (Stripe-Context) and which one made us ask (Stripe-Request-Trigger). Options
// after them win. Stripe's API may want a version, which is yours to choose:
//
//	opts := append(stripe.ClientOptions(), cactus.WithHeader(func(h http.Header, _ *cactus.Meta) {
//		h.Set("Stripe-Version", "2025-09-30.clover")
//	}))
func ClientOptions() []cactus.ClientOption {
	return []cactus.ClientOption{
		cactus.WithBaseURL(BaseURL),
		cactus.WithEventPath("/v2/core/events/{id}"),
		cactus.WithContextHeader("Stripe-Context"),
		cactus.WithHeader(func(h http.Header, m *cactus.Meta) {
			if m.ID != "" {
				h.Set("Stripe-Request-Trigger", "event="+m.ID)
			}
		}),
	}
}
