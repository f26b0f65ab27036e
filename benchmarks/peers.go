package benchmarks

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/slack-go/slack"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stripe/stripe-go/v85"
	svix "github.com/svix/svix-webhooks/go"

	"github.com/cactuscorp/cactus/signature"
)

// event is what a user of a library that only verifies decodes a body into.
type event struct {
	ID            string          `json:"id"`
	Type          string          `json:"type"`
	Created       time.Time       `json:"created"`
	Context       string          `json:"context"`
	RelatedObject objectRef       `json:"related_object"`
	Data          json.RawMessage `json:"data"`
}

type objectRef struct {
	ID   string `json:"id"`
	Type string `json:"type"`
	URL  string `json:"url"`
}

// peer is a hand-written webhook endpoint. It decodes an event's data in the
// handler that the event's type chooses, as it must when there is more than one
// type.
type peer struct {
	verify   func(header http.Header, body []byte) error
	handlers map[string]func(context.Context, *event) error
}

func (p *peer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if err := p.verify(r.Header, body); err != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var e event
	if err := json.Unmarshal(body, &e); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if handle := p.handlers[e.Type]; handle != nil {
		if err := handle(r.Context(), &e); err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
	}
	w.WriteHeader(http.StatusOK)
}

func newPeer(verify func(http.Header, []byte) error) func(*tally) http.Handler {
	return func(seen *tally) http.Handler {
		return &peer{verify: verify, handlers: map[string]func(context.Context, *event) error{
			thinType: func(_ context.Context, e *event) error {
				seen.note(e.ID, e.RelatedObject.ID, 0)
				return nil
			},
			fullType: func(_ context.Context, e *event) error {
				var order Order
				if err := json.Unmarshal(e.Data, &order); err != nil {
					return err
				}
				seen.note(e.ID, e.RelatedObject.ID, len(order.Items))
				return nil
			},
		}}
	}
}

func svixVerify() func(http.Header, []byte) error {
	v := signature.Must(svix.NewWebhook(standardSecret(secretKey)))
	return func(header http.Header, body []byte) error { return v.Verify(body, header) }
}

func standardVerify() func(http.Header, []byte) error {
	v := signature.Must(standardwebhooks.NewWebhook(standardSecret(secretKey)))
	return func(header http.Header, body []byte) error { return v.Verify(body, header) }
}

func slackVerify() func(http.Header, []byte) error {
	secret := string(secretKey)
	return func(header http.Header, body []byte) error {
		v, err := slack.NewSecretsVerifier(header, secret)
		if err != nil {
			return err
		}
		if _, err := v.Write(body); err != nil {
			return err
		}
		return v.Ensure()
	}
}

// stripePeer is an endpoint for event notifications, as in stripe-go's own
// example.
type stripePeer struct {
	client *stripe.Client
	secret string
	seen   *tally
}

func newStripePeer(seen *tally) http.Handler {
	return &stripePeer{client: stripe.NewClient("none"), secret: string(secretKey), seen: seen}
}

func (p *stripePeer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	notification, err := p.client.ParseEventNotification(body, r.Header.Get("Stripe-Signature"), p.secret)
	if err != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if e, ok := notification.(*stripe.V1BillingMeterErrorReportTriggeredEventNotification); ok {
		p.seen.note(e.ID, e.RelatedObject.ID, 0)
	}
	w.WriteHeader(http.StatusOK)
}
