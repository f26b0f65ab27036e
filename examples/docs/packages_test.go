package docs_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-github/v88/github"
	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/sender"
	"github.com/cactuscorp/cactus/sender/sendertest"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/source/cloudevents"
	"github.com/cactuscorp/cactus/source/eventbridge"
	sourcegithub "github.com/cactuscorp/cactus/source/github"
	"github.com/cactuscorp/cactus/source/stripe"
	"github.com/cactuscorp/cactus/types"
)

// What is in package comments and in no other document.

func TestMiddleware_Order(t *testing.T) {
	r, logger := new(cactus.Registry), discard
	positions, store := middleware.NewMemoryOrder(), middleware.NewMemoryDedupe()

	r.Use(
		middleware.Logging(logger),
		middleware.Limit(100),
		middleware.SkipStale(positions), // or Serial, or neither
		middleware.Dedupe(store),
		middleware.Retry(),
		middleware.Recover(),
		middleware.Timeout(4*time.Second),
	)

	cactus.On(r, func(context.Context, *types.OrderLostPushed) error { return nil })
	body := []byte(`{"id":"evt_1","type":"order.lost"}`)
	require.NoError(t, r.DispatchUnverified(t.Context(), body))
	require.ErrorIs(t, r.DispatchUnverified(t.Context(), body), middleware.ErrDuplicate)
}

// sendAll stands for a program that sends.
func sendAll(ctx context.Context, client *sender.Client) error {
	_, err := newHook(client)(ctx, Project{Title: "Cactus"}, sender.URL("https://example.com"))
	return err
}

func TestSendertest_Server(t *testing.T) {
	server := sendertest.NewServer(t, sendertest.Answer(503), sendertest.Answer(200))
	client := sendertest.Client(t)

	_, err := newHook(client)(t.Context(), Project{Title: "Cactus"}, sender.URL(server.URL))
	require.NoError(t, err)
	require.Len(t, server.Received(), 2)
}

func TestSendertest_Synctest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		receiver := sendertest.NewReceiver(t, sendertest.Answer(503), sendertest.Answer(200))
		client := sendertest.NewClient(receiver)
		require.NoError(t, sendAll(t.Context(), client)) // yours
	})
}

type InvoiceData struct {
	Cents int `json:"cents"`
}

type Invoice struct {
	cactus.Full[InvoiceData]

	Source  string `json:"source"`
	Subject string `json:"subject"`
	Shop    string `json:"comexampleshop"` // an extension
}

func (Invoice) EventType() string { return "com.example.invoice" }

func TestCloudevents_Attributes(t *testing.T) {
	var r cactus.Registry
	var got Invoice
	cactus.On(&r, func(_ context.Context, e *Invoice) error {
		got.Data, got.Source, got.Subject, got.Shop = e.Data, e.Source, e.Subject, e.Shop
		return nil
	})
	handler := cactus.NewHandler(&r, cloudevents.New(cactustest.Scheme()))
	body := []byte(`{"specversion":"1.0","id":"1","type":"com.example.invoice","source":"/shop","subject":"inv_1",
		"comexampleshop":"berlin","data":{"cents":4200}}`)
	answer := cactustest.Deliver(t, handler, body, cactustest.WithHeader("Content-Type", "application/cloudevents+json"), cactustest.WithID("1"))
	require.Equal(t, http.StatusNoContent, answer.Status)
	require.Equal(t, []any{4200, "/shop", "inv_1", "berlin"}, []any{got.Data.Cents, got.Source, got.Subject, got.Shop})
}

func TestEventbridge_Inner(t *testing.T) {
	const secret = "Fx2vYbq7s0Lr5dKe9TnWcZ3u"

	token := signature.Must(signature.NewToken("X-Api-Key", signature.Key{Secret: secret}))
	source := eventbridge.New(token,
		eventbridge.WithSources("aws.partner/stripe.com/"),
		eventbridge.WithInner(stripe.Inner()))

	handler := cactus.NewHandler(new(cactus.Registry), source)
	answer := cactustest.Deliver(t, handler, []byte(`{}`), cactustest.Unsigned())
	require.Equal(t, http.StatusUnauthorized, answer.Status)
}

type Push struct{ cactus.Full[github.PushEvent] }

func (Push) EventType() string { return "push" }

func TestGithub_Push(t *testing.T) {
	var r cactus.Registry
	var ref string
	cactus.On(&r, func(_ context.Context, e *Push) error {
		ref = e.Data.GetRef()
		return nil
	})
	scheme := signature.Must(signature.NewGitHub(signature.Key{Secret: "It's a Secret to Everybody"}))
	answer := cactustest.Deliver(t, cactus.NewHandler(&r, sourcegithub.New(scheme)), []byte(`{"ref":"refs/heads/main"}`),
		cactustest.WithSigner(scheme), cactustest.WithHeader("X-GitHub-Event", "push"), cactustest.WithHeader("X-GitHub-Delivery", "1"))
	require.Equal(t, http.StatusOK, answer.Status)
	require.Equal(t, "refs/heads/main", ref)
}
