package inbox

import (
	"context"
	"sync/atomic"
)

// gate lets those in who add items until it is shut, and tells when the last of
// them has left.
type gate struct {
	shut   atomic.Bool
	inside atomic.Int64
	quiet  chan struct{} // one place
}

// enter reports whether the gate was open. Then leave must be called.
func (g *gate) enter() bool {
	g.inside.Add(1)
	if g.shut.Load() {
		g.leave()
		return false
	}
	return true
}

func (g *gate) leave() {
	if g.inside.Add(-1) == 0 && g.shut.Load() {
		select {
		case g.quiet <- struct{}{}:
		default:
		}
	}
}

// close shuts the gate and waits until nobody is inside, or until ctx is done.
func (g *gate) close(ctx context.Context) {
	g.shut.Store(true)
	for g.inside.Load() > 0 {
		select {
		case <-g.quiet:
		case <-ctx.Done():
			return
		}
	}
	notify(g.quiet) // somebody else may be closing it too
}
