package sendertest_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/cactuscorp/cactus/sender"
	"github.com/cactuscorp/cactus/sender/sendertest"
	"github.com/cactuscorp/cactus/signature"
)

// Every URL leads to the receiver, without a network.
func ExampleNewClient() {
	inTest(func(t T) {
		receiver := sendertest.NewReceiver(t, sendertest.Answer(500), sendertest.Hang(), sendertest.Answer(410))
		client := sendertest.NewClient(receiver)
		message := &sender.Message{URL: "https://example.com/hooks", Body: []byte(`{}`), Timeout: time.Second}

		schedule := sender.Schedule{Tries: 10}
		for number := 1; ; number++ {
			attempt := client.Attempt(context.Background(), message, number)
			decision := schedule.Decide(attempt)
			fmt.Println(attempt.Outcome, "->", decision)
			if decision.Action != sender.Again {
				break
			}
			time.Sleep(decision.Wait)
		}
		fmt.Println(len(receiver.Received()), "attempts at", receiver.Received()[0].Host)
	})
	// Output:
	// rejected -> again after 0s
	// timed out -> again after 0s
	// rejected -> give up: the endpoint answered 410 Gone, and wants no more of it
	// 3 attempts at example.com
}

func ExampleNewServer() {
	inTest(func(t T) {
		server := sendertest.NewServer(t, sendertest.AnswerAfter(503, time.Minute), sendertest.Reset(), sendertest.Answer(204))
		client := sendertest.Client(t)
		message := &sender.Message{URL: server.URL + "/hooks", Body: []byte(`{"id":61}`)}
		for number := range 3 {
			attempt := client.Attempt(context.Background(), message, number+1)
			fmt.Println(attempt.Outcome, attempt.Status, attempt.RetryAfter)
		}
		for _, request := range server.Wait(3) {
			fmt.Println(request.Method, request.URL, string(request.Body))
		}
	})
	// Output:
	// rejected 503 1m0s
	// unreachable 0 0s
	// delivered 204 0s
	// POST /hooks {"id":61}
	// POST /hooks {"id":61}
	// POST /hooks {"id":61}
}

// A request that does not verify fails the test and is answered 401.
func ExampleReceiver_VerifyWith() {
	inTest(func(t T) {
		scheme := signature.Must(signature.NewStandardWebhooks(signature.Key{Name: "main", Secret: secret}))
		receiver := sendertest.NewReceiver(t)
		receiver.VerifyWith(scheme)

		client := sendertest.NewClient(receiver)
		client.Attempt(context.Background(), &sender.Message{
			ID: "msg_1", URL: "https://example.com/hooks", Body: []byte(`{}`), Signer: scheme,
		}, 1)
		attempt := client.Attempt(context.Background(), &sender.Message{
			ID: "msg_1", URL: "https://example.com/hooks", Body: []byte(`{}`),
		}, 1)
		fmt.Println(receiver.Received()[0].Key)
		fmt.Println(attempt.Status, http.StatusText(attempt.Status))
	})
	// Output:
	// main
	// 401 Unauthorized
	// the test fails: sendertest: request 2 does not verify: signature: no signature: no Webhook-Signature
}

// T stands for the *testing.T of a test.
type T interface{ testing.TB }

// inTest runs a test and prints its failures.
func inTest(test func(T)) {
	tb := &fakeTB{}
	for _, failure := range tb.run(func() { test(tb) }) {
		fmt.Println("the test fails:", failure)
	}
}
