package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/examples/internal/exampletest"
)

func TestMain(m *testing.M) { exampletest.Main(m, main) }

func TestAsync_PrintsWhenEachIsSent(t *testing.T) {
	require.Equal(t, `A client has sent it when the call returns
An Async has queued it, and has not made its payload yet
Wait returns when it is sent: {"stars":2,"title":"Cactus"}
Shutdown left 0 of 8 undone, 8 are sent
Too late: sender: shut down, true
`, exampletest.Run(t))
}
