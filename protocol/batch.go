package protocol

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/cactuscorp/cactus/internal/envelope"
)

// BatchName is the name of the event that [HandleBatch] handles.
const BatchName = "batch"

// Limits of a batch.
const (
	MaxBatch         = 100 // events
	MaxBatchParallel = 8   // handlers at the same time
)

// HandleBatch registers the event "batch", which carries other events of r:
//
//	{"parallel": true, "events": [event, ...]}
//
// Its response's payload is the array of their answers, in their order. Each
// event is processed as if it had come alone, with its own answer, errors too;
// without an id or a flow id it has the batch's, where the [Dialect] allows
// that. Without "parallel" they run one after the other. A batch that is not
// like this, has more than [MaxBatch] events, or is in another batch, is
// answered with badRequest.
//
// It panics as [HandleEvent] does.
func HandleBatch(r *Registry, version int, opts ...HandleOption) {
	where := caller(2)
	if err := r.register(where, key{BatchName, version}, handleBatch, nil, opts); err != nil {
		panic(fmt.Sprintf("protocol: batch at %s: version %d: %v", where, version, err))
	}
}

func handleBatch(ctx context.Context, event *Event) (*Event, error) {
	c, ok := ctx.Value(eventKey{}).(*eventContext)
	if !ok {
		return nil, errors.New("a batch needs the context of its processor")
	}
	if c.depth > 0 {
		return nil, BadRequest("NESTED_BATCH", nil)
	}
	parallel, events, err := readBatch(event.Payload)
	if err != nil {
		return nil, err
	}

	workers := 1
	if parallel {
		workers = min(MaxBatchParallel, len(events))
	}
	answers := make([]json.RawMessage, len(events))
	turns := make(chan int, len(events))
	for i := range events {
		turns <- i
	}
	close(turns)
	work := func() {
		for i := range turns {
			answers[i] = c.processor.process(ctx, events[i], c)
		}
	}
	var group sync.WaitGroup
	for range workers - 1 {
		group.Go(work)
	}
	work()
	group.Wait()
	return event.Response(answers)
}

// readBatch reads a batch's payload.
func readBatch(payload json.RawMessage) (parallel bool, events []json.RawMessage, err error) {
	var rawParallel, rawEvents json.RawMessage
	err = envelope.Each(payload, func(key, value []byte) error {
		switch string(key) {
		case "parallel":
			rawParallel = value
		case "events":
			rawEvents = value
		}
		return nil
	})
	switch {
	case err != nil:
		return false, nil, MissingFields(named(wholePayload, errDict))
	case rawEvents == nil:
		return false, nil, MissingFields(named("events", errMissing))
	case rawParallel != nil && json.Unmarshal(rawParallel, &parallel) != nil:
		return false, nil, MissingFields(named("parallel", errBool))
	case rawEvents[0] != '[' || json.Unmarshal(rawEvents, &events) != nil:
		return false, nil, MissingFields(named("events", errList))
	case len(events) > MaxBatch:
		return false, nil, MissingFields(named("events", FieldError{
			ErrorType: "value_error.list.max_items",
			Message:   fmt.Sprintf("ensure this value has at most %d items", MaxBatch),
		}))
	}
	return parallel, events, nil
}
