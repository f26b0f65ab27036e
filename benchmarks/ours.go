package benchmarks

import (
	"context"
	"fmt"
	"net/http"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/source/stripe"
)

// MeterError is the full event that the thin one stands for.
type MeterError struct {
	cactus.Full[MeterErrorData]
	cactus.Related[Meter]
}

// MeterErrorData is the data of a [MeterError].
type MeterErrorData struct {
	Summary string `json:"developer_message_summary"`
}

// Meter is what a [MeterError] is about.
type Meter struct {
	ID string `json:"id"`
}

// EventType names the event on the wire.
func (MeterError) EventType() string { return thinType }

// MeterErrorPushed is the thin event.
type MeterErrorPushed struct {
	cactus.Pushed[MeterError]
	cactus.Related[Meter]
}

// MeterErrorFields is the thin event with all fields that stripe-go decodes.
type MeterErrorFields struct {
	cactus.Pushed[MeterError]
	cactus.Related[Meter]

	Object   string `json:"object"`
	Livemode bool   `json:"livemode"`
	Reason   *struct {
		Type string `json:"type"`
	} `json:"reason"`
}

// OrderPlaced is the full event.
type OrderPlaced struct {
	cactus.Full[Order]
	cactus.Related[Order]
}

// EventType names the event on the wire.
func (OrderPlaced) EventType() string { return fullType }

// thinHandler handles the thin event.
func thinHandler(src cactus.Source) func(*tally) http.Handler {
	return func(seen *tally) http.Handler {
		return cactus.NewHandler(thinRegistry(seen), src)
	}
}

func thinRegistry(seen *tally) *cactus.Registry {
	r := new(cactus.Registry)
	cactus.On(r, func(_ context.Context, e *MeterErrorPushed) error {
		seen.note(e.ID, e.RelatedObject.ID, 0)
		return nil
	})
	return r
}

// manyHandler handles the thin event and 999 others.
func manyHandler(seen *tally) http.Handler {
	r := thinRegistry(seen)
	for i := range 999 {
		r.Handle(fmt.Sprintf("v1.billing.meter.error_report_%03d", i), func(context.Context, *cactus.RawEvent) error {
			return nil
		})
	}
	return cactus.NewHandler(r, cactus.Thin(standardScheme(secretKey)))
}

// fieldsHandler handles the thin event with all its fields.
func fieldsHandler(seen *tally) http.Handler {
	r := new(cactus.Registry)
	cactus.On(r, func(_ context.Context, e *MeterErrorFields) error {
		seen.note(e.ID, e.RelatedObject.ID, 0)
		return nil
	})
	return cactus.NewHandler(r, stripe.Thin(stripeScheme(secretKey)))
}

// fullHandler handles the full event.
func fullHandler(src cactus.Source) func(*tally) http.Handler {
	return func(seen *tally) http.Handler {
		r := new(cactus.Registry)
		cactus.On(r, func(_ context.Context, e *OrderPlaced) error {
			seen.note(e.ID, e.RelatedObject.ID, len(e.Data.Items))
			return nil
		})
		return cactus.NewHandler(r, src)
	}
}

// slackSource is a source of events that are signed as Slack signs.
type slackSource struct{ verifier *signature.Slack }

func (s slackSource) Verify(_ context.Context, req *cactus.Request) (string, error) {
	return s.verifier.Verify(req.Header, req.Body, req.ReceivedAt)
}

func (s slackSource) Parse(dst []cactus.Envelope, req *cactus.Request) ([]cactus.Envelope, error) {
	env, err := cactus.ParseEnvelope(req.Body)
	if err != nil {
		return dst, err
	}
	return append(dst, *env), nil
}
