package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/types"
)

// Cactus Corp ships one order a minute from noon on.
const (
	allEvents = 60
	missed    = 20
)

var (
	noon      = time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)
	downFrom  = noon.Add(20 * time.Minute)
	downUntil = downFrom.Add(missed * time.Minute)
)

// corp plays Cactus Corp: its API, and the sender of its webhooks.
type corp struct {
	apiKey, apiURL string
	events         []*types.OrderShipped
	stop           func()
}

func startCorp() *corp {
	api := cactustest.NewAPI(cactustest.APIKey)
	c := &corp{apiKey: cactustest.APIKey}
	for i := range allEvents {
		order := types.Order{ID: fmt.Sprint("ord_", i%3), NumItems: i%3 + 1}
		e := cactus.New[types.OrderShipped](fmt.Sprint("evt_", 1000+i))
		e.Created = noon.Add(time.Duration(i) * time.Minute)
		e.RelatedObject = cactus.ObjectRef{ID: order.ID, Type: "order"}
		e.Data.ShippingService = "usps"
		api.AddObject(e.RelatedObject, order)
		api.AddEvent(e)
		c.events = append(c.events, e)
	}
	server := httptest.NewServer(api)
	c.apiURL, c.stop = server.URL, server.Close
	return c
}

// deliver pushes the events to the registry's webhook while that is not down.
func (c *corp) deliver(ctx context.Context, registry *cactus.Registry) error {
	signer := signature.Must(signature.NewStandardWebhooks(signature.Key{Secret: cactustest.Secret}))
	webhook := cactus.NewHandler(registry, cactus.Thin(signer))
	for _, e := range c.events {
		if !e.Created.Before(downFrom) && e.Created.Before(downUntil) {
			continue
		}
		thin := cactus.New[types.OrderShippedPushed](e.ID)
		thin.RelatedObject = e.RelatedObject
		body, err := cactus.MarshalThin(thin)
		if err != nil {
			return err
		}
		if status := push(ctx, webhook, signer, e.ID, body); status != http.StatusOK {
			return fmt.Errorf("event %s was answered %d", e.ID, status)
		}
	}
	return nil
}

// push calls the webhook as a request would.
func push(ctx context.Context, webhook http.Handler, signer *signature.StandardWebhooks, id string, body []byte) int {
	req := httptest.NewRequestWithContext(ctx, http.MethodPost, "/webhooks", bytes.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	if err := signer.Sign(req.Header, id, body, time.Now()); err != nil {
		return http.StatusInternalServerError
	}
	w := httptest.NewRecorder()
	webhook.ServeHTTP(w, req)
	return w.Code
}
