package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/examples/internal/exampletest"
)

func TestMain(m *testing.M) { exampletest.Main(m, main) }

func TestZen_AnswersAPingWithItsHookID(t *testing.T) {
	require.Equal(t, `GitHub sends a ping
  Received: Keep it logically awesome.
  -> 200, hook_id 4711
GitHub sends a push
  -> 204
Somebody else sends a ping
  -> 401, failed: answered 401; attempt 1 of 1 was the last
`, exampletest.Run(t))
}
