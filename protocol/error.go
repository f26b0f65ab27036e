package protocol

import "errors"

var (
	errNotJSON   = errors.New("must be valid JSON")
	errNotObject = errors.New("must be an object")
)

// Error is what a handler answers in place of a response: the event
// "{name}:{Type}" with the payload {"code": Code, "parameters": Parameters}.
// It may be wrapped. The type "", and one that ends as that of a success or a
// redirect does, count as [TypeError].
//
// Code and Parameters go to the caller: put nothing into them that it may not
// know.
type Error struct {
	Type       string // the suffix: badRequest, notFound, ...
	Code       string // UPPER_SNAKE
	Parameters any    // an object; nil is {}
	Cause      error  // for logs alone; never sent
}

// Error returns the type, the code and the cause.
func (e *Error) Error() string {
	if e == nil {
		return "protocol: nil error"
	}
	text := "protocol: " + e.Type + " " + e.Code
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Cause
}

// Generic returns the error of type "error": the server's fault, with no type
// of its own.
func Generic(code string, params any) error { return answer(TypeError, code, params) }

// BadRequest returns the error of type "badRequest": the caller's fault.
func BadRequest(code string, params any) error { return answer(TypeBadRequest, code, params) }

// Unauthorized returns the error of type "unauthorized".
func Unauthorized(code string, params any) error { return answer(TypeUnauthorized, code, params) }

// Forbidden returns the error of type "forbidden".
func Forbidden(code string, params any) error { return answer(TypeForbidden, code, params) }

// UserDenied returns the error of type "userDenied".
func UserDenied(code string, params any) error { return answer(TypeUserDenied, code, params) }

// ResourceDenied returns the error of type "resourceDenied".
func ResourceDenied(code string, params any) error { return answer(TypeResourceDenied, code, params) }

// Expired returns the error of type "expired".
func Expired(code string, params any) error { return answer(TypeExpired, code, params) }

// NotFound returns the error of type "notFound": what was asked for is not
// there. An event without a handler is answered by the processor itself.
func NotFound(code string, params any) error { return answer(TypeNotFound, code, params) }

// Unprocessable returns the error of type "unprocessable". Python's readers do
// not know it.
func Unprocessable(code string, params any) error { return answer(TypeUnprocessable, code, params) }

// Gone returns the error of type "gone". Python's readers do not know it.
func Gone(code string, params any) error { return answer(TypeGone, code, params) }

func answer(typ, code string, params any) error {
	return &Error{Type: typ, Code: code, Parameters: params}
}
