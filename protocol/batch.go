package protocol

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/cactuscorp/cactus/internal/envelope"
)

// BatchName is the name of the event that [HandleBatch] handles.
const BatchName = "batch"

// Limits of a batch.
const (
	MaxBatch         = 100 // events
	MaxBatchParallel = 8   // handlers at the same time
	maxBatchID       = 255 // bytes of id and of flow id, which every answer may repeat
)

// HandleBatch registers the event "batch", which carries other events of r:
//
//	{"parallel": true, "events": [event, ...]}
//
// Its response's payload is the array of their answers, in their order. Each
// event is processed as if it had come alone, with its own answer, errors too;
// without an id or a flow id it has the batch's, where the [Dialect] allows
// that. Without "parallel" they run one after the other. A batch that is not
// like this, has more than [MaxBatch] events or an id or flow id of more than
// 255 bytes, or is in another batch, is answered with badRequest.
//
// When the batch's context ends, events that have not begun do not begin. They
// are answered as if their handler had returned the context's error.
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
	if err := checkBatchIDs(event); err != nil {
		return nil, err
	}
	parallel, events, err := readBatch(event.Payload)
	if err != nil {
		return nil, err
	}

	answers := make([][]byte, len(events))
	if !parallel {
		for i := range events {
			answers[i] = c.processOne(ctx, events[i])
		}
		return batchResponse(event, answers)
	}
	var group sync.WaitGroup
	slots := make(chan struct{}, MaxBatchParallel)
	for i := range events {
		slots <- struct{}{}
		group.Go(func() { // one an event: a handler may end its goroutine
			defer func() { <-slots }()
			answers[i] = c.processOne(ctx, events[i])
		})
	}
	group.Wait()
	for i, answer := range answers {
		if answer == nil {
			answers[i] = c.fail(ctx, events[i], errGoexit)
		}
	}
	return batchResponse(event, answers)
}

// batchResponse writes the answers as they are.
func batchResponse(event *Event, answers [][]byte) (*Event, error) {
	response, err := event.Response(nil)
	if err == nil {
		response.Payload = slices.Concat([]byte("["), bytes.Join(answers, []byte(",")), []byte("]"))
	}
	return response, err
}

var errGoexit = errors.New("the handler ended its goroutine")

// processOne answers one event of the batch c.
func (c *eventContext) processOne(ctx context.Context, body []byte) []byte {
	if ctx.Err() != nil {
		return c.fail(ctx, body, context.Cause(ctx))
	}
	return c.processor.process(ctx, body, c)
}

// fail answers an event of the batch c as if its handler had returned err.
func (c *eventContext) fail(ctx context.Context, body []byte, err error) []byte {
	p := c.processor
	event, malformed := parse(body, &c.event, p.dialect == Kotlin)
	if malformed != nil {
		return p.malformed(ctx, &event, malformed)
	}
	return p.finish(&event, p.failed(ctx, &event, err))
}

// checkBatchIDs refuses ids with which a small batch would make a huge answer.
func checkBatchIDs(event *Event) error {
	tooLong := FieldError{
		ErrorType: "value_error.any_str.max_length",
		Message:   fmt.Sprintf("ensure this value has at most %d bytes", maxBatchID),
	}
	switch {
	case len(event.ID) > maxBatchID:
		return MissingFields(named(keyNames[keyID], tooLong))
	case len(event.FlowID) > maxBatchID:
		return MissingFields(named(keyNames[keyFlowID], tooLong))
	}
	return nil
}

// readBatch reads a batch's payload.
func readBatch(payload json.RawMessage) (parallel bool, events []json.RawMessage, err error) {
	var rawParallel, rawEvents json.RawMessage
	twice := ""
	err = envelope.Each(payload, func(key, value []byte) error {
		switch string(key) {
		case "parallel":
			if rawParallel != nil {
				twice = "parallel"
			}
			rawParallel = value
		case "events":
			if rawEvents != nil {
				twice = "events"
			}
			rawEvents = value
		}
		return nil
	})
	switch {
	case err != nil:
		return false, nil, MissingFields(named(wholePayload, errDict))
	case twice != "":
		return false, nil, MissingFields(named(twice, errTwice))
	case rawEvents == nil:
		return false, nil, MissingFields(named("events", errMissing))
	case rawParallel != nil && json.Unmarshal(rawParallel, &parallel) != nil:
		return false, nil, MissingFields(named("parallel", errBool))
	case rawEvents[0] != '[':
		return false, nil, MissingFields(named("events", errList))
	}
	s := scanner{data: rawEvents, pos: 1}
	for s.more(']') {
		if len(events) == MaxBatch {
			return false, nil, MissingFields(named("events", FieldError{
				ErrorType: "value_error.list.max_items",
				Message:   fmt.Sprintf("ensure this value has at most %d items", MaxBatch),
			}))
		}
		events = append(events, s.value())
	}
	return parallel, events, nil
}
