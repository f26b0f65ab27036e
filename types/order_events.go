package types

import (
	"context"

	"github.com/cactuscorp/cactus"
)

// OrderShipped says that an order has left the warehouse.
type OrderShipped struct {
	cactus.Full[OrderShippedData]
	cactus.Related[Order]
}

// OrderShippedData is the data of an [OrderShipped].
type OrderShippedData struct {
	ShippingService string `json:"shipping_service" validate:"required"` // such as "usps"
}

// EventType names the event on the wire.
func (OrderShipped) EventType() string { return "order.shipped" }

// FetchRelatedObject returns the order, see [cactus.Related].
func (e *OrderShipped) FetchRelatedObject(ctx context.Context) (*Order, error) {
	return e.Related.FetchRelatedObject(ctx)
}

// OrderShippedPushed is the thin form of [OrderShipped].
type OrderShippedPushed struct {
	cactus.Pushed[OrderShipped]
	cactus.Related[Order]
}

// Pull returns the full event, see [cactus.Pushed].
func (e *OrderShippedPushed) Pull(ctx context.Context) (*OrderShipped, error) {
	return e.Pushed.Pull(ctx)
}

// FetchRelatedObject returns the order, see [cactus.Related].
func (e *OrderShippedPushed) FetchRelatedObject(ctx context.Context) (*Order, error) {
	return e.Related.FetchRelatedObject(ctx)
}

// OrderDeliveryAttempted says that somebody was at the door with an order.
type OrderDeliveryAttempted struct {
	cactus.Full[OrderDeliveryAttemptedData]
	cactus.Related[Order]
}

// OrderDeliveryAttemptedData is the data of an [OrderDeliveryAttempted].
type OrderDeliveryAttemptedData struct {
	Success          bool   `json:"success"`
	AttemptNum       int    `json:"attempt_num" validate:"min=1"` // 1 for the first
	DeliveryLocation string `json:"delivery_location"`
}

// EventType names the event on the wire.
func (OrderDeliveryAttempted) EventType() string { return "order.delivery_attempted" }

// FetchRelatedObject returns the order, see [cactus.Related].
func (e *OrderDeliveryAttempted) FetchRelatedObject(ctx context.Context) (*Order, error) {
	return e.Related.FetchRelatedObject(ctx)
}

// OrderDeliveryAttemptedPushed is the thin form of [OrderDeliveryAttempted].
type OrderDeliveryAttemptedPushed struct {
	cactus.Pushed[OrderDeliveryAttempted]
	cactus.Related[Order]
}

// Pull returns the full event, see [cactus.Pushed].
func (e *OrderDeliveryAttemptedPushed) Pull(ctx context.Context) (*OrderDeliveryAttempted, error) {
	return e.Pushed.Pull(ctx)
}

// FetchRelatedObject returns the order, see [cactus.Related].
func (e *OrderDeliveryAttemptedPushed) FetchRelatedObject(ctx context.Context) (*Order, error) {
	return e.Related.FetchRelatedObject(ctx)
}

// OrderLost says that an order cannot be found. It has no related
// object: what became of it is what nobody knows.
type OrderLost struct {
	cactus.Full[OrderLostData]
}

// OrderLostData is the data of an [OrderLost].
type OrderLostData struct {
	LastSeenCity string `json:"last_seen_city"`
}

// EventType names the event on the wire.
func (OrderLost) EventType() string { return "order.lost" }

// OrderLostPushed is the thin form of [OrderLost].
type OrderLostPushed struct {
	cactus.Pushed[OrderLost]
}

// Pull returns the full event, see [cactus.Pushed].
func (e *OrderLostPushed) Pull(ctx context.Context) (*OrderLost, error) {
	return e.Pushed.Pull(ctx)
}
