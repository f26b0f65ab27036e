package eventgrid

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/internal/envelope"
)

// event is one of the Event Grid schema. An absent field is zero, and so is null.
type event struct {
	id      string
	topic   string
	typ     string
	created time.Time
	data    []byte

	seen field
}

// field is a set of the fields of event.
type field uint8

const (
	idField field = 1 << iota
	topicField
	typeField
	timeField
	dataField
)

// fieldOf returns the field called key, and none if it is unknown. A known one
// may be named in an error.
func fieldOf(key []byte) field {
	switch string(key) {
	case "id":
		return idField
	case "topic":
		return topicField
	case "eventType":
		return typeField
	case "eventTime":
		return timeField
	case "data":
		return dataField
	default:
		return 0
	}
}

// read checks all of object and returns what is known of it.
func read(object []byte) (event, error) {
	var e event
	if err := envelope.Each(object, e.member); err != nil {
		return event{}, err
	}
	switch {
	case e.id == "":
		return event{}, errors.New(`field "id": is missing`)
	case e.typ == "":
		return event{}, errors.New(`field "eventType": is missing`)
	case e.id == "." || e.id == "..":
		return event{}, errors.New(`field "id": must not be a dot segment`)
	}
	return e, nil
}

var errTime = errors.New(`field "eventTime": must be an RFC 3339 time`)

func (e *event) member(key, value []byte) (err error) {
	one := fieldOf(key)
	if e.seen&one != 0 {
		return fmt.Errorf("field %q: is there twice", key)
	}
	e.seen |= one
	if string(value) == "null" {
		return nil
	}
	switch one {
	case idField:
		e.id, err = text(key, value)
	case topicField:
		if string(value) == `""` {
			return nil // Event Grid puts the topic in where a publisher does not
		}
		e.topic, err = text(key, value)
	case typeField:
		e.typ, err = text(key, value)
	case timeField:
		if e.created.UnmarshalJSON(value) != nil {
			return errTime
		}
	case dataField:
		e.data = value
	}
	return err
}

// maxText is the most bytes that a text may have, as in package cloudevents.
const maxText = 1024

// text decodes the string that a known field must be: 1 to 1024 bytes without
// control characters.
func text(key, value []byte) (string, error) {
	if value[0] != '"' {
		return "", fmt.Errorf("field %q: must be a string", key)
	}
	s := string(value[1 : len(value)-1])
	if bytes.IndexByte(value, '\\') >= 0 && json.Unmarshal(value, &s) != nil {
		return "", fmt.Errorf("field %q: must be a string", key)
	}
	switch {
	case s == "":
		return "", fmt.Errorf("field %q: is empty", key)
	case len(s) > maxText:
		return "", fmt.Errorf("field %q: is longer than 1024 bytes", key)
	case strings.ContainsFunc(s, unicode.IsControl):
		return "", fmt.Errorf("field %q: has a control character", key)
	case strings.ContainsRune(s, unicode.ReplacementChar):
		return "", fmt.Errorf("field %q: has half of a surrogate pair, or what stands for one", key)
	}
	return s, nil
}

// envelope is the event as cactus has it. The topic's length comes first in the
// DedupeID, so that no other pair of topic and id makes the same text.
func (e *event) envelope(object []byte) cactus.Envelope {
	env := cactus.Envelope{Data: e.data, Raw: object}
	env.ID, env.Type, env.Created = e.id, e.typ, e.created
	env.DedupeID = strconv.Itoa(len(e.topic)) + " " + e.topic + " " + e.id
	return env
}
