// A struct is an event only if it embeds Full, Bare or Pushed.
package main

import (
	"context"

	"github.com/cactuscorp/cactus"
)

type notAnEvent struct{ ID string }

func (notAnEvent) EventType() string { return "not.an.event" }

func main() {
	var r cactus.Registry
	cactus.On(&r, func(context.Context, *notAnEvent) error { return nil }) // want: *notAnEvent does not satisfy cactus.PushedEvent[notAnEvent]
}
