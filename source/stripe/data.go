package stripe

import (
	"encoding/json"
	"fmt"
)

// Data is the data of a snapshot event about an O, which is a struct of one's
// own or of a Stripe library for the destination's API version:
//
//	type InvoicePaid struct {
//		cactus.Full[stripe.Data[Invoice]]
//		cactus.Related[Invoice] // to fetch what the invoice is by now
//	}
//
//	func (InvoicePaid) EventType() string { return "invoice.paid" }
type Data[O any] struct {
	// Object is the object as it was when the event was made.
	Object O `json:"object"`
	// PreviousAttributes is an object of those attributes that an update has
	// changed, as they were before. It is nil in other events.
	PreviousAttributes json.RawMessage `json:"previous_attributes,omitempty"`
}

// Request is what a snapshot event's request field says about the API request
// that caused the event. It is zero if none did, or if Stripe does not say. API
// versions before 2017-05-25 had the request's id alone, as a string, which is
// read as well.
//
//	type InvoicePaid struct {
//		cactus.Full[stripe.Data[Invoice]]
//
//		Request stripe.Request `json:"request"`
//	}
type Request struct {
	ID             string `json:"id"`
	IdempotencyKey string `json:"idempotency_key"`
}

// UnmarshalJSON implements [json.Unmarshaler].
func (r *Request) UnmarshalJSON(data []byte) error {
	*r = Request{}
	if len(data) > 0 && data[0] == '"' {
		if err := json.Unmarshal(data, &r.ID); err != nil {
			return fmt.Errorf("decode request: %w", err)
		}
		return nil
	}
	type plain Request
	if err := json.Unmarshal(data, (*plain)(r)); err != nil {
		return fmt.Errorf("decode request: %w", err)
	}
	return nil
}
