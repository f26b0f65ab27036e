package sender

import (
	"context"
	"errors"
)

// ErrNoURL means that a message has nowhere to go.
var ErrNoURL = errors.New("sender: no URL: use option URL")

// Targeted returns a sender that requires option [URL], at the hook or at the call,
// before anything else is done: without it the error is [ErrNoURL]. It panics if
// next is nil.
func Targeted(next Sender) Sender {
	if isNil(next) {
		panic("sender: Targeted: the sender is nil")
	}
	return targeted{next}
}

type targeted struct{ next Sender }

func (t targeted) Send(ctx context.Context, call *Call) (*Result, error) {
	if call.settings.URL == "" {
		return failed(call, ErrNoURL)
	}
	return send(ctx, t.next, call)
}
