package main

import (
	"github.com/google/go-github/v88/github"

	"github.com/cactuscorp/cactus"
)

// Ping is what GitHub sends when a webhook is made.
type Ping struct {
	cactus.Full[github.PingEvent]
}

// EventType is the name of the event, which has no action.
func (Ping) EventType() string { return "ping" }

// Push is commits that arrived on a branch.
type Push struct {
	cactus.Full[github.PushEvent]
}

// EventType is the name of the event, which has no action.
func (Push) EventType() string { return "push" }

// PullRequestOpened is a pull_request event whose action is opened.
type PullRequestOpened struct {
	cactus.Full[github.PullRequestEvent]
}

// EventType is the name of the event and its action.
func (PullRequestOpened) EventType() string { return "pull_request.opened" }
