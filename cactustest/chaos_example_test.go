package cactustest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/types"
)

// A sender that delivers some events twice, some of them at the same moment, and
// a handler that fails now and then: each event has its effect once.
func ExampleChaos() {
	var t exampleT // a test has its own

	const seed = 42
	effects := &cactustest.Effects{Seed: seed}
	failures := &cactustest.Failures{Seed: seed, Rate: 0.1}

	registry := new(cactus.Registry)
	registry.Use(middleware.Dedupe(middleware.NewMemoryDedupe()))
	cactus.On(registry, func(_ context.Context, e *types.OrderShippedPushed) error {
		if err := failures.Next(e.ID); err != nil {
			return err
		}
		effects.Record(e.ID)
		return nil
	})

	events := cactustest.ChaosEvents(1000, 10)
	chaos := cactustest.Chaos{Seed: seed, Faults: cactustest.ChaosFaults{Duplicate: 0.1, Concurrent: 0.1}}
	report := chaos.Deliver(t, cactus.NewHandler(registry, cactustest.Source()), events)

	report.RequireAccepted(t)
	effects.RequireOnce(t, cactustest.ChaosIDs(events))
	fmt.Println(report.Faults)
	// Output: 89 duplicate, 104 concurrent
}

func ExampleChaos_Post() {
	var t exampleT // a test has its own

	registry := new(cactus.Registry)
	cactus.On(registry, func(context.Context, *types.OrderShippedPushed) error { return nil })
	server := httptest.NewServer(cactus.NewHandler(registry, cactustest.Source()))
	defer server.Close()

	chaos := cactustest.Chaos{Seed: 1, Faults: cactustest.BadDay()}
	report := chaos.Post(t, server.URL, cactustest.ChaosEvents(100, 10))
	report.RequireAccepted(t)
	fmt.Println(report)
	// Output:
	// seed 1: 100 events, 153 requests, 0 of them retries
	// answers: 120 x 200, 9 x 401, 24 unseen
	// faults: 11 duplicate, 9 concurrent, 20 reordered, 7 given up, 10 answer lost, 7 cut, 2 truncated, 7 forged
}

// What the report says of an endpoint that does not verify.
func ExampleChaosReport() {
	var t exampleT // a test has its own

	careless := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	chaos := cactustest.Chaos{Seed: 1, Faults: cactustest.ChaosFaults{Forge: 1}}
	fmt.Println(chaos.Deliver(t, careless, cactustest.ChaosEvents(2, 1)))
	// Output:
	// seed 1: 2 events, 4 requests, 0 of them retries
	// answers: 4 x 200
	// faults: 2 forged
	// breaches: 2: evt_000000 (forged: 200), evt_000001 (forged: 200)
}

func ExampleEffects() {
	var t exampleT // a test has its own

	var effects cactustest.Effects
	effects.Record("evt_1")
	effects.Record("evt_2")
	effects.Record("evt_2")
	fmt.Println(effects.Count("evt_2"))
	effects.RequireAtLeastOnce(t, []string{"evt_1", "evt_2"})
	// Output: 2
}

func ExampleFailures() {
	failures := cactustest.Failures{Seed: 1, Rate: 0.3}
	for range 5 {
		fmt.Println(failures.Next("evt_1"))
	}
	// Output:
	// <nil>
	// cactustest: planned failure
	// <nil>
	// <nil>
	// <nil>
}

// Events of your own, signed by another scheme, are ChaosEvents as well.
func ExampleChaosEvent() {
	fmt.Println(string(cactustest.ChaosEvents(1, 1)[0].Body))
	own := cactustest.ChaosEvent{
		ID: "72d3162e", Body: []byte(`{"ref":"refs/heads/main"}`),
		Options: []cactustest.RequestOption{
			cactustest.WithHeader("X-GitHub-Event", "push"),
			cactustest.WithHeader("X-GitHub-Delivery", "72d3162e"),
		},
	}
	fmt.Println(cactustest.ChaosIDs([]cactustest.ChaosEvent{own}))
	// Output:
	// {"id":"evt_000000","type":"order.shipped","created":"2025-06-01T00:00:00Z","related_object":{"id":"ord_0000","type":"order"}}
	// [72d3162e]
}
