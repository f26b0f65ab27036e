package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/examples/internal/exampletest"
	"github.com/cactuscorp/cactus/examples/sender/internal/loopback"
)

func TestMain(m *testing.M) { exampletest.Main(m, main) }

func TestBasic_PrintsTheResult(t *testing.T) {
	require.Equal(t, `attempt:     1
hash:        ID
posted:      {"hash":"ID","husband":"Danny","wife":"Audrey"}
status code: 200
response:    {"json":{"hash":"ID","husband":"Danny","wife":"Audrey"}}
url:         http://127.0.0.1:PORT/post

sent: webhook ID to http://127.0.0.1:PORT/...
  attempt 1: delivered, status 200, DURATION
`, loopback.Mask(exampletest.Run(t)))
}
