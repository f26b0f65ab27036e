package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/examples/internal/exampletest"
)

func TestMain(m *testing.M) { exampletest.Main(m, main) }

func TestQuickstart_PrintsWhatBecameOfEachEvent(t *testing.T) {
	require.Equal(t, `  Created a database record for ord_452 w/ order.num_items=5
  Order ord_452 has been delivered after 2 attempt(s)!
  An order was last seen in Boulder... we have no additional information
  Someone started watching Kung Fu Panda
  User usr_223 just finished Kung Fu Panda (2008) and rated it 4 stars.
A forged event was refused: 401 Unauthorized
`, exampletest.Run(t))
}
