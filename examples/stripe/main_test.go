package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/examples/internal/exampletest"
)

func TestMain(m *testing.M) { exampletest.Main(m, main) }

func TestStripe_PullsTheEventAndItsMeterForTheAccount(t *testing.T) {
	require.Equal(t, `Stripe was asked for /v2/core/events/evt_123 (Stripe-Context: acct_456, Stripe-Request-Trigger: event=evt_123)
Stripe was asked for /v1/billing/meters/mtr_123 (Stripe-Context: acct_456, Stripe-Request-Trigger: event=evt_123)
Meter "API calls" of account acct_456 lost 1 event(s): There is 1 invalid event
Stripe was answered 200 OK
`, exampletest.Run(t))
}

func TestMeterErrors_AreEasyToMakeInATest(t *testing.T) {
	e := cactustest.Event[MeterErrorsPushed](t, map[string]any{"developer_message_summary": "oh"}, Meter{DisplayName: "API calls"})
	require.Equal(t, "billing.meter", e.RelatedObject.Type)
	full, err := e.Pull(t.Context())
	require.NoError(t, err)
	require.Equal(t, "oh", full.Data.Summary)
}
