package benchmarks

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/inbox"
)

// later is a handler that has work left when it has answered.
type later interface {
	// catchUp waits until the work is done, within the time that is measured.
	catchUp(done func() bool)
	stop()
}

// inInbox is an Inbox over a Memory whose workers run.
type inInbox struct {
	http.Handler

	inbox *inbox.Inbox
	ended chan error
}

// inboxHandler is [loopbackHandler] with an Inbox in between: the same source and
// the same registry.
func inboxHandler(seen *tally) http.Handler {
	in := inbox.New(inbox.NewMemory(), inbox.Config{})
	in.Register("shop", thinRegistry(seen), cactus.Thin(standardScheme(secretKey)))
	h := inInbox{in.Handler("shop"), in, make(chan error, 1)}
	go func() { h.ended <- in.Run(context.Background()) }()
	return h
}

// catchUpTime is when somebody is told that work has been lost.
const catchUpTime = 10 * time.Second

func (inInbox) catchUp(done func() bool) {
	for end := time.Now().Add(catchUpTime); !done() && time.Now().Before(end); {
		time.Sleep(20 * time.Microsecond)
	}
}

func (h inInbox) stop() {
	if left, err := h.inbox.Shutdown(context.Background()); left != 0 || err != nil {
		panic(fmt.Sprintf("%d items are left in the inbox: %v", left, err))
	}
	if err := <-h.ended; err != nil {
		panic(err)
	}
}

// inboxOver compares an Inbox with answering when the handlers are done, over so
// many connections.
func inboxOver(connections int, connect func(string) (client, error), kind string) Comparison {
	over := func(name string, newHandler func(*tally) http.Handler) Case {
		return Case{Name: name, Batch: loopbackBatch, Start: overLoopback(newHandler, thinGain, connections, connect)}
	}
	name := fmt.Sprintf("Inbox over loopback, %d connections%s", connections, kind)
	if connections == 1 {
		name = "Inbox over loopback, 1 connection" + kind
	}
	return against(name, over("answered before the handlers", inboxHandler), over("answered after them", loopbackHandler), atLeast(0.8))
}

// inboxComparisons are those of requests per second.
func inboxComparisons() []Comparison {
	return []Comparison{
		inboxOver(1, connectUser, ""),
		inboxOver(8, connectUser, ""),
		inboxOver(64, connectUser, ""),
		inboxOver(8, connectBare, ", bare client"),
		inboxOver(64, connectBare, ", bare client"),
	}
}
