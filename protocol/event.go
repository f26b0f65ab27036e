package protocol

import (
	"encoding/json"
	"fmt"
)

// Event is a request or a response. Its Payload, Identity, Auth and Metadata
// are JSON as it came: numbers keep every digit.
//
// Nothing in an Event is signed. What Identity says is what the sender says;
// whoever needs proof verifies Auth.
type Event struct {
	Name     string
	Version  int
	ID       string          // of the terminal's session; answers have the request's
	FlowID   string          // of the whole flow, from the first caller to the last service
	Payload  json.RawMessage // any JSON; nil is {}
	Identity json.RawMessage // an object; nil is {}, or in a response what the [Dialect] says
	Auth     json.RawMessage // an object; nil is {}
	Metadata json.RawMessage // as Identity; never decides anything
}

// Response returns the successful answer to e: its name with ":response", its
// version, id and flow id, and the payload as JSON. A payload that encodes to
// null, such as a nil pointer, becomes {}, because Python's readers refuse
// null; json.RawMessage("null") stays.
//
// Identity and Metadata are nil, so that the processor's [Dialect] fills them.
// Auth is not copied.
//
// It returns an error if encoding/json cannot encode the payload.
func (e *Event) Response(payload any) (*Event, error) {
	raw, err := json.Marshal(payload)
	if err != nil {
		return nil, fmt.Errorf("response to %q: encode payload: %w", e.Name, err)
	}
	if ready, _ := payload.(json.RawMessage); len(ready) == 0 && string(raw) == "null" {
		raw = json.RawMessage(emptyObject)
	}
	return &Event{
		Name: e.Name + ":" + TypeResponse, Version: e.Version, ID: e.ID, FlowID: e.FlowID, Payload: raw,
	}, nil
}

// emptyObject is what an absent object is written as. It is text, so that each
// event gets bytes of its own: a handler that changes them in place harms none
// but its own event.
const emptyObject = "{}"
