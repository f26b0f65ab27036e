package protocol

import (
	"encoding/json"
	"errors"
)

// unhandledPayload is all that a caller learns of a failure.
var unhandledPayload = json.RawMessage(`{"code":"` + codeUnhandled + `","parameters":{}}`)

// failedDependency and timeout are what an error of a client says about itself,
// so that a handler need not translate it.
type (
	failedDependency interface{ FailedDependency() bool }
	timeout          interface{ Timeout() bool }
)

// answerTo returns the answer for a handler's error, and whether the error is
// the handler's own word and not a failure. What a handler panics with is not
// its word. The error's methods are the handler's own and may panic too, as
// those of a typed nil do.
func answerTo(request *Event, err error) (answer *Event, meant bool) {
	defer func() {
		if recover() != nil {
			answer, meant = unhandled(request), false
		}
	}()
	var panicked *PanicError
	errors.As(err, &panicked)
	// A middleware may answer for a panic, which is then below its answer.
	said := func(e error) bool { return panicked == nil || !errors.Is(panicked, e) }
	if e := (*Error)(nil); errors.As(err, &e) && e != nil && said(e) {
		typ := e.Type
		if typ == "" || !(&Event{Name: typ}).IsError() {
			typ = TypeError
		}
		answer, err := encodeError(request, request.Name+":"+typ, request.Version, e.Code, e.Parameters)
		if err != nil {
			return unhandled(request), false
		}
		return answer, true
	}
	if e := (*redirectError)(nil); errors.As(err, &e) && e != nil && said(e) {
		response, err := request.Response(e.payload())
		if err != nil {
			return unhandled(request), false
		}
		response.Name = request.Name + ":" + TypeRedirect
		return response, true
	}
	if panicked != nil {
		return unhandled(request), false
	}
	name := request.Name + ":" + TypeError
	if e := timeout(nil); errors.As(err, &e) && e.Timeout() {
		return errorEvent(request, name, request.Version, codeTimeout, map[string]any{
			"message": "the event took too long",
		}), false
	}
	if e := failedDependency(nil); errors.As(err, &e) && e.FailedDependency() {
		return errorEvent(request, name, request.Version, codeFailedDependency, map[string]any{
			"message": "a service that the event depends on failed",
		}), false
	}
	return unhandled(request), false
}

// unhandled is the answer to a failure that the handler has no word for.
func unhandled(request *Event) *Event {
	return &Event{
		Name: request.Name + ":" + TypeError, Version: request.Version,
		ID: request.ID, FlowID: request.FlowID, Payload: unhandledPayload,
	}
}

// errorPayload encodes an error's payload. Parameters of null are {}.
func errorPayload(code string, params any) (json.RawMessage, error) {
	raw, err := json.Marshal(params)
	if err != nil {
		return nil, err
	}
	if string(raw) == "null" {
		raw = json.RawMessage(emptyObject)
	}
	dst := appendString([]byte(`{"code":`), code)
	dst = append(append(dst, `,"parameters":`...), raw...)
	return append(dst, '}'), nil
}
