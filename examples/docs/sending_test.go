package docs_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/sender"
	"github.com/cactuscorp/cactus/sender/sendertest"
	"github.com/cactuscorp/cactus/signature"
)

func TestSending_OneWebhook(t *testing.T) {
	t.Setenv("WEBHOOK_SECRET", cactustest.Secret)
	require.ErrorContains(t, sendOne(t.Context(), Project{Title: "Cactus"}, "http://localhost:8080"), "address not allowed")
}

func sendOne(ctx context.Context, project Project, endpoint string) error {
	client := sender.NewClient(sender.Config{}) // reaches public addresses alone

	send := sender.Hook(sender.Targeted(client), func(_ context.Context, p Project) (any, error) {
		return map[string]any{"title": p.Title}, nil
	}, sender.Secret(os.Getenv("WEBHOOK_SECRET")))

	result, err := send(ctx, project, sender.URL(endpoint))
	if err != nil {
		return err // result says more
	}
	fmt.Println(result)
	return nil
}

func TestSending_AnEvent(t *testing.T) {
	const secret = cactustest.Secret
	var body strings.Builder
	server := httptest.NewServer(respond(&body))
	defer server.Close()
	endpoint := server.URL

	client := sender.NewClient(sender.Config{Guard: &sender.Guard{
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
	}})

	publish := sender.Hook(client,
		func(_ context.Context, e cactus.Event) (json.RawMessage, error) { return cactus.MarshalThin(e) },
		sender.URL(endpoint), sender.Secret(secret),
		sender.From(func(e cactus.Event) sender.Option { return sender.MessageID(e.Metadata().ID) }))

	result, err := publish(t.Context(), cactustest.Event[OrderShippedPushed](t, nil, Order{ID: "ord_1"}))
	require.NoError(t, err)
	require.Equal(t, cactustest.EventID, result.ID)
	require.Contains(t, body.String(), `"ord_1"`)
}

// shelf is a queue that forgets nothing, and hands nothing out.
type shelf struct{ kept []string }

func (s *shelf) Keep(m *sender.Message, attempt int, wait time.Duration) error {
	s.kept = append(s.kept, fmt.Sprint(m.ID, " ", attempt, " in ", wait))
	return nil
}

func TestSending_TryAgain(t *testing.T) {
	receiver := sendertest.NewReceiver(t, sendertest.AnswerAfter(503, 30*time.Second), sendertest.Answer(200), sendertest.Answer(410))
	client, queue := sendertest.NewClient(receiver), new(shelf)
	message := &sender.Message{ID: "msg_1", URL: "https://example.com"}
	require.NoError(t, attempt(t.Context(), client, queue, message, 1))
	require.NoError(t, attempt(t.Context(), client, queue, message, 2))
	require.ErrorContains(t, attempt(t.Context(), client, queue, message, 3), "410 Gone")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, attempt(ctx, client, queue, message, 3))
	require.Equal(t, []string{"msg_1 2 in 30s", "msg_1 3 in 0s"}, queue.kept)
}

// attempt is what a worker of one's own does with a message.
func attempt(ctx context.Context, client *sender.Client, queue *shelf, message *sender.Message, n int) error {
	schedule := sender.StandardWebhooks()

	attempt := client.Attempt(ctx, message, n)
	switch d := schedule.Decide(attempt); d.Action {
	case sender.Again:
		return queue.Keep(message, n+1, d.Wait)
	case sender.Interrupted: // by ctx, and is no attempt
		return queue.Keep(message, n, 0)
	case sender.GiveUp:
		return errors.Join(errors.New(d.Reason), attempt.Err)
	case sender.Done:
	}
	return nil
}

func TestSending_GiveBack(t *testing.T) {
	scheme := signature.Must(signature.NewStandardWebhooks(signature.Key{Secret: cactustest.Secret}))
	signed, err := sender.NewMessage(Project{Title: "Cactus"}, sender.URL("https://example.com"), sender.Sign(scheme))
	require.NoError(t, err)
	stored, err := json.Marshal(signed)
	require.NoError(t, err)

	receiver := sendertest.NewReceiver(t, sendertest.Answer(200))
	client := sendertest.NewClient(receiver)
	queue := new(shelf)
	var lost sender.Message
	require.NoError(t, json.Unmarshal(stored, &lost))
	require.ErrorContains(t, attempt(t.Context(), client, queue, &lost, 1), "give it back after loading")
	require.NoError(t, load(t.Context(), client, queue, stored, scheme))
	require.Empty(t, queue.kept)
}

// load makes an attempt of a message that was kept.
func load(ctx context.Context, client *sender.Client, queue *shelf, stored []byte, scheme *signature.StandardWebhooks) error {
	var message sender.Message
	if err := json.Unmarshal(stored, &message); err != nil {
		return err
	}
	if message.SignedBy != "" {
		message.Signer = scheme // a signature.StandardWebhooks of the endpoint's secret
	}

	return attempt(ctx, client, queue, &message, 1)
}

func newHook(s sender.Sender) sender.HookFunc[Project] {
	return sender.Hook(sender.Targeted(s), func(_ context.Context, p Project) (map[string]any, error) {
		return map[string]any{"title": p.Title}, nil
	})
}

func TestSending_TestIt(t *testing.T) {
	project := Project{Title: "Cactus"}

	synctest.Test(t, func(t *testing.T) {
		receiver := sendertest.NewReceiver(t, sendertest.Answer(503), sendertest.Hang(), sendertest.Answer(200))
		send := newHook(sendertest.NewClient(receiver)) // yours
		_, err := send(t.Context(), project, sender.URL("https://example.com/hooks"))
		require.NoError(t, err)
		require.Len(t, receiver.Received(), 3)
	})
}
