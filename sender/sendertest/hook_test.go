package sendertest_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/sender"
	"github.com/cactuscorp/cactus/sender/sendertest"
	"github.com/cactuscorp/cactus/signature"
)

// This is the targeted sender of the Python package, down to its signature.
func TestReceiver_TakesWhatAHookSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := sendertest.NewReceiver(t, sendertest.Answer(500), sendertest.Reset(), sendertest.Answer(200))
		send := sender.Hook(sendertest.NewClient(r),
			func(_ context.Context, at time.Time) (map[string]any, error) { return map[string]any{"at": at}, nil },
			sender.URL("https://example.com/hooks"), sender.Retry(sender.Webhooks()), sender.Marshal(sender.StandardJSON),
			sender.Sign(signature.Must(sender.LegacyHub("secret"))))

		start := time.Now()
		result, err := send(t.Context(), time.Date(2006, 11, 21, 16, 30, 1, 123_456_789, time.UTC))
		require.NoError(t, err)
		require.Equal(t, "legacyhub", result.Message.SignedBy)
		at := make([]time.Duration, 3)
		for i, request := range r.Wait(3) {
			at[i] = request.At.Sub(start)
			require.Equal(t, `{"at":"2006-11-21T16:30:01.123Z"}`, string(request.Body)) //nolint:testifylint // the bytes are the contract
			require.Len(t, request.Header.Get("X-Hub-Signature"), 71)
		}
		require.Equal(t, []time.Duration{0, 0, time.Second}, at)
	})
}
