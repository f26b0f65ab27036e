package protocol

import (
	"context"
	"fmt"
	"runtime/debug"
)

// PanicError is a panic of a handler, as middleware sees it. The caller is told
// UNHANDLED_ERROR and nothing of it.
type PanicError struct {
	Value any
	Stack []byte
}

// Error returns "panic: " and the value.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap returns the value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error) // nil for other values
	return err
}

// errorText returns an error's text, even if its method panics.
func errorText(err error) (text string) {
	defer func() {
		if recover() != nil {
			text = fmt.Sprintf("%T: its Error method panics", err)
		}
	}()
	return err.Error()
}

// recovered turns a panic of next into an error.
func recovered(next HandlerFunc) HandlerFunc {
	return func(ctx context.Context, event *Event) (response *Event, err error) {
		defer func() {
			if v := recover(); v != nil {
				response, err = nil, &PanicError{Value: v, Stack: debug.Stack()}
			}
		}()
		return next(ctx, event)
	}
}
