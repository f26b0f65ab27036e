package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
)

// garden publishes events and has an API to pull their details from.
type garden struct {
	apiKey string
	signer signature.Signer
	thirst *PlantThirsty
	plant  Plant
}

// newGarden returns a garden with one thirsty plant.
func newGarden(apiKey string, signer signature.Signer) *garden {
	plant := Plant{ID: "plt_7", Name: "Saguaro"}
	e := cactus.New[PlantThirsty]("evt_1")
	e.Created = time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)
	e.RelatedObject = cactus.ObjectRef{ID: plant.ID, Type: plant.ObjectType()}
	e.Battery = 80
	e.Data.Moisture = 0.04
	return &garden{apiKey: apiKey, signer: signer, thirst: e, plant: plant}
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
	thin, err := cactus.MarshalThin(g.thirst)
	if err != nil {
		return err
	}
	if err := g.post(ctx, url, g.thirst.ID, thin); err != nil {
		return err
	}

	watered := cactus.New[PlantWatered]("evt_2")
	watered.Data = PlantWateredData{PlantID: g.plant.ID, Millilitre: 250}
	empty := cactus.New[TankEmpty]("evt_3")
	for _, e := range []cactus.Event{watered, empty} {
		body, err := cactus.Marshal(e)
		if err != nil {
			return err
		}
		if err := g.post(ctx, url, e.Metadata().ID, body); err != nil {
			return err
		}
	}
	return nil
}

// post sends one signed webhook, once. A real sender tries again.
func (g *garden) post(ctx context.Context, url, id string, body []byte) error {
	fmt.Printf("garden sends %s\n", body)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if err := g.signer.Sign(req.Header, id, body, time.Now()); err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("event %s was answered %s", id, resp.Status)
	}
	return nil
}
