package protocol

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/cactuscorp/cactus/internal/backoff"
)

// Send sends an event and decodes the payload of its response into an Out, with
// encoding/json; numbers in an any are [json.Number], so that they keep every
// digit, and json.RawMessage takes all as it is. Payload is encoded likewise, nil
// and null as {}; json.RawMessage is sent as it is, null too. See [Client] for the
// errors. A response that does not fit Out is a [*BadProtocolError].
//
// It is the typed tier above [Client.SendEvent].
func Send[Out any](ctx context.Context, c *Client, name string, version int, payload any, opts ...SendOption) (Out, error) {
	var out Out
	numbers := shapeOf(reflect.TypeFor[Out]()).dynamic
	err := c.sendPayload(ctx, &Event{Name: name, Version: version}, payload, &out, numbers, opts)
	return out, err
}

func (c *Client) sendPayload(ctx context.Context, event *Event, payload, out any, numbers bool, opts []SendOption) error {
	raw, err := encode("payload", payload)
	if err != nil {
		return sendError(event, err)
	}
	event.Payload = raw
	answer, err := c.SendEvent(ctx, event, opts...)
	if err != nil {
		return err
	}
	got := answer.Payload
	if got == nil {
		got = json.RawMessage(emptyObject) // a middleware's own answer may leave it out
	}
	if err := unmarshal(got, out, numbers); err != nil {
		return sendError(event, misfit(got, err))
	}
	return nil
}

// SendEvent sends event and returns the response. Event is not changed; its id and
// flow id, if empty, are those of the event that ctx is handling, and without one
// fresh. What the answer leaves out is filled in: ids from the request, objects
// with {}. See [Client] for the errors.
func (c *Client) SendEvent(ctx context.Context, event *Event, opts ...SendOption) (*Event, error) {
	if event == nil {
		return nil, errors.New("event: is nil")
	}
	k, err := c.newCall(event, opts)
	if err != nil {
		return nil, sendError(event, err)
	}
	k.identify(ctx)
	limited, cancel := context.WithTimeoutCause(ctx, k.timeout, errSendTime)
	defer cancel()
	var answer *Event
	if c.handle == nil {
		answer, err = k.send(limited, &k.event)
	} else {
		answer, err = c.handle(context.WithValue(limited, callKey{}, k), &k.event)
	}
	if err != nil {
		return nil, sendError(event, k.judge(ctx, limited, err))
	}
	if answer == nil {
		return nil, sendError(event, errNoAnswer)
	}
	return answer, nil
}

func sendError(event *Event, err error) error {
	return fmt.Errorf("send %s:v%d: %w", shown(event.Name), event.Version, err)
}

var (
	errSendTime = errors.New("the send took too long")
	errNoAnswer = errors.New("the middleware returned neither an answer nor an error")
)

// call is one send.
type call struct {
	client  *Client
	event   Event
	header  http.Header
	timeout time.Duration
	err     error // the first of its options
}

// callKey is what middleware's context has the call under.
type callKey struct{}

// sendNext is what the innermost middleware calls.
func sendNext(ctx context.Context, event *Event) (*Event, error) {
	k, ok := ctx.Value(callKey{}).(*call)
	if !ok {
		return nil, errors.New("the middleware's context is not made from the one it was given")
	}
	return k.send(ctx, event)
}

func (k *call) fail(err error) {
	if k.err == nil {
		k.err = err
	}
}

func (c *Client) newCall(event *Event, opts []SendOption) (*call, error) {
	k := &call{client: c, timeout: DefaultTimeout}
	for _, opt := range c.defaults {
		opt(k)
	}
	k.take(event)
	for _, opt := range opts {
		if opt == nil {
			return nil, errors.New("an option is nil")
		}
		opt(k)
	}
	switch {
	case k.err != nil:
		return nil, k.err
	case k.header != nil && !c.headers:
		return nil, errors.New("header: a transport has none")
	case event.Name == "":
		return nil, errors.New("name: must not be empty")
	case event.Version < 1:
		return nil, errors.New("version: must be at least 1")
	}
	return k, nil
}

// identify fills the ids that nobody has set.
func (k *call) identify(ctx context.Context) {
	e := &k.event
	e.ID = cmp.Or(e.ID, IDFromContext(ctx))
	e.FlowID = cmp.Or(e.FlowID, FlowIDFromContext(ctx))
	if e.ID == "" {
		e.ID = newID()
	}
	if e.FlowID == "" {
		e.FlowID = newID()
	}
}

// take has what event sets.
func (k *call) take(event *Event) {
	e := &k.event
	e.Name, e.Version, e.Payload = event.Name, event.Version, event.Payload
	if event.ID != "" {
		e.ID = event.ID
	}
	if event.FlowID != "" {
		e.FlowID = event.FlowID
	}
	if event.Identity != nil {
		raw, err := encodeObject("identity", event.Identity)
		k.set(&e.Identity, raw, err)
	}
	if event.Auth != nil {
		raw, err := encodeObject("auth", event.Auth)
		k.set(&e.Auth, raw, err)
	}
	if event.Metadata != nil {
		raw, err := encodeObject("metadata", event.Metadata)
		k.set(&e.Metadata, raw, err)
	}
}

// send exchanges event for its answer.
func (k *call) send(ctx context.Context, event *Event) (*Event, error) {
	if event == nil {
		return nil, errors.New("the middleware's event is nil")
	}
	body, err := event.appendJSON(nil)
	if err != nil {
		return nil, err
	}
	answer, err := k.try(ctx, body)
	if err != nil {
		return nil, err
	}
	if int64(len(answer)) > k.client.maxResponse {
		return nil, &BadProtocolError{Body: answer[:min(len(answer), maxKept)], reason: "the answer is longer than the limit"}
	}
	return readAnswer(answer, event)
}

// try sends body until there is an answer, or tries or time are used up.
func (k *call) try(ctx context.Context, body []byte) ([]byte, error) {
	for try := 1; ; try++ {
		answer, err := k.client.exchange(ctx, k.header, body)
		if err == nil {
			return answer, nil
		}
		failed := (*FailedDependencyError)(nil)
		if try >= k.client.tries || ctx.Err() != nil || !errors.As(err, &failed) || failed.Status != 0 || failed.begun {
			return nil, err
		}
		wait := k.client.waits.Wait(try)
		if !backoff.Fits(ctx, wait) || backoff.Sleep(ctx, wait) != nil {
			return nil, err // what went wrong says more than that time is up
		}
	}
}

// judge returns what err means for the caller, whose context is outer. Limited is
// the send's own. An answer that has come counts whatever happened since.
func (k *call) judge(outer, limited context.Context, err error) error {
	if answered(err) {
		return err
	}
	if ended := outer.Err(); ended != nil {
		if cause := context.Cause(outer); !errors.Is(cause, ended) {
			return fmt.Errorf("%w: %w", ended, cause)
		}
		return context.Cause(outer)
	}
	if limited.Err() != nil {
		return &TimeoutError{After: k.timeout}
	}
	return err
}
