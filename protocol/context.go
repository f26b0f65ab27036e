package protocol

import "context"

// eventContext carries the request and who processes it. It is one allocation
// with the event.
type eventContext struct {
	context.Context //nolint:containedctx // it is one

	event     Event
	processor *Processor
	depth     int // of batches
}

type eventKey struct{}

func (c *eventContext) Value(key any) any {
	if key == (eventKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// EventFromContext returns the request that is being handled, with its
// identity, auth and metadata, or nil outside a handler. It is the event that
// the handler was given: do not change it.
func EventFromContext(ctx context.Context) *Event {
	if c, ok := ctx.Value(eventKey{}).(*eventContext); ok {
		return &c.event
	}
	return nil
}

// IDFromContext returns the id of the request that is being handled, or ""
// outside a handler. Calls of a [Client] below ctx carry it on.
func IDFromContext(ctx context.Context) string {
	if e := EventFromContext(ctx); e != nil {
		return e.ID
	}
	return ""
}

// FlowIDFromContext returns the flow id of the request that is being handled,
// as [IDFromContext] its id.
func FlowIDFromContext(ctx context.Context) string {
	if e := EventFromContext(ctx); e != nil {
		return e.FlowID
	}
	return ""
}
