package main

import "github.com/cactuscorp/cactus"

// MeterErrors is Stripe's v1.billing.meter.error_report_triggered: usage that
// could not be counted.
type MeterErrors struct {
	cactus.Full[struct {
		Summary string `json:"developer_message_summary" validate:"required"`
		Reason  struct {
			ErrorCount int `json:"error_count"`
		} `json:"reason"`
	}]
	cactus.Related[Meter]
}

// EventType names the event on the wire.
func (MeterErrors) EventType() string { return "v1.billing.meter.error_report_triggered" }

// MeterErrorsPushed is the thin form of [MeterErrors].
type MeterErrorsPushed struct {
	cactus.Pushed[MeterErrors]
	cactus.Related[Meter]
}

// Meter is what of a billing.meter this program wants to know.
type Meter struct {
	DisplayName string `json:"display_name"`
}

// ObjectType is the meter's type on the wire.
func (Meter) ObjectType() string { return "billing.meter" }
