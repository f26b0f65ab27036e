package sender_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/cactuscorp/cactus/sender"
	"github.com/cactuscorp/cactus/sender/sendertest"
)

// Project is the input of the hooks of these examples.
type Project struct {
	Slug  string
	Title string
}

var site = Project{Slug: "site", Title: "Website & blog"}

// printing is a client whose requests are printed and answered with 200.
func printing() *sender.Client {
	return sendertest.NewClient(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Println(r.Method, r.Host+r.URL.Path, r.Header.Get("Content-Type"), string(body))
	}))
}

// title is the payload function of these examples.
func title(_ context.Context, p Project) (map[string]string, error) {
	return map[string]string{"title": p.Title}, nil
}

// A hook is a function that sends what another one returns. The call's options win
// over the hook's.
func ExampleHook() {
	send := sender.Hook(sender.Targeted(printing()), title, sender.URL("https://example.com/hooks"))

	result, err := send(context.Background(), site)
	fmt.Println(result.State, len(result.Attempts), err)

	result, err = send(context.Background(), site, sender.URL("https://example.org"))
	fmt.Println(result.State, result.URL, err)
	// Output:
	// POST example.com/hooks application/json {"title":"Website & blog"}
	// sent 1 <nil>
	// POST example.org/ application/json {"title":"Website & blog"}
	// sent https://example.org <nil>
}

// A preset is a variable.
func ExampleOptions() {
	partner := sender.Options(
		sender.Header("X-Partner", "acme"),
		sender.Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
		sender.Retry(sender.StandardWebhooks()),
	)
	send := sender.Hook(printing(), title, partner, sender.URL("https://example.com"))

	result, _ := send(context.Background(), site)
	fmt.Println(result.Message.Header.Get("X-Partner"), result.Message.SignedBy)
	// Output:
	// POST example.com/ application/json {"title":"Website & blog"}
	// acme standardwebhooks
}

func ExampleFrom() {
	send := sender.Hook(printing(), title, sender.From(func(p Project) sender.Option {
		return sender.URL("https://example.com/projects/" + p.Slug)
	}))

	_, err := send(context.Background(), site)
	fmt.Println(err)
	// Output:
	// POST example.com/projects/site application/json {"title":"Website & blog"}
	// <nil>
}

func ExampleForm() {
	send := sender.Hook(sender.Simple(printing(), "https://example.com"), title, sender.Form())

	_, _ = send(context.Background(), site)
	// Output:
	// POST example.com/ application/x-www-form-urlencoded title=Website+%26+blog
}

// The id goes into the body, beside the header.
func ExampleHashKey() {
	send := sender.Hook(sender.Simple(printing(), "https://example.com"), title, sender.HashKey("hash"))

	_, _ = send(context.Background(), site, sender.MessageID("evt_1"))
	// Output:
	// POST example.com/ application/json {"hash":"evt_1","title":"Website & blog"}
}

// Each attempt has the message's id in a header, so that the receiver can tell a
// repeated message from a second one.
func ExampleIDHeader() {
	shop := sendertest.NewClient(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Printf("Webhook-Id %q, Idempotency-Key %q\n", r.Header.Get("Webhook-Id"), r.Header.Get("Idempotency-Key"))
		w.WriteHeader(http.StatusInternalServerError)
	}))
	send := sender.Hook(sender.Simple(shop, "https://example.com"), title, sender.Retry(sender.Schedule{Tries: 2}))

	_, _ = send(context.Background(), site, sender.MessageID("evt_1"))
	_, _ = send(context.Background(), site, sender.MessageID("evt_2"), sender.IDHeader("Idempotency-Key"))
	// Output:
	// Webhook-Id "evt_1", Idempotency-Key ""
	// Webhook-Id "evt_1", Idempotency-Key ""
	// Webhook-Id "", Idempotency-Key "evt_2"
	// Webhook-Id "", Idempotency-Key "evt_2"
}

// A setting that is missing is an error that names the option, and a result as any
// other.
func ExampleTargeted() {
	send := sender.Hook(sender.Targeted(printing()), title)

	result, err := send(context.Background(), site)
	fmt.Println(err)
	fmt.Println(result.State, errors.Is(err, sender.ErrNoURL))
	// Output:
	// sender: no URL: use option URL
	// failed true
}

func ExampleSimple() {
	send := sender.Hook(sender.Simple(printing(), "https://example.com/hooks"), title)

	_, err := send(context.Background(), site)
	fmt.Println(err)
	// Output:
	// POST example.com/hooks application/json {"title":"Website & blog"}
	// <nil>
}

// One argument makes a hook asynchronous.
func ExampleNewAsync() {
	async := sender.NewAsync(printing(), 8, 1000)
	send := sender.Hook(async, title, sender.URL("https://example.com/hooks"))

	result, err := send(context.Background(), site)
	fmt.Println(result.State, err)

	final, err := result.Wait(context.Background()) // for who wants to know
	fmt.Println(final.State, err)

	left, err := async.Shutdown(context.Background())
	fmt.Println(left, err)
	// Unordered output:
	// queued <nil>
	// POST example.com/hooks application/json {"title":"Website & blog"}
	// sent <nil>
	// 0 <nil>
}

// A ready text is sent as it is.
func ExampleNewMessage() {
	m, err := sender.NewMessage(`{"zen": "Keep it logically awesome."}`, sender.URL("https://example.com"), sender.MessageID("evt_1"))
	fmt.Println(m, err)
	fmt.Println(string(m.Body))
	// Output:
	// message evt_1 to https://example.com (37 bytes) <nil>
	// {"zen": "Keep it logically awesome."}
}

// failing is a client whose endpoint is out of order, and then gone.
func failing() *sender.Client {
	statuses := []int{503, 410}
	return sendertest.NewClient(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(statuses[0])
		statuses = statuses[1:]
	}))
}

func ExampleNotify() {
	send := sender.Hook(failing(), title, sender.URL("https://example.com"),
		sender.Notify(func(_ context.Context, n sender.Note) {
			fmt.Println(n.Level, n.Text)
		}))

	_, _ = send(context.Background(), site, sender.MessageID("evt_1"))
	// Output:
	// INFO Attempt 1: Could not send webhook evt_1
	// DEBUG Attempt 1: rejected: answered 503
	// INFO Attempt 2: Could not send webhook evt_1
	// DEBUG Attempt 2: rejected: answered 410
	// ERROR Failed to send webhook evt_1: answered 410; the endpoint answered 410 Gone, and wants no more of it
}

// The owner of an endpoint may see what was tried.
func ExampleRing() {
	type owner struct{}
	ring := sender.NewRing(1000)
	send := sender.Hook(failing(), title, sender.URL("https://example.com"), sender.Record(ring))

	_, _ = send(context.Background(), site, sender.Value(owner{}, "ann"))
	for _, record := range ring.ByValue(owner{}, "ann") {
		fmt.Println(record.Attempt.Number, record.Attempt.Outcome, record.Attempt.Status, record.Final)
	}
	// Output:
	// 2 rejected 410 true
	// 1 rejected 503 false
}

// A result reads well when it is printed. The verb %+v shows bodies as well.
func ExampleResult() {
	result := &sender.Result{
		State: sender.Sent, ID: "evt_1", URL: "https://example.com/hooks?token=t0ken",
		Attempts: []sender.Attempt{
			{Number: 1, Outcome: sender.TimedOut, Duration: 15 * time.Second, Reason: "no answer in time"},
			{Number: 2, Outcome: sender.Delivered, Status: 200, Duration: 12 * time.Millisecond, Body: []byte("thanks")},
		},
	}
	fmt.Println(result)
	fmt.Println(result.OK(), result.Last().Status)
	// Output:
	// sent: webhook evt_1 to https://example.com/...
	//   attempt 1: timed out, 15s: no answer in time
	//   attempt 2: delivered, status 200, 12ms
	// true 200
}
