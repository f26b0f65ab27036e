package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/examples/internal/exampletest"
	"github.com/cactuscorp/cactus/examples/sender/internal/loopback"
)

func TestMain(m *testing.M) { exampletest.Main(m, main) }

func TestProjectUpdate_PrintsEachDelivery(t *testing.T) {
	require.Equal(t, `/docs is told: {"description":"Projects from templates","event":"project.update","owner":"audreyr","title":"Cookiecutter"}
Cookiecutter: sent after 3 attempt(s)
webhooks: failed after 1 attempt(s)
  answered 410; the endpoint answered 410 Gone, and wants no more of it (no target: false)
Cactus: failed after 0 attempt(s)
  no target (no target: true)
Deliveries of audreyr, the newest first:
  http://127.0.0.1:PORT/chat attempt 2: delivered, 200 posted
  http://127.0.0.1:PORT/chat attempt 1: rejected, 503 restarting
  http://127.0.0.1:PORT/docs attempt 1: delivered, 200 thanks
Deliveries of pydanny, the newest first:
  http://127.0.0.1:PORT/gone attempt 1: rejected, 410 closed
`, loopback.Mask(exampletest.Run(t)))
}
