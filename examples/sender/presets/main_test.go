package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/examples/internal/exampletest"
	"github.com/cactuscorp/cactus/examples/sender/internal/loopback"
)

func TestMain(m *testing.M) { exampletest.Main(m, main) }

func TestPresets_PrintsWhatTheEndpointGets(t *testing.T) {
	require.Equal(t, `The hooks' own options:
  /search production, unsigned: {"title":"Cactus"}
  /partner production, signed: {"hash":"ID","title":"Cactus"}
The call wins:
  /partner/staging staging, signed: {"hash":"ID","title":"Cactus"}
And only once:
  /partner production, signed: {"hash":"ID","title":"Cactus"}
`, loopback.Mask(exampletest.Run(t)))
}
