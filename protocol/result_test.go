package protocol_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/protocol"
)

// answering is a client whose every answer is this.
func answering(answer string, opts ...protocol.ClientOption) *protocol.Client {
	return protocol.NewTransportClient(func(context.Context, []byte) ([]byte, error) {
		return []byte(answer), nil
	}, opts...)
}

var request = protocol.Event{
	Name: "get:event:example", Version: 1,
	ID:     "9230c47c-3bcf-11ea-b77f-2e728ce88125",
	FlowID: "a47830ca-3bcf-11ea-a232-2e728ce88125",
}

func TestResult_IsAResponseWhateverIsMissing(t *testing.T) {
	for name, answer := range map[string]string{
		"sparse":        `{"name":"a:b:response","version":1}`,
		"bare":          `{"name":"response","version":1}`,
		"nulls":         `{"name":"a:b:response","version":"1","id":null,"flowId":null,"identity":null,"auth":[],"metadata":null}`,
		"unknown keys":  `{"name":"a:b:response","version":1,"flow":"x"}`,
		"surrounded":    " {\"name\":\"a:b:response\",\"version\":1}\r\n",
		"numeric types": `{"name":"a:b:response","version":1.9}`,
	} {
		event, err := answering(answer).SendEvent(t.Context(), &request)
		require.NoError(t, err, name)
		require.Equal(t, request.ID, event.ID, name)
		require.Equal(t, request.FlowID, event.FlowID, name)
		require.Equal(t, 1, event.Version, name)
		require.JSONEq(t, `{}`, string(event.Payload), name)
		require.JSONEq(t, `{}`, string(event.Identity), name)
		require.JSONEq(t, `{}`, string(event.Auth), name)
		require.JSONEq(t, `{}`, string(event.Metadata), name)
	}
}

func TestResult_KeepsEveryDigitAndEveryKindOfPayload(t *testing.T) {
	for _, payload := range []string{
		`42`, `null`, `"text"`, `[1,2]`, `{"an_int64":65484548474984654,"some_float":1864.4568}`,
	} {
		raw, err := protocol.Send[json.RawMessage](t.Context(),
			answering(`{"name":"event:name:response","version":1,"id":"id","flowId":"flowId","payload":`+payload+
				`,"identity":{},"auth":{},"metadata":{}}`), "event:name", 1, nil)
		require.NoError(t, err)
		require.Equal(t, payload, string(raw))
	}
	for _, get := range []func(*protocol.Client) (any, error){
		func(c *protocol.Client) (any, error) { return protocol.Send[any](t.Context(), c, "a:b", 1, nil) },
		func(c *protocol.Client) (any, error) {
			return protocol.Send[map[string]any](t.Context(), c, "a:b", 1, nil)
		},
	} {
		got, err := get(answering(`{"name":"a:b:response","version":1,"payload":{"an_int64":65484548474984654,"some_float":1864.4568}}`))
		require.NoError(t, err)
		require.Equal(t, map[string]any{"an_int64": json.Number("65484548474984654"), "some_float": json.Number("1864.4568")}, got)
	}
	answer, err := protocol.Send[int](t.Context(), answering(`{"name":"a:b:response","version":1,"payload":42}`), "a:b", 1, nil)
	require.NoError(t, err)
	require.Equal(t, 42, answer)
}

func TestResponseError_HasTypeCodeAndParameters(t *testing.T) {
	for name, tt := range map[string]struct{ answer, kind, code, parameters string }{
		"python's not found": {
			`{"name":"no:such:notFound","version":1,"payload":{"code":"EVENT_NOT_FOUND","parameters":{"message":"Event Name no:such of version 1 was not found"}}}`,
			"notFound", "EVENT_NOT_FOUND", `{"message":"Event Name no:such of version 1 was not found"}`,
		},
		"kotlin's not found": {
			`{"name":"eventNotFound","version":1,"payload":{"code":"NO_EVENT_HANDLER_FOUND","parameters":{"event":"no:such","version":1}}}`,
			"eventNotFound", "NO_EVENT_HANDLER_FOUND", `{"event":"no:such","version":1}`,
		},
		"missing fields": {
			`{"name":"get:event:example:badRequest","version":1,"payload":{"code":"MISSING_FIELDS","parameters":{"fields":[]}}}`,
			"badRequest", "MISSING_FIELDS", `{"fields":[]}`,
		},
		"digits":            {`{"name":"a:error","version":1,"payload":{"code":"C","parameters":{"n":65484548474984654}}}`, "error", "C", `{"n":65484548474984654}`},
		"bad protocol":      {`{"name":"badProtocol","version":1,"payload":{"code":"C","parameters":{"missingProperty":"id"}}}`, "badProtocol", "C", `{"missingProperty":"id"}`},
		"kotlin's not JSON": {`{"name":"badProtocol:error","version":1,"payload":{"code":"UNHANDLED_ERROR","parameters":{}}}`, "error", "UNHANDLED_ERROR", `{}`},
		"gone":              {`{"name":"a:b:gone","version":1}`, "gone", "", `{}`},
		"snake case":        {`{"name":"a:b:bad_request","version":1,"payload":{"code":null,"parameters":null}}`, "badRequest", "", `{}`},
		"its own type":      {`{"name":"a:b:failed_dependency","version":1,"payload":{"code":"C"}}`, "failed_dependency", "C", `{}`},
		"safe handler":      {`{"name":"a:b:error","version":1,"payload":{"message":"m","code":"C"}}`, "error", "C", `{"message":"m"}`},
		"go's ancestor":     {`{"name":"error","version":1,"payload":{"message":"m","code":7}}`, "error", "7", `{"message":"m"}`},
		"another payload":   {`{"name":"a:b:error","version":1,"payload":[1]}`, "error", "", `{}`},
		"the request again": {`{"name":"a:b","version":1}`, "b", "", `{}`},
	} {
		_, err := answering(tt.answer).SendEvent(t.Context(), &request)
		var failed *protocol.ResponseError
		require.ErrorAs(t, err, &failed, name)
		require.Equal(t, tt.kind, failed.Type, name)
		require.Equal(t, tt.code, failed.Code, name)
		require.Equal(t, tt.parameters, string(failed.Parameters), name)
		require.NotNil(t, failed.Event, name)
		require.NotErrorAs(t, err, new(*protocol.Error), name)
	}
}

func TestRedirectedError_HasURLAndQuery(t *testing.T) {
	var redirected *protocol.RedirectedError
	_, err := answering(`{"name":"get:redirect:redirect","version":1,"payload":{"url":"https://x","queryParameters":{"a":1}}}`).
		SendEvent(t.Context(), &request)
	require.ErrorAs(t, err, &redirected)
	require.Equal(t, "https://x", redirected.URL)
	require.Equal(t, `{"a":1}`, string(redirected.Query))

	_, err = answering(`{"name":"redirect","version":1,"payload":{"url":"/login"}}`).SendEvent(t.Context(), &request)
	require.ErrorAs(t, err, &redirected)
	require.Equal(t, `{}`, string(redirected.Query))

	_, err = answering(`{"name":"a:redirect","version":1,"payload":{"url":7}}`).SendEvent(t.Context(), &request)
	require.ErrorAs(t, err, new(*protocol.BadProtocolError))
}

func TestBadProtocolError_KeepsWhatCame(t *testing.T) {
	for _, answer := range []string{
		`{}`, `something`, `"something"`, ``, `null`, `[1,2]`, `{"name":"a:b:response"}`,
		`{"name":"a:b:response","version":1}{}`, `{"name":null,"version":1}`, "\xff",
	} {
		_, err := answering(answer).SendEvent(t.Context(), &request)
		var bad *protocol.BadProtocolError
		require.ErrorAs(t, err, &bad, answer)
		require.Equal(t, answer, string(bad.Body))
		require.EqualError(t, err, "send get:event:example:v1: bad protocol: the answer is not an event")
	}
	_, err := answering(`{"name":"a:b:response","version":1}`, protocol.WithMaxResponse(34)).SendEvent(t.Context(), &request)
	require.EqualError(t, err, "send get:event:example:v1: bad protocol: the answer is longer than the limit")
}

func TestBadProtocolError_SaysWhereAPayloadDoesNotFit(t *testing.T) {
	type answer struct {
		Count int8 `json:"count"`
	}
	_, err := protocol.Send[answer](t.Context(),
		answering(`{"name":"a:b:response","version":1,"payload":{"count":31337}}`), "a:b", 1, nil)
	var bad *protocol.BadProtocolError
	require.ErrorAs(t, err, &bad)
	require.Equal(t, `{"count":31337}`, string(bad.Body))
	require.EqualError(t, err, "send a:b:v1: bad protocol: the response's payload does not fit int8 at count")
}

// What a processor asks of a handler's error.
func TestResults_TellAProcessorWhatTheyAre(t *testing.T) {
	for _, err := range []error{
		&protocol.ResponseError{}, &protocol.RedirectedError{}, &protocol.FailedDependencyError{}, &protocol.BadProtocolError{},
	} {
		failed, ok := err.(interface{ FailedDependency() bool })
		require.True(t, ok && failed.FailedDependency(), "%T", err)
		require.NotEmpty(t, err.Error())
	}
	timeout, ok := error(&protocol.TimeoutError{}).(interface{ Timeout() bool })
	require.True(t, ok && timeout.Timeout())
}

func FuzzSendEvent_Answer(f *testing.F) {
	for _, seed := range []string{
		`{}`, `something`, `{"name":"a:b:response","version":1}`, `{"name":"eventNotFound","version":"1","payload":{"code":7}}`,
		`{"name":"a:redirect","version":1,"payload":{"url":"https://x","queryParameters":{"a":1}}}`,
		`{"name":"a:error","version":1,"payload":{"code":"C","parameters":[],"message":{}}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		event, err := answering(answer).SendEvent(t.Context(), &request)
		if err == nil {
			require.Equal(t, protocol.TypeResponse, event.Type())
			_, err = json.Marshal(event)
			require.NoError(t, err)
			return
		}
		var failed *protocol.ResponseError
		var redirected *protocol.RedirectedError
		var bad *protocol.BadProtocolError
		require.NotEmpty(t, err.Error())
		if errors.As(err, &failed) {
			require.True(t, json.Valid(failed.Parameters))
			return
		}
		if errors.As(err, &redirected) {
			require.True(t, json.Valid(redirected.Query))
			return
		}
		require.ErrorAs(t, err, &bad)
		require.Equal(t, answer, string(bad.Body))
	})
}
