package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/sender"
	"github.com/cactuscorp/cactus/signature"
)

// garden publishes events and has an API to pull their details from.
type garden struct {
	apiKey string
	signer signature.Signer
	client *sender.Client
	thirst *PlantThirsty
	plant  Plant
}

// newGarden returns a garden with one thirsty plant. It sends to this machine
// too, which a sender does not by itself.
func newGarden(apiKey string, signer signature.Signer) *garden {
	plant := Plant{ID: "plt_7", Name: "Saguaro"}
	e := cactus.New[PlantThirsty]("evt_1")
	e.Created = time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)
	e.RelatedObject = cactus.ObjectRef{ID: plant.ID, Type: plant.ObjectType()}
	e.Battery = 80
	e.Data.Moisture = 0.04
	client := sender.NewClient(sender.Config{
		Guard: &sender.Guard{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
	})
	return &garden{apiKey: apiKey, signer: signer, client: client, thirst: e, plant: plant}
}

// ServeHTTP is the garden's API.
func (g *garden) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+g.apiKey {
		http.Error(w, `{"error":{"code":"unauthorized"}}`, http.StatusUnauthorized)
		return
	}
	var body []byte
	var err error
	switch r.URL.Path {
	case "/v1/events/" + g.thirst.ID:
		body, err = cactus.Marshal(g.thirst)
	case "/v1/plants/" + g.plant.ID:
		body, err = json.Marshal(g.plant)
	default:
		http.Error(w, `{"error":{"code":"not_found"}}`, http.StatusNotFound)
		return
	}
	if err != nil {
		http.Error(w, `{"error":{"code":"internal"}}`, http.StatusInternalServerError)
		return
	}
	_, _ = w.Write(body)
}

// publish sends the garden's events to a webhook: one thin, one whole, one
// without data.
func (g *garden) publish(ctx context.Context, url string) error {
	send := sender.Hook(g.client, g.body,
		sender.URL(url), sender.Sign(g.signer),
		// A delivery has the id of its event, so that the receiver sees what came twice.
		sender.From(func(e cactus.Event) sender.Option { return sender.MessageID(e.Metadata().ID) }))

	watered := cactus.New[PlantWatered]("evt_2")
	watered.Data = PlantWateredData{PlantID: g.plant.ID, Millilitre: 250}
	empty := cactus.New[TankEmpty]("evt_3")
	for _, e := range []cactus.Event{g.thirst, watered, empty} {
		if _, err := send(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// body returns what is sent of an event: those that can be pulled go thin.
func (g *garden) body(_ context.Context, e cactus.Event) (json.RawMessage, error) {
	marshal := cactus.Marshal
	if e == g.thirst {
		marshal = cactus.MarshalThin
	}
	body, err := marshal(e)
	fmt.Printf("garden sends %s\n", body)
	return body, err
}
