package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
)

// readAnswer returns the response that body is, or the error. What is absent of its
// ids comes from request. It takes body over.
func readAnswer(body []byte, request *Event) (*Event, error) {
	event, err := parse(body, request, false)
	if err != nil {
		return nil, &BadProtocolError{Body: body, Err: err}
	}
	switch kind := event.Type(); kind {
	case TypeResponse:
		return &event, nil
	case TypeRedirect:
		return nil, readRedirect(body, &event)
	default:
		return nil, readError(kind, &event)
	}
}

func readRedirect(body []byte, event *Event) error {
	var to struct {
		URL             string          `json:"url"`
		QueryParameters json.RawMessage `json:"queryParameters"` //nolint:tagliatelle // the wire's case
	}
	if err := json.Unmarshal(event.Payload, &to); err != nil || to.URL == "" {
		return &BadProtocolError{Body: body, Err: err, reason: "the redirect has no url"}
	}
	return &RedirectedError{URL: to.URL, Query: orEmpty(to.QueryParameters)}
}

// readError never fails: an error event with a payload like no other is still one.
func readError(kind string, event *Event) error {
	var message struct {
		Code       json.RawMessage `json:"code"`
		Parameters json.RawMessage `json:"parameters"`
		Message    json.RawMessage `json:"message"`
	}
	_ = json.Unmarshal(event.Payload, &message) // not an object: without a code
	e := &ResponseError{Event: event, Type: kind, Parameters: orEmpty(message.Parameters)}
	if json.Unmarshal(message.Code, &e.Code) != nil {
		e.Code = string(message.Code) // the Go ancestor's is a number
	}
	if message.Parameters == nil && message.Message != nil {
		e.Parameters = append(append([]byte(`{"message":`), message.Message...), '}')
	}
	return e
}

func orEmpty(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return json.RawMessage(emptyObject)
	}
	return raw
}

// misfit is the error of a payload that could not be decoded. Of the decoder's word
// it shows only what is the Go type's own.
func misfit(payload json.RawMessage, err error) error {
	bad := &BadProtocolError{Body: payload, Err: notOurs(err), reason: "the response's payload does not fit"}
	if kind := (*json.UnmarshalTypeError)(nil); errors.As(err, &kind) && kind.Type != nil {
		bad.reason += " " + kind.Type.String()
		if kind.Field != "" {
			bad.reason += " at " + shown(kind.Field)
		}
	}
	return bad
}

// unanswered is the error of a transport that brought no answer. One that it has
// made of these itself is kept.
func unanswered(err error) error {
	failed, timeout, bad := (*FailedDependencyError)(nil), (*TimeoutError)(nil), (*BadProtocolError)(nil)
	if errors.As(err, &failed) || errors.As(err, &timeout) || errors.As(err, &bad) {
		return err
	}
	if timed := net.Error(nil); errors.As(err, &timed) && timed.Timeout() {
		return &TimeoutError{Err: notOurs(err)}
	}
	return &FailedDependencyError{Err: notOurs(err), reason: whyUnanswered(err)}
}

// notOurs returns err, or its text alone if a handler that returns it would answer
// with it.
func notOurs(err error) error {
	if own, elsewhere := (*Error)(nil), (*redirectError)(nil); errors.As(err, &own) || errors.As(err, &elsewhere) {
		return errors.New(err.Error())
	}
	return err
}

// whyUnanswered says it without the texts of others, which can quote an answer or
// have the URL's query in them.
func whyUnanswered(err error) string {
	dns, op := (*net.DNSError)(nil), (*net.OpError)(nil)
	switch {
	case errors.As(err, &dns):
		return "the host was not found"
	case errors.As(err, &op) && op.Op == "dial":
		return "could not connect"
	case errors.As(err, &op), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was lost"
	}
	return ""
}

// answered reports whether err is about an answer that has come whole.
func answered(err error) bool {
	failed := (*FailedDependencyError)(nil)
	if errors.As(err, &failed) {
		return failed.Status != 0 && failed.Err == nil
	}
	kinds := []any{new(*ResponseError), new(*RedirectedError), new(*BadProtocolError)}
	for _, kind := range kinds {
		if errors.As(err, kind) {
			return true
		}
	}
	return false
}
