// EventType must be declared on the value, or a thin event could not ask it.
package main

import "github.com/cactuscorp/cactus"

type full struct{ cactus.Full[string] }

func (*full) EventType() string { return "full" }

type pushed struct{ cactus.Pushed[full] } // want: full does not satisfy cactus.FullEvent (method EventType has pointer receiver)

func main() { _ = pushed{} }
