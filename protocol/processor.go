package protocol

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
)

// ProcessorOption changes a [NewProcessor].
type ProcessorOption func(*Processor)

// WithDialect answers like another implementation's server. The default is
// [Python].
func WithDialect(d Dialect) ProcessorOption { return func(p *Processor) { p.dialect = d } }

// WithEchoAuth sends the request's auth back with each answer whose handler set
// none, as Python's server does. Without it, auth that equals the request's
// never leaves, whoever put it there: an answer is logged and kept by more than
// the one who knew the token.
func WithEchoAuth() ProcessorOption { return func(p *Processor) { p.echoAuth = true } }

// DefaultMaxBody is how large a request of a [Processor] may be, in bytes.
const DefaultMaxBody = 1 << 20

// WithMaxBody limits the size of an HTTP request, in bytes, batches included.
// [DefaultMaxBody] is the default. It panics if n is not positive.
func WithMaxBody(n int64) ProcessorOption {
	if n <= 0 {
		panic(fmt.Sprintf("protocol: WithMaxBody of %d: it must be positive", n))
	}
	return func(p *Processor) { p.maxBody = n }
}

// WithLogger logs what no handler saw, malformed and unknown events, and every
// failure that the caller is not told of. Payloads and auth are never logged,
// and of identities only the user's id and type. If the log's handler panics,
// the record is lost and the answer is not. The default, nil, logs nothing.
func WithLogger(l *slog.Logger) ProcessorOption { return func(p *Processor) { p.log = l } }

// Processor answers events with a registry's handlers. It is safe for
// concurrent use.
type Processor struct {
	registry *Registry
	dialect  Dialect
	echoAuth bool
	maxBody  int64
	log      *slog.Logger
}

// NewProcessor returns a processor of r's events. It panics if r is nil, or at
// a dialect that does not exist.
//
// Whatever comes and whatever handlers do, there is an answer:
//
//   - not an event, or too large: badProtocol
//   - no handler of the name and version: as the [Dialect] has it
//   - an [*Error] or [Redirect]: as it says
//   - an error with Timeout() true, such as that of a client or of a context that
//     ended: "error" with EVENT_TIMEOUT
//   - an error with FailedDependency() true, as of a client: "error" with
//     FAILED_DEPENDENCY
//   - any other error, a panic, or no proper response: "error" with
//     UNHANDLED_ERROR, and nothing else
//
// Only a handler that ends its goroutine ([runtime.Goexit], and so a test's
// FailNow) has no answer, because it ends the processor's too, but for one in a
// parallel batch.
func NewProcessor(r *Registry, opts ...ProcessorOption) *Processor {
	if r == nil {
		panic("protocol: NewProcessor: the registry is nil")
	}
	p := &Processor{registry: r, maxBody: DefaultMaxBody}
	for _, opt := range opts {
		if opt == nil {
			panic("protocol: NewProcessor was given a nil option")
		}
		opt(p)
	}
	if p.dialect != Python && p.dialect != Kotlin {
		panic(fmt.Sprintf("protocol: NewProcessor: there is no %v", p.dialect))
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	return p
}

// Process answers the event in body. The answer is always an event with all
// eight keys, never an error. The handler may keep views of body: do not change
// it afterwards. Its size is not limited here.
func (p *Processor) Process(ctx context.Context, body []byte) []byte {
	return p.process(ctx, body, nil)
}

// process is Process for an event within a batch, outer, too.
func (p *Processor) process(ctx context.Context, body []byte, outer *eventContext) []byte {
	c := &eventContext{Context: ctx, processor: p}
	var above *Event
	if outer != nil {
		above, c.depth = &outer.event, outer.depth+1
	}
	event, err := parse(body, above, p.dialect == Kotlin)
	if err != nil {
		return p.malformed(ctx, &event, err)
	}
	h := p.registry.find(event.Name, event.Version)
	if h == nil {
		p.report(ctx, slog.LevelInfo, "event unknown", &event, nil)
		return p.finish(&event, p.dialect.notFound(&event))
	}
	c.event = event // a copy: the handler may change its own

	response, err := invoke(h, c) //nolint:contextcheck // c is a context, around ctx
	if err == nil {
		answer, problem := p.encode(&event, response)
		if problem == nil {
			return answer
		}
		err = fmt.Errorf("the response: %w", problem)
	}
	return p.finish(&event, p.failed(ctx, &event, err))
}

// failed makes and logs the answer to a handler's error.
func (p *Processor) failed(ctx context.Context, request *Event, err error) *Event {
	answer, meant := answerTo(request, err)
	if !meant {
		p.report(ctx, slog.LevelError, "event failed", request, err)
	}
	return answer
}

var (
	errNoResponse  = errors.New("the handler returned neither a response nor an error")
	errOwnRequest  = errors.New("the handler returned its own request")
	errNotAnswered = errors.New("the response has the request's name")
)

// invoke runs the handler with its middleware and looks at what it returns.
func invoke(h *handler, c *eventContext) (*Event, error) {
	name := c.event.Name
	response, err := recovered(h.call)(c, &c.event)
	switch {
	case err != nil:
		return nil, err
	case response == nil:
		return nil, errNoResponse
	case response == &c.event:
		return nil, errOwnRequest
	case response.Name == name:
		return nil, errNotAnswered
	}
	return response, nil
}

// malformed answers what is not an event.
func (p *Processor) malformed(ctx context.Context, event *Event, err error) []byte {
	p.report(ctx, slog.LevelWarn, "event malformed", event, err)
	var m *malformedError
	if !errors.As(err, &m) {
		m = &malformedError{text: "must be an event"}
	}
	return p.finish(event, p.dialect.badProtocol(event, m))
}
