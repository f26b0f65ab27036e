package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/examples/internal/exampletest"
)

func TestMain(m *testing.M) { exampletest.Main(m, main) }

func TestInbox_RetriesAndReplays(t *testing.T) {
	require.Equal(t, `Monday's deploy
Sent evt_441, order.shipped: 202 Accepted
Sent evt_849, order.lost: 202 Accepted
In the inbox: 2 ready, 0 scheduled, 0 running, 0 dead
  evt_441: the label printer is offline
  evt_849: whom to ask?
  evt_441: printed a label for ord_452
In the inbox: 0 ready, 0 scheduled, 0 running, 1 dead
Dead letter: evt_849, order.lost, attempt 1: permanent: nobody to ask is configured
Shut down with 0 left
Tuesday's deploy
Replayed 1
Sent evt_441, order.shipped: 202 Accepted
  evt_849: asked the depot
In the inbox: 0 ready, 0 scheduled, 0 running, 0 dead
Shut down with 0 left
`, exampletest.Run(t))
}
