package stripe_test

import (
	"context"
	"fmt"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/source/stripe"
)

// The receiver was down. What Stripe lists goes through the same middleware,
// the oldest first, and what was received already does not run again.
func ExampleClient_SnapshotEvents() {
	lunch := time.Now().Add(-2 * time.Hour)
	api := newStripe(
		fakeEvent{"evt_1", "invoice.updated", lunch},
		fakeEvent{"evt_2", "invoice.updated", lunch.Add(20 * time.Minute)},
		fakeEvent{"evt_3", "invoice.updated", lunch.Add(40 * time.Minute)},
	)
	defer api.Close()

	client := stripe.NewClient("sk_test_key", apiVersion, cactus.WithBaseURL(api.URL)) // in your program: without a base URL
	r := &cactus.Registry{Fetcher: client}
	r.Use(middleware.Dedupe(middleware.NewMemoryDedupe()))
	cactus.On(r, func(_ context.Context, e *invoiceUpdated) error {
		fmt.Println(e.ID, "says that", e.RelatedObject.ID, "is", e.Data.Object.Status)
		return nil
	})
	_ = deliver(cactus.NewHandler(r, stripe.Snapshot(verifier())), snapshotBody) // evt_1 was delivered

	p, err := r.Backfill(context.Background(), client.SnapshotEvents(), lunch.Add(-time.Minute))
	fmt.Println(p.Handled, "handled,", p.Ignored, "had come before, cursor", p.Cursor, err)
	// Output:
	// evt_1 says that in_5 is paid
	// evt_2 says that in_5 is paid
	// evt_3 says that in_5 is paid
	// 2 handled, 1 had come before, cursor evt_3 <nil>
}

func ExampleClient_ThinEvents() {
	lunch := time.Now().Add(-2 * time.Hour)
	api := newStripe(
		fakeEvent{"evt_1", "v1.billing.meter.error_report_triggered", lunch},
		fakeEvent{"evt_2", "v1.billing.meter.error_report_triggered", lunch.Add(time.Hour)},
	)
	defer api.Close()

	client := stripe.NewClient("sk_test_key", apiVersion, cactus.WithBaseURL(api.URL))
	r := &cactus.Registry{Fetcher: client}
	cactus.On(r, func(_ context.Context, e *meterFailedPushed) error {
		fmt.Println(e.ID, "is about", e.RelatedObject.ID)
		return nil
	})
	p, err := r.Backfill(context.Background(), client.ThinEvents(), lunch)
	fmt.Println(p.Handled, "handled, cursor", p.Cursor, err)
	// Output:
	// evt_1 is about mtr_1
	// evt_2 is about mtr_1
	// 2 handled, cursor evt_2 <nil>
}
