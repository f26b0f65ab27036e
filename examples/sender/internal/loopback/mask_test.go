package loopback_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/examples/sender/internal/loopback"
)

func TestMask_LeavesWhatIsTheSameEachTime(t *testing.T) {
	require.Equal(t, "sent: webhook ID to http://127.0.0.1:PORT/...\n  attempt 1: delivered, status 200, DURATION: fine",
		loopback.Mask("sent: webhook 0199b1c2-7d3e-7a4f-8b5c-6d7e8f901234 to http://127.0.0.1:40213/...\n"+
			"  attempt 1: delivered, status 200, 12ms: fine"))
	require.Equal(t, ", DURATION", loopback.Mask(", 1m0.5s"))
	require.Equal(t, "3 tries, 2 targets", loopback.Mask("3 tries, 2 targets"))
}
