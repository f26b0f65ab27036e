package protocol

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/cactuscorp/cactus/internal/envelope"
)

// Indices of an event's keys, in the order in which they are written and in
// which Kotlin's implementation looks for what is missing.
const (
	keyName = iota
	keyVersion
	keyID
	keyFlowID
	keyPayload
	keyIdentity
	keyAuth
	keyMetadata
	keyCount
)

var keyNames = [keyCount]string{"name", "version", "id", "flowId", "payload", "identity", "auth", "metadata"}

// members are the values of an event's keys as they came; nil is absent.
type members [keyCount]json.RawMessage

// UnmarshalJSON reads an event as Python's implementation does, and a little
// more tolerantly:
//
//   - name is required and a string; a number is read as its text.
//   - version is required; "1", 1.9 and true are 1.
//   - id and flowId may be a number; absent or null they become a new UUID, one
//     an event. flow_id is read too, but flowId wins.
//   - payload may be any JSON and is kept byte for byte; absent it is {}.
//   - identity, auth and metadata are objects; absent, null and [] they are {}.
//   - Other keys are dropped.
//
// A key of the eight that stands twice is an error, because the reader before
// this one may have believed the other. So is invalid UTF-8. The error names
// the fields and what was expected and shows nothing of the event.
//
// The event does not keep data.
func (e *Event) UnmarshalJSON(data []byte) error {
	event, err := parse(bytes.Clone(data), nil, false)
	if err == nil {
		*e = event
	}
	return err
}

// parse reads an event that keeps views of data. What is absent of id and
// flowId comes from outer, if there is one. If strict, all eight keys must be
// there and none but payload may be null, as with Kotlin. With an error, the
// event has what could be read.
func parse(data []byte, outer *Event, strict bool) (Event, error) {
	m, err := scan(data)
	if err != nil {
		return Event{}, err
	}
	var problems []FieldError
	if strict {
		problems = m.absent()
	}
	check := func(key int, problem FieldError) {
		reported := strict && (m[key] == nil || string(m[key]) == "null")
		if problem != fits && !reported {
			problems = append(problems, named(keyNames[key], problem))
		}
	}

	var e Event
	var problem FieldError
	e.Name, problem = readText(m[keyName])
	check(keyName, problem)
	e.Version, problem = readVersion(m[keyVersion])
	check(keyVersion, problem)
	if outer == nil {
		outer = &Event{}
	}
	e.ID, problem = readID(m[keyID], outer.ID)
	check(keyID, problem)
	e.FlowID, problem = readID(m[keyFlowID], outer.FlowID)
	check(keyFlowID, problem)
	if e.Payload = m[keyPayload]; e.Payload == nil {
		e.Payload = json.RawMessage(emptyObject)
	}
	e.Identity, problem = readObject(m[keyIdentity])
	check(keyIdentity, problem)
	e.Auth, problem = readObject(m[keyAuth])
	check(keyAuth, problem)
	e.Metadata, problem = readObject(m[keyMetadata])
	check(keyMetadata, problem)
	if problems != nil {
		return e, &malformedError{fields: problems}
	}
	return e, nil
}

// scan finds an event's keys.
func scan(data []byte) (m members, err error) {
	var snake json.RawMessage
	twice := -1
	err = envelope.Each(data, func(key, value []byte) error {
		for i, name := range &keyNames {
			if string(key) == name {
				if m[i] != nil {
					twice = i
				}
				m[i] = value
				return nil
			}
		}
		if string(key) == "flow_id" {
			if snake != nil {
				twice = keyFlowID
			}
			snake = value
		}
		return nil
	})
	switch {
	case err != nil:
		return m, notAnEvent(data, err)
	case twice >= 0:
		return m, &malformedError{fields: []FieldError{named(keyNames[twice], errTwice)}}
	case m[keyFlowID] == nil:
		m[keyFlowID] = snake
	}
	return m, nil
}

// absent returns the keys that are missing or null but may not.
func (m *members) absent() (problems []FieldError) {
	for i, value := range m {
		switch {
		case value == nil:
			problems = append(problems, named(keyNames[i], errMissing))
		case i != keyPayload && string(value) == "null":
			problems = append(problems, named(keyNames[i], errNull))
		}
	}
	return problems
}

// readText reads a string, or a number as its text.
func readText(raw json.RawMessage) (string, FieldError) {
	switch {
	case len(raw) == 0:
		return "", errMissing
	case raw[0] == '"':
		return unquote(raw), fits
	case raw[0] == '-' || raw[0]-'0' <= 9:
		return string(raw), fits
	case raw[0] == 'n':
		return "", errNull
	}
	return "", errString
}

// unquote returns the text of a valid JSON string.
func unquote(raw json.RawMessage) string {
	text := string(raw[1 : len(raw)-1])
	if strings.IndexByte(text, '\\') >= 0 {
		_ = json.Unmarshal(raw, &text) // it has been checked
	}
	return text
}

// readID reads an id. One that is absent is taken over, or else made.
func readID(raw json.RawMessage, instead string) (string, FieldError) {
	id, problem := readText(raw)
	if problem == errMissing || problem == errNull {
		problem = fits
		if id = instead; id == "" {
			id = newID()
		}
	}
	return id, problem
}

// readVersion reads an integer as Python's int() does.
func readVersion(raw json.RawMessage) (int, FieldError) {
	switch string(raw) {
	case "true":
		return 1, fits
	case "false":
		return 0, fits
	}
	text, problem := readText(raw)
	if problem == errString {
		return 0, errInteger
	}
	if problem != fits {
		return 0, problem
	}
	text = strings.TrimSpace(text)
	if n, err := strconv.Atoi(text); err == nil {
		return n, fits
	}
	f, err := strconv.ParseFloat(text, 64)
	if raw[0] == '"' || err != nil || math.Abs(f) > math.MaxInt32 {
		return 0, errInteger
	}
	return int(f), fits
}

// readObject reads an object; absent, null and [] are an empty one.
func readObject(raw json.RawMessage) (json.RawMessage, FieldError) {
	switch {
	case len(raw) == 0 || raw[0] == 'n' || isEmptyArray(raw):
		return json.RawMessage(emptyObject), fits
	case raw[0] != '{':
		return json.RawMessage(emptyObject), errDict
	}
	return raw, fits
}

func isEmptyArray(raw json.RawMessage) bool {
	return raw[0] == '[' && strings.TrimLeft(string(raw[1:]), " \t\r\n") == "]"
}
