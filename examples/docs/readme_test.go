package docs_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/sender"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/source/stripe"
	"github.com/cactuscorp/cactus/types"
)

// discard is the logger of the blocks.
var discard = slog.New(slog.DiscardHandler)

type Meter struct {
	DisplayName string `json:"display_name"`
}

func (Meter) ObjectType() string { return "billing.meter" }

type MeterErrors struct {
	cactus.Full[struct{}]
	cactus.Related[Meter]
}

func (MeterErrors) EventType() string { return "v1.billing.meter.error_report_triggered" }

type MeterErrorsPushed struct {
	cactus.Pushed[MeterErrors]
	cactus.Related[Meter]
}

func alert(context.Context, *Meter) error { return nil }

func TestReadme_WithYourProvider(t *testing.T) {
	http.DefaultServeMux = http.NewServeMux() // the test may run again
	const apiKey = "sk_test"
	t.Setenv("STRIPE_SECRET", cactustest.Secret)

	verifier := signature.Must(signature.NewStripe(signature.Key{Secret: os.Getenv("STRIPE_SECRET")}))
	r := &cactus.Registry{Fetcher: stripe.NewClient(apiKey, "2025-12-15.clover")}
	cactus.On(r, func(ctx context.Context, e *MeterErrorsPushed) error { // your type: examples/stripe/events.go
		meter, err := e.FetchRelatedObject(ctx)
		if err != nil {
			return err
		}
		return alert(ctx, meter)
	})
	http.Handle("POST /webhooks", cactus.NewHandler(r, stripe.Thin(verifier)))

	body := []byte(`{"id":"evt_1","object":"v2.core.event","type":"v1.billing.meter.created","livemode":false,
		"created":"2026-03-01T10:00:00.000Z","related_object":{"id":"mtr_1","type":"billing.meter","url":"/v1/billing/meters/mtr_1"}}`)
	answer := cactustest.Deliver(t, http.DefaultServeMux, body, cactustest.WithTarget("/webhooks"), cactustest.WithSigner(verifier))
	require.Equal(t, http.StatusOK, answer.Status)
}

func TestReadme_Middleware(t *testing.T) {
	r, logger := new(cactus.Registry), discard

	r.Use(
		middleware.Logging(logger), // the first is the outermost
		middleware.Retry(),         // 3 tries, within the deadline
		middleware.Recover(),       // a panic is a failed try
		middleware.Timeout(4*time.Second),
	)

	var recorder cactustest.Recorder
	cactus.On(r, func(context.Context, *types.OrderLostPushed) error { panic("lost") }, cactus.WithMiddleware(recorder.Middleware()))
	require.ErrorContains(t, r.DispatchUnverified(t.Context(), []byte(`{"id":"evt_1","type":"order.lost"}`)), "lost")
	require.Len(t, recorder.Records(), 3)
}

// Project is what the hooks of the blocks are about.
type Project struct {
	Title string
}

func TestReadme_Sending(t *testing.T) {
	t.Setenv("WEBHOOK_SECRET", cactustest.Secret)
	require.ErrorContains(t, readmeSending(t.Context(), Project{Title: "Cactus"}, "http://169.254.169.254/latest"), "address not allowed")
}

func readmeSending(ctx context.Context, project Project, endpoint string) error {
	send := sender.Hook(sender.Targeted(sender.NewClient(sender.Config{})),
		func(_ context.Context, p Project) (any, error) {
			return map[string]any{"title": p.Title}, nil
		},
		sender.Secret(os.Getenv("WEBHOOK_SECRET")))

	result, err := send(ctx, project, sender.URL(endpoint))
	if err != nil {
		return err
	}
	fmt.Println(result)
	return nil
}

// warehouse is a program's own.
type warehouse struct{ shipped []string }

func (w *warehouse) OnOrderShipped(ctx context.Context, e *types.OrderShippedPushed) error {
	full, err := e.Pull(ctx)
	if err != nil {
		return err
	}
	w.shipped = append(w.shipped, e.RelatedObject.ID+" by "+full.Data.ShippingService)
	return nil
}

func TestReadme_TestingYourHandlers(t *testing.T) {
	shop := new(warehouse)

	e := cactustest.Event[types.OrderShippedPushed](t,
		types.OrderShippedData{ShippingService: "usps"}, types.Order{ID: "ord_1"})
	require.NoError(t, shop.OnOrderShipped(t.Context(), e)) // its pulls answer from memory

	require.Equal(t, []string{"ord_1 by usps"}, shop.shipped)
}

// respond is an endpoint that answers 200 and keeps the last body.
func respond(body *strings.Builder) http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body.Reset()
		_, _ = io.Copy(body, r.Body)
	})
}
