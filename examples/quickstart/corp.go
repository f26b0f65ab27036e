package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/signature"
)

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

// deliver sends the five events, and then the first one once more, signed by
// somebody who does not know the secret.
func (c *corp) deliver(url string) error {
	bodies := cactustest.ThinBodies()
	for _, body := range bodies {
		status, err := send(url, c.secret, body)
		if err != nil {
			return err
		}
		if status != http.StatusOK {
			return fmt.Errorf("event was answered %d: %s", status, body)
		}
	}
	wrong := "whsec_" + base64.StdEncoding.EncodeToString([]byte("not the secret of this endpoint"))
	status, err := send(url, wrong, bodies[0])
	if err != nil {
		return err
	}
	fmt.Printf("A forged event was refused: %d %s\n", status, http.StatusText(status))
	return nil
}

// send posts a signed webhook and returns the status of the answer.
func send(url, secret string, body []byte) (int, error) {
	env, err := cactus.ParseEnvelope(body)
	if err != nil {
		return 0, err
	}
	signer, err := signature.NewStandardWebhooks(signature.Key{Secret: secret})
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	if err := signer.Sign(req.Header, env.ID, body, time.Now()); err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}
