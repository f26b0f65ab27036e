package sender_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/sender"
	"github.com/cactuscorp/cactus/sender/sendertest"
)

func TestClientSend_HeedsRetryAfterWithoutASchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for asked, want := range map[time.Duration]time.Duration{4 * time.Second: 4 * time.Second, time.Hour: 10 * time.Second} {
			r := sendertest.NewReceiver(t, sendertest.Step{Status: 503, RetryAfter: asked}, sendertest.Answer(200))
			start := time.Now()
			result, err := sender.Hook(sendertest.NewClient(r), func(context.Context, string) (string, error) { return "{}", nil })(
				t.Context(), "", sender.URL("https://example.com/hooks"))
			require.NoError(t, err)
			require.Len(t, result.Attempts, 2)
			require.Equal(t, want, time.Since(start).Truncate(time.Second))
		}
	})
}
