package benchmarks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"
)

// The sizes of the two events in bytes: a thin one, and a full one with an
// order of twenty items.
const (
	thinSize = 345
	fullSize = 4096
)

// The types of the two events.
const (
	thinType = "v1.billing.meter.error_report_triggered"
	fullType = "order.placed"
)

// eventID returns an id that no other i has. All have the same length.
func eventID(i int) string {
	return fmt.Sprintf("evt_65R9Ijk8dKEYZcXeRWn16R9A7j1FSQ3w3TGDPLLGSM%06d", i)
}

// thinBody returns a thin event in the form of Stripe's event notifications.
func thinBody(id string) []byte {
	return fmt.Appendf(nil, `{"id":%q,"object":"v2.core.event","type":%q,"livemode":false,`+
		`"created":"2025-10-04T15:13:32.232083866Z","context":"acct_1T93Lk",`+
		`"related_object":{"id":"mtr_61R9Ijf8dKEYZ","type":"billing.meter",`+
		`"url":"/v1/billing/meters/mtr_61R9Ijf8dKEYZ"},"reason":null}`, id, thinType)
}

// Order is the data of the full event.
type Order struct {
	Number     string    `json:"number"`
	Status     string    `json:"status"`
	Placed     time.Time `json:"placed"`
	Currency   string    `json:"currency"`
	TotalCents int       `json:"total_cents"`
	Paid       bool      `json:"paid"`
	Customer   Customer  `json:"customer"`
	Items      []Item    `json:"items"`
	Note       string    `json:"note"`
}

// Customer is who placed an [Order].
type Customer struct {
	ID       string  `json:"id"`
	Name     string  `json:"name"`
	Email    string  `json:"email"`
	Shipping Address `json:"shipping"`
}

// Address is where an [Order] goes.
type Address struct {
	Street     string `json:"street"`
	City       string `json:"city"`
	PostalCode string `json:"postal_code"`
	Country    string `json:"country"`
}

// Item is one item of an [Order].
type Item struct {
	SKU         string  `json:"sku"`
	Description string  `json:"description"`
	Quantity    int     `json:"quantity"`
	UnitCents   int     `json:"unit_cents"`
	TaxRate     float64 `json:"tax_rate"`
	Gift        bool    `json:"gift"`
	Choice      Choice  `json:"choice"`
}

// Choice is what a customer chose of an [Item].
type Choice struct {
	Size   string   `json:"size"`
	Labels []string `json:"labels"`
}

// orderItems is how many items the full event's order has.
const orderItems = 20

func newOrder() *Order {
	order := &Order{
		Number:   "2025-004711",
		Status:   "awaiting_shipment",
		Placed:   time.Date(2025, 10, 4, 15, 13, 32, 0, time.UTC),
		Currency: "EUR",
		Paid:     true,
		Customer: Customer{
			ID:    "cus_61R9Ijf8dKEYZc",
			Name:  "Jörg Müller",
			Email: "joerg.mueller@example.com",
			Shipping: Address{
				Street: "Große Straße 17", City: "Osnabrück", PostalCode: "49074", Country: "DE",
			},
		},
	}
	for i := range orderItems {
		item := Item{
			SKU: fmt.Sprintf("CAC-%04d", 1000+37*i), Description: fmt.Sprintf("Blue cactus in a pot, no. %d", i+1),
			Quantity: 1 + i%3, UnitCents: 1299 + 250*i, TaxRate: 0.19, Gift: i%5 == 0,
			Choice: Choice{Size: "M", Labels: []string{"fragile", "sun"}},
		}
		order.TotalCents += item.Quantity * item.UnitCents
		order.Items = append(order.Items, item)
	}
	return order
}

// fullBody returns an event that came with its data.
func fullBody(id string) []byte {
	return bytes.Replace(fullTemplate(), []byte(eventID(0)), []byte(id), 1)
}

// fullTemplate is the full event with the first id. The order's note brings it
// to the size.
var fullTemplate = sync.OnceValue(func() []byte {
	order := newOrder()
	render := func() []byte {
		data, err := json.Marshal(order)
		if err != nil {
			panic(err)
		}
		return fmt.Appendf(nil, `{"id":%q,"type":%q,"created":"2025-10-04T15:13:32.232083866Z",`+
			`"related_object":{"id":"ord_61R9Ijf8dKEYZ","type":"order"},"data":%s}`, eventID(0), fullType, data)
	}
	const words = "Please leave it with the neighbours if nobody is at home. "
	missing := fullSize - len(render())
	order.Note = strings.Repeat(words, missing/len(words)+1)[:missing]
	return render()
})
