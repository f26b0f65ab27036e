package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/examples/internal/exampletest"
)

func TestMain(m *testing.M) { exampletest.Main(m, main) }

func TestGitHub_PrintsWhatBecameOfEachDelivery(t *testing.T) {
	require.Equal(t, `GitHub sends a ping
  Webhook 4711 works: Keep it logically awesome.
  -> 200 OK
GitHub sends a push
  saguaro pushed 1 commit(s) to main of cactuscorp/greenhouse
    0d1a26e Water less
  -> 200 OK
GitHub sends a pull request
  opuntia opened #7: Add a sand bed
  -> 200 OK
GitHub sends a pull request, as a form
  opuntia opened #8: 50% shade & less = better
  -> 200 OK
GitHub sends an action that nothing takes
  -> 200 OK
GitHub sends the push again, redelivered
  Done already, so the handler did not run
  -> 200 OK
GitHub sends a forged push
  -> 401 Unauthorized
`, exampletest.Run(t))
}
