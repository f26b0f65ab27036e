package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/signature"
)

// What Cactus Corp sends.
const (
	shipped = `{"id":"evt_441","type":"order.shipped","related_object":{"id":"ord_452","type":"order"}}`
	lost    = `{"id":"evt_849","type":"order.lost"}`
)

// secret is what the endpoint and the company share.
const secret = cactustest.Secret

// send posts signed webhooks, as Cactus Corp does.
func send(ctx context.Context, url string, bodies ...string) error {
	signer := signature.Must(signature.NewStandardWebhooks(signature.Key{Secret: secret}))
	for _, body := range bodies {
		env, err := cactus.ParseEnvelope([]byte(body))
		if err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader([]byte(body)))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json")
		if err := signer.Sign(req.Header, env.ID, []byte(body), time.Now()); err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		if err := resp.Body.Close(); err != nil {
			return err
		}
		fmt.Printf("Sent %s, %s: %s\n", env.ID, env.Type, resp.Status)
	}
	return nil
}
