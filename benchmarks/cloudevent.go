package benchmarks

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"

	sdk "github.com/cloudevents/sdk-go/v2"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/source/cloudevents"
)

// cloudGain is what a tally gains with a CloudEvent: its id, its source and the
// items of its order.
const cloudGain = len("evt_65R9Ijk8dKEYZcXeRWn16R9A7j1FSQ3w3TGDPLLGSM000000") + len(cloudSource) + orderItems

const cloudSource = "https://shop.example.com/orders"

// cloudBody returns the full event as a structured CloudEvent: the same order
// under attributes that say the same.
func cloudBody(id string) []byte {
	_, data, _ := bytes.Cut(fullBody(id), []byte(`"data":`))
	head := `{"specversion":"1.0","id":"` + id + `","source":"` + cloudSource + `","type":"` + fullType + `",` +
		`"time":"2025-10-04T15:13:32.232083866Z","subject":"ord_61R9Ijf8dKEYZ","datacontenttype":"application/json","data":`
	return append([]byte(head), data...)
}

// smallCloudSize is the size of a small CloudEvent in bytes.
const smallCloudSize = 657

// smallCloudType is the type of the small CloudEvent.
const smallCloudType = "com.example.shop.shipment.announced"

// Shipment is the data of the small CloudEvent.
type Shipment struct {
	Order    string    `json:"order"`
	Carrier  string    `json:"carrier"`
	Tracking string    `json:"tracking"`
	Parcels  int       `json:"parcels"`
	Weight   float64   `json:"weight_kg"`
	Expected time.Time `json:"expected"`
	Address  Address   `json:"address"`
}

// smallCloudGain is what a tally gains with a small CloudEvent.
const smallCloudGain = len("evt_65R9Ijk8dKEYZcXeRWn16R9A7j1FSQ3w3TGDPLLGSM000000") + len(cloudSource) + 3

// smallCloudBody returns a CloudEvent of the usual size, with the attributes that
// senders usually give.
func smallCloudBody(id string) []byte {
	return []byte(`{"specversion":"1.0","id":"` + id + `","source":"` + cloudSource + `","type":"` + smallCloudType + `",` +
		`"time":"2025-10-04T15:13:32.232083866Z","subject":"ord_61R9Ijf8dKEYZ","datacontenttype":"application/json",` +
		`"dataschema":"https://shop.example.com/schemas/shipment/2.json",` +
		`"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",` +
		`"data":{"order":"2025-004711","carrier":"usps","tracking":"9400111202555842332669","parcels":3,"weight_kg":4.25,` +
		`"expected":"2025-10-07T12:00:00Z","address":{"street":"Große Straße 17","city":"Osnabrück","postal_code":"49074","country":"DE"}}}`)
}

// structuredHeaders signs with a verifier's scheme, if there is one, and says
// that the body is a structured CloudEvent.
type structuredHeaders struct{ signature.Signer }

func (s structuredHeaders) Sign(h http.Header, id string, body []byte, at time.Time) error {
	h.Set("Content-Type", "application/cloudevents+json")
	if s.Signer == nil {
		return nil
	}
	return s.Signer.Sign(h, id, body, at)
}

// unsigned takes every request, as sdk-go does. No user of ours should.
type unsigned struct{}

func (unsigned) Verify(http.Header, []byte, time.Time) (string, error) { return "", nil }

// OrderCloud is the CloudEvent.
type OrderCloud struct {
	cactus.Full[Order]

	Source string `json:"source"`
}

// EventType names the event on the wire.
func (OrderCloud) EventType() string { return fullType }

// ShipmentCloud is the small CloudEvent.
type ShipmentCloud struct {
	cactus.Full[Shipment]

	Source string `json:"source"`
}

// EventType names the event on the wire.
func (ShipmentCloud) EventType() string { return smallCloudType }

func cloudHandler(v signature.Verifier) func(*tally) http.Handler {
	return func(seen *tally) http.Handler {
		r := new(cactus.Registry)
		cactus.On(r, func(_ context.Context, e *OrderCloud) error {
			seen.note(e.ID, e.Source, len(e.Data.Items))
			return nil
		})
		cactus.On(r, func(_ context.Context, e *ShipmentCloud) error {
			seen.note(e.ID, e.Source, e.Data.Parcels)
			return nil
		})
		return cactus.NewHandler(r, cloudevents.New(v))
	}
}

// sdkPeer is an endpoint on sdk-go's NewEventFromHTTPRequest and DataAs. Verify
// may be nil: sdk-go has nothing of the kind.
type sdkPeer struct {
	verify   func(header http.Header, body []byte) error
	handlers map[string]func(context.Context, *sdk.Event) error
}

func (p *sdkPeer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p.verify != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if err := p.verify(r.Header, body); err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		again := *r // r is the ring's
		again.Body = io.NopCloser(bytes.NewReader(body))
		r = &again
	}
	e, err := sdk.NewEventFromHTTPRequest(r)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if handle := p.handlers[e.Type()]; handle != nil {
		if err := handle(r.Context(), e); err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
	}
	w.WriteHeader(http.StatusOK)
}

func newSDKPeer(verify func(http.Header, []byte) error) func(*tally) http.Handler {
	return func(seen *tally) http.Handler {
		return &sdkPeer{verify: verify, handlers: map[string]func(context.Context, *sdk.Event) error{
			fullType: func(_ context.Context, e *sdk.Event) error {
				var order Order
				if err := e.DataAs(&order); err != nil {
					return err
				}
				seen.note(e.ID(), e.Source(), len(order.Items))
				return nil
			},
			smallCloudType: func(_ context.Context, e *sdk.Event) error {
				var shipment Shipment
				if err := e.DataAs(&shipment); err != nil {
					return err
				}
				seen.note(e.ID(), e.Source(), shipment.Parcels)
				return nil
			},
		}}
	}
}

// oursVerify is our own verifier in a peer's place, so that a signature costs
// both the same.
func oursVerify() func(http.Header, []byte) error {
	v := standardScheme(secretKey)
	return func(header http.Header, body []byte) error {
		_, err := v.Verify(header, body, time.Now())
		return err
	}
}

func cloudRing(s signature.Signer) []*request { return newRing(cloudBody, structuredHeaders{s}) }

func smallCloudRing(s signature.Signer) []*request {
	return newRing(smallCloudBody, structuredHeaders{s})
}

// The CloudEvents through ServeHTTP.
var (
	smallCloudCactus = Case{Name: "cactus, no signature", Start: working(func() Work {
		return serving(smallCloudRing(nil), http.StatusNoContent, smallCloudGain, cloudHandler(unsigned{}))
	})}
	smallCloudSDK = Case{Name: "sdk-go, no signature", Start: working(func() Work {
		return serving(smallCloudRing(nil), http.StatusOK, smallCloudGain, newSDKPeer(nil))
	})}
	smallCloudCactusSigned = Case{Name: "cactus", Start: working(func() Work {
		s := standardScheme(secretKey)
		return serving(smallCloudRing(s), http.StatusNoContent, smallCloudGain, cloudHandler(s))
	})}
	smallCloudSDKSigned = Case{Name: "sdk-go + our verifier", Start: working(func() Work {
		return serving(smallCloudRing(standardScheme(secretKey)), http.StatusOK, smallCloudGain, newSDKPeer(oursVerify()))
	})}
	cloudCactus = Case{Name: "cactus, no signature", Start: working(func() Work {
		return serving(cloudRing(nil), http.StatusNoContent, cloudGain, cloudHandler(unsigned{}))
	})}
	cloudSDK = Case{Name: "sdk-go, no signature", Start: working(func() Work {
		return serving(cloudRing(nil), http.StatusOK, cloudGain, newSDKPeer(nil))
	})}
	cloudCactusSigned = Case{Name: "cactus", Start: working(func() Work {
		s := standardScheme(secretKey)
		return serving(cloudRing(s), http.StatusNoContent, cloudGain, cloudHandler(s))
	})}
	cloudSDKSigned = Case{Name: "sdk-go + our verifier", Start: working(func() Work {
		return serving(cloudRing(standardScheme(secretKey)), http.StatusOK, cloudGain, newSDKPeer(oursVerify()))
	})}
)
