package protocol_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/protocol"
)

func read(t *testing.T, text string) protocol.Event {
	t.Helper()
	var e protocol.Event
	require.NoError(t, json.Unmarshal([]byte(text), &e))
	return e
}

func TestEvent_ReadsAsPythonDoes(t *testing.T) {
	for text, want := range map[string]int{
		`1`: 1, `"1"`: 1, `" 1 "`: 1, `1.9`: 1, `-1.9`: -1, `true`: 1, `false`: 0, `1e2`: 100,
	} {
		require.Equal(t, want, read(t, `{"name":"a","version":`+text+`}`).Version, text)
	}
	for _, text := range []string{`"1.9"`, `"x"`, `null`, `{}`, `[]`, `""`, `1e400`, `1e10`, `99999999999999999999`} {
		var e protocol.Event
		require.ErrorContains(t, json.Unmarshal([]byte(`{"name":"a","version":`+text+`}`), &e), `field "version"`, text)
	}
	require.Equal(t, "7", read(t, `{"name":7,"version":1}`).Name)
	require.Equal(t, "f", read(t, `{"name":"a","version":1,"flow_id":"f"}`).FlowID)
	require.Equal(t, "f", read(t, `{"name":"a","version":1,"flow_id":"g","flowId":"f"}`).FlowID)
	require.JSONEq(t, `{}`, string(read(t, `{"name":"a","version":1,"auth":[ ]}`).Auth))
}

func TestEvent_NamesAllBadFieldsAndShowsNothingOfThem(t *testing.T) {
	var e protocol.Event
	err := json.Unmarshal([]byte(`{"version":"s3cret","id":{"s3cret":1},"auth":"s3cret"}`), &e)
	require.EqualError(t, err, `event: field "name": field required; field "version": value is not a valid integer; `+
		`field "id": str type expected; field "auth": value is not a valid dict`)
	require.EqualError(t, json.Unmarshal([]byte(`[]`), &e), "event: must be an object")
	require.EqualError(t, json.Unmarshal([]byte(`{"name":"a","version":1,"flow_id":"a","flow\u005fid":"b"}`), &e),
		`event: field "flowId": the key stands twice`)
	require.EqualError(t, json.Unmarshal([]byte(`{"name":"a","version":1,"auth":{},"auth":{}}`), &e), `event: field "auth": the key stands twice`)
}

func TestEvent_GetsNewIDsEachTime(t *testing.T) {
	a, b := read(t, `{"name":"a","version":1,"id":null}`), read(t, `{"name":"a","version":1,"id":null}`)
	require.Len(t, a.ID, 36)
	ids := map[string]bool{a.ID: true, b.ID: true, a.FlowID: true, b.FlowID: true}
	require.Len(t, ids, 4)
}

func TestEvent_DoesNotKeepWhatItIsReadFrom(t *testing.T) {
	data := []byte(`{"name":"a","version":1,"payload":{"n":1}}`)
	var e protocol.Event
	require.NoError(t, e.UnmarshalJSON(data))
	clear(data)
	require.JSONEq(t, `{"n":1}`, string(e.Payload))
}

func TestEvent_WritesAllEightKeys(t *testing.T) {
	raw, err := json.Marshal(protocol.Event{Name: "a:b", Version: 1, Identity: json.RawMessage("null")})
	require.NoError(t, err)
	require.Equal(t, `{"name":"a:b","version":1,"id":"","flowId":"","payload":{},"identity":{},"auth":{},"metadata":{}}`, string(raw)) //nolint:testifylint // the bytes are the contract

	const numbers = `{"an_int64":65484548474984654,"some_float":1864.4568,"big":1e1000}`
	e := read(t, `{"name":"a\u00e9\"","version":1,"payload":`+numbers+`}`)
	require.Equal(t, numbers, string(e.Payload))
	raw, err = json.Marshal(&e)
	require.NoError(t, err)
	require.Contains(t, string(raw), numbers)
	require.Equal(t, e, read(t, string(raw)))
}

func TestEvent_DoesNotWriteWhatPeersCannotRead(t *testing.T) {
	for want, e := range map[string]protocol.Event{
		`field "name": must not be empty`:      {},
		`field "name": must be valid UTF-8`:    {Name: "\xff"},
		`field "payload": must be valid JSON`:  {Name: "a", Payload: json.RawMessage(`{`)},
		`field "identity": must be an object`:  {Name: "a", Identity: json.RawMessage(` [1]`)},
		`field "metadata": must be valid JSON`: {Name: "a", Metadata: json.RawMessage("{\"a\":\"\xff\"}")},
		`field "auth": must be valid JSON`:     {Name: "a", Auth: json.RawMessage(``), Identity: nil},
	} {
		_, err := json.Marshal(e)
		require.ErrorContains(t, err, want)
	}
}

func TestEvent_Response(t *testing.T) {
	request := read(t, `{"name":"a:b","version":3,"id":"i","flowId":"f","identity":{"userId":1},"auth":{"token":"t"}}`)
	for _, tt := range []struct {
		payload any
		want    string
	}{
		{nil, `{}`},
		{(*protocol.Event)(nil), `{}`},
		{map[string]int(nil), `{}`},
		{json.RawMessage("null"), `null`},
		{json.RawMessage(nil), `{}`},
		{42, `42`},
		{json.RawMessage(`{"n":65484548474984654}`), `{"n":65484548474984654}`},
	} {
		response, err := request.Response(tt.payload)
		require.NoError(t, err)
		require.Equal(t, &protocol.Event{Name: "a:b:response", Version: 3, ID: "i", FlowID: "f", Payload: json.RawMessage(tt.want)}, response)
	}
	_, err := request.Response(make(chan int))
	require.ErrorContains(t, err, `response to "a:b": encode payload: `)
}

func TestEvent_Type(t *testing.T) {
	for name, want := range map[string]string{
		"a:b:response": "response", "response": "response", "a:b:redirect": "redirect", "a:b:error": "error",
		"eventNotFound": "eventNotFound", "a:b:gone": "gone", "a:b:failed_dependency": "failed_dependency",
		"badProtocol": "badProtocol", "a:bad_request": "badRequest", "a:not_found": "notFound", "badProtocol:error": "error", "": "",
	} {
		e := protocol.Event{Name: name}
		require.Equal(t, want, e.Type(), name)
		require.Equal(t, want == "response", e.IsSuccess(), name)
		require.Equal(t, want == "redirect", e.IsRedirect(), name)
		require.Equal(t, want != "response" && want != "redirect", e.IsError(), name)
	}
}

func TestEvent_TellsTheUser(t *testing.T) {
	for _, tt := range []struct{ identity, id, typ string }{
		{`{"userId":"USER_ID"}`, "USER_ID", ""},
		{`{"userId":65484548474984654,"user":{"id":2,"type":"ADMIN"}}`, "65484548474984654", "ADMIN"},
		{`{"userId":null,"user":{"id":2}}`, "2", ""},
		{`{"userId":{},"user":[1]}`, "", ""},
		{``, "", ""},
	} {
		e := protocol.Event{Identity: json.RawMessage(tt.identity), Metadata: json.RawMessage(`{"origin":"app"}`)}
		require.Equal(t, tt.id, e.UserID(), tt.identity)
		require.Equal(t, tt.typ, e.UserType(), tt.identity)
		require.Equal(t, "app", e.Origin())
	}
}
