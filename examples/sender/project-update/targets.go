package main

import (
	"context"
	"errors"

	"github.com/cactuscorp/cactus/sender"
)

// Target is who wants to be told of what.
type Target struct{ Event, Owner, Identifier, URL string }

// key is the type of the keys that targeted looks values up by.
type key int

const (
	event key = iota
	owner
	identifier
)

// ErrNoTarget means that nobody wants to be told.
var ErrNoTarget = errors.New("no target")

// targeted sends to every target of a call's event, owner and identifier. In your
// program the targets are in a database.
type targeted struct {
	next    sender.Sender
	targets []Target
}

// Send is all that makes a sender. It returns one result for all targets. Each is
// sent a message of its own, with the same id, but the payload is made once.
func (t *targeted) Send(ctx context.Context, call *sender.Call) (*sender.Result, error) {
	all := &sender.Result{State: sender.Sent, ID: call.ID()}
	targets := t.find(call)
	if len(targets) == 0 {
		all.Err = ErrNoTarget
	}
	for _, target := range targets {
		one, err := call.With(sender.URL(target.URL))
		if err == nil {
			var result *sender.Result
			result, err = t.next.Send(ctx, one)
			all.Attempts = append(all.Attempts, result.Attempts...)
		}
		all.Err = errors.Join(all.Err, err)
	}
	if all.Err != nil {
		all.State = sender.Failed
	}
	return all, all.Err
}

func (t *targeted) find(call *sender.Call) []Target {
	var found []Target
	for _, target := range t.targets {
		if target.Event == call.Value(event) && target.Owner == call.Value(owner) && target.Identifier == call.Value(identifier) {
			found = append(found, target)
		}
	}
	return found
}
