package types

// Order is what order events are about.
type Order struct {
	ID           string `json:"id" validate:"required"`
	Created      Date   `json:"created"`
	NumItems     int    `json:"num_items"`
	CostCents    int    `json:"cost_cents"`
	DeliveryDate Date   `json:"delivery_date"`
}

// ObjectType is the order's type on the wire.
func (Order) ObjectType() string { return "order" }
