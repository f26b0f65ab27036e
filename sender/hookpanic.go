package sender

import (
	"fmt"
	"runtime/debug"
)

// PanicError is a panic of a function that was given to this package, such as a
// payload function, turned into an error.
type PanicError struct {
	Where string // which function panicked
	Value any    // what was passed to panic
	Stack []byte // the stack at the panic, as debug.Stack formats it
}

// Error names the function and the value's type, but not the value, which may be
// a part of the payload.
func (p *PanicError) Error() string { return fmt.Sprintf("%s panicked (%T)", p.Where, p.Value) }

// Unwrap returns the value if it is an error.
func (p *PanicError) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

// catch runs f and turns its panic into an error.
func catch(where string, f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Where: where, Value: v, Stack: debug.Stack()}
		}
	}()
	return f()
}
