package main

import "github.com/cactuscorp/cactus"

// The events of a garden that waters itself. Both halves use these types: the
// garden to publish, its owner's program to receive.

// PlantThirsty says that a plant's soil is dry. Battery is a field of our own
// beside those of every event: the thin form has it too, so that it needs no
// pull.
type PlantThirsty struct {
	cactus.Full[PlantThirstyData]
	cactus.Related[Plant]

	Battery int `json:"battery" validate:"max=100"` // of the sensor, in percent
}

// PlantThirstyData is the data of a [PlantThirsty].
type PlantThirstyData struct {
	Moisture float64 `json:"moisture"` // of the soil, from 0 to 1
}

// EventType names the event on the wire.
func (PlantThirsty) EventType() string { return "plant.thirsty" }

// PlantThirstyPushed is the thin form of [PlantThirsty].
type PlantThirstyPushed struct {
	cactus.Pushed[PlantThirsty]
	cactus.Related[Plant]

	Battery int `json:"battery" validate:"max=100"`
}

// PlantWatered says that a plant got water. It is always pushed whole, so that
// it has no thin form.
type PlantWatered struct {
	cactus.Full[PlantWateredData]
}

// PlantWateredData is the data of a [PlantWatered].
type PlantWateredData struct {
	PlantID    string `json:"plant_id" validate:"required"`
	Millilitre int    `json:"millilitre" validate:"min=1"`
}

// EventType names the event on the wire.
func (PlantWatered) EventType() string { return "plant.watered" }

// TankEmpty says that there is no water left. There is nothing more to say, so
// that it has no data.
type TankEmpty struct {
	cactus.Bare
}

// EventType names the event on the wire.
func (TankEmpty) EventType() string { return "tank.empty" }

// Plant is what some of the events are about.
type Plant struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// ObjectType is the plant's type on the wire.
func (Plant) ObjectType() string { return "plant" }

// catalogue returns the garden's catalogue.
func catalogue() cactus.Catalogue {
	return cactus.NewCatalogue(
		cactus.Describe[PlantThirstyPushed](),
		cactus.Describe[PlantWatered](),
		cactus.Describe[TankEmpty](),
	)
}
