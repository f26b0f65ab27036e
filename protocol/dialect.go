package protocol

import (
	"fmt"
)

// Dialect is whose server a [Processor] answers like, where the implementations
// of the protocol differ. Readers understand both.
type Dialect int

const (
	// Python is the default. An event without a handler is "{name}:notFound" with
	// EVENT_NOT_FOUND; an answer repeats the request's identity and metadata, if
	// the handler sets none; badProtocol lists "fields" and repeats the ids that
	// could be read. Requests are read tolerantly.
	Python Dialect = iota
	// Kotlin answers "eventNotFound" with NO_EVENT_HANDLER_FOUND; identity and
	// metadata are empty unless the handler sets them; badProtocol names one
	// property. A request must have all eight keys, and none but payload may be
	// null.
	Kotlin
)

// String returns the dialect's name.
func (d Dialect) String() string {
	switch d {
	case Python:
		return "Python"
	case Kotlin:
		return "Kotlin"
	}
	return fmt.Sprintf("Dialect(%d)", int(d))
}

// notFound is the answer to an event that nothing handles.
func (d Dialect) notFound(request *Event) *Event {
	name, version := request.Name, request.Version
	if d == Kotlin {
		return errorEvent(request, TypeEventNotFound, 1, "NO_EVENT_HANDLER_FOUND", map[string]any{
			"event": name, "version": version,
		})
	}
	return errorEvent(request, name+":"+TypeNotFound, version, "EVENT_NOT_FOUND", map[string]any{
		"message": fmt.Sprintf("Event Name %s of version %d was not found", name, version),
	})
}

// badProtocol is the answer to what is not an event. request has of it what
// could be read.
func (d Dialect) badProtocol(request *Event, err *malformedError) *Event {
	ids := Event{ID: newID(), FlowID: newID()}
	if d == Python && request.ID != "" {
		ids.ID = request.ID
	}
	if d == Python && request.FlowID != "" {
		ids.FlowID = request.FlowID
	}
	var params any
	switch {
	case err.syntax && d == Kotlin:
		return errorEvent(&ids, TypeBadProtocol+":"+TypeError, 1, codeUnhandled, nil)
	case err.syntax:
		params = map[string]any{"fields": []FieldError{{Name: "json", ErrorType: "value_error.jsondecode", Message: err.text}}}
	case err.fields == nil:
		params = map[string]any{"error": err.text}
	case d == Kotlin:
		params = map[string]any{"propertyName": err.fields[0].Name}
	default:
		params = map[string]any{"fields": err.fields}
	}
	return errorEvent(&ids, TypeBadProtocol, 1, codeInvalidProtocol, params)
}

// errorEvent makes an error's answer of parameters that can be encoded; others
// make it an unhandled failure.
func errorEvent(request *Event, name string, version int, code string, params any) *Event {
	e, err := encodeError(request, name, version, code, params)
	if err != nil {
		return unhandled(request)
	}
	return e
}

// encodeError makes an error's answer. It returns an error if the parameters
// cannot be encoded.
func encodeError(request *Event, name string, version int, code string, params any) (*Event, error) {
	payload, err := errorPayload(code, params)
	if err != nil {
		return nil, err
	}
	return &Event{Name: name, Version: version, ID: request.ID, FlowID: request.FlowID, Payload: payload}, nil
}
