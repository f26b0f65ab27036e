// Package types is Cactus Corp's catalogue: its events, thin and full, the
// objects they are about, and a client with a method for each.
package types

import "github.com/cactuscorp/cactus"

// Catalogue has every event type of Cactus Corp.
var Catalogue = cactus.NewCatalogue(
	cactus.Describe[OrderShippedPushed](),
	cactus.Describe[OrderDeliveryAttemptedPushed](),
	cactus.Describe[OrderLostPushed](),
	cactus.Describe[MovieStartedPushed](),
	cactus.Describe[MovieCompletedPushed](),
)
