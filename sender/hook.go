package sender

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
)

// HookFunc sends the webhook of one input. The options are for this call alone
// and win over the hook's. The Result is never nil; a nil error means that the
// message is Sent or Queued. It is safe for concurrent use.
type HookFunc[In any] func(ctx context.Context, in In, opts ...Option) (*Result, error)

// Hook decorates a function that makes a payload: the function that it returns
// makes the payload and sends it. What that means is up to s, so that changing
// this one argument makes a hook asynchronous or durable.
//
// The payload function runs once a send, however many attempts are made, and
// where s does the work: in the worker of an asynchronous one. It must not change
// afterwards what it returns. Its error, or its panic, is the send's; nothing is
// posted then.
//
// Hook panics, naming the caller's line, if s or payload is nil, if an option is
// invalid or conflicts with another, if a [From] is for another input, and if the
// id is fixed, because it would repeat. It asks the function of option [ID] for
// two ids to see that.
func Hook[In, P any](s Sender, payload func(context.Context, In) (P, error), opts ...Option) HookFunc[In] {
	h := newHook(s, payload == nil, reflect.TypeFor[In](), opts)
	return func(ctx context.Context, in In, opts ...Option) (*Result, error) {
		return h.send(ctx, in, opts, func(ctx context.Context) (any, error) { return payload(ctx, in) })
	}
}

// hook is what is left of a Hook without its types.
type hook struct {
	sender   Sender
	opts     []Option
	settings Settings // of opts, where no From is among them
}

// callerOfHook is how many frames lie between newHook's call of caller and the
// user's line.
const callerOfHook = 3

func newHook(s Sender, noPayload bool, in reflect.Type, opts []Option) *hook {
	h := &hook{sender: s, opts: append([]Option(nil), opts...), settings: newSettings()}
	h.settings.inType, h.settings.stage = in, setUp
	if err := h.check(noPayload); err != nil {
		panic(fmt.Sprintf("sender: hook at %s: %v", caller(callerOfHook), err))
	}
	h.settings.stage = calling
	return h
}

func (h *hook) check(noPayload bool) error {
	if isNil(h.sender) {
		return errors.New("the sender is nil")
	}
	if noPayload {
		return errors.New("the payload function is nil")
	}
	s := &h.settings
	s.apply(h.opts)
	if err := s.check(); err != nil {
		return err
	}
	if s.ID == nil || !s.idGiven {
		return nil
	}
	if id := s.ID(); id != "" && id == s.ID() {
		return errors.New("option ID: it returns the same id twice, so that receivers would take the second message for a repeated first")
	}
	return nil
}

func (h *hook) send(ctx context.Context, in any, opts []Option, load func(context.Context) (any, error)) (*Result, error) {
	call, err := h.call(in, opts, load)
	if err != nil {
		return failed(&Call{settings: h.settings}, err)
	}
	return send(ctx, h.sender, call)
}

func (h *hook) call(in any, opts []Option, load func(context.Context) (any, error)) (*Call, error) {
	s := h.settings
	s.in, s.fixedID = in, false
	if s.hasFrom { // its place among the options counts
		again := newSettings()
		again.inType, again.in, again.stage = s.inType, in, calling
		s = again
		if err := s.applySafely(h.opts); err != nil {
			return nil, err
		}
	}
	if err := s.applySafely(opts); err != nil {
		return nil, err
	}
	if h.settings.hasFrom || len(opts) > 0 {
		if err := s.check(); err != nil {
			return nil, err
		}
	}
	return newCall(&s, load)
}

// send makes sure that s keeps the promise of [Sender].
func send(ctx context.Context, s Sender, call *Call) (*Result, error) {
	r, err := s.Send(ctx, call)
	switch {
	case r == nil && err == nil:
		return failed(call, fmt.Errorf("%T.Send returned neither a result nor an error", s))
	case r == nil:
		return failed(call, err)
	case r.State == Failed && err == nil:
		return r, r.error()
	case r.State == 0 && err == nil:
		return failed(call, fmt.Errorf("%T.Send returned a result with no state", s))
	}
	return r, err
}

// caller returns the file and line of a frame above it.
func caller(skip int) string {
	_, file, line, ok := runtime.Caller(skip)
	if !ok {
		return "an unknown place"
	}
	return fmt.Sprintf("%s:%d", file, line)
}
