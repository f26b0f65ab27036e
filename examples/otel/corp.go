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
)

// traceparent is the trace context of the company's own span.
const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

// corp plays Cactus Corp: its API, and the sender of its webhooks.
type corp struct {
	apiKey, apiURL string
	secret         string // of the receiver's endpoint
	stop           func()
}

func startCorp() *corp {
	api := httptest.NewServer(cactustest.NewAPI(cactustest.APIKey))
	return &corp{apiKey: cactustest.APIKey, apiURL: api.URL, secret: cactustest.Secret, stop: api.Close}
}

// deliver sends an order.shipped, signed and with the trace context.
func (c *corp) deliver(ctx context.Context, url string) error {
	body := cactustest.ThinBodies()[0]
	env, err := cactus.ParseEnvelope(body)
	if err != nil {
		return err
	}
	signer, err := signature.NewStandardWebhooks(signature.Key{Secret: c.secret})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Traceparent", traceparent)
	if err := signer.Sign(req.Header, env.ID, body, time.Now()); err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("the event was answered %s", resp.Status)
	}
	if closed := resp.Body.Close(); err == nil {
		err = closed
	}
	return err
}
