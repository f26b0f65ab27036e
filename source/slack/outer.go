package slack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/cactuscorp/cactus/internal/envelope"
)

// outer is the object around an event. An absent field is zero, and so is null.
type outer struct {
	typ       string
	id        string
	team      string
	challenge string
	created   time.Time
	event     []byte // an object; a view of the body

	seen field
}

// field is a set of the fields of outer.
type field uint8

const (
	typeField field = 1 << iota
	idField
	teamField
	challengeField
	createdField
	eventField
)

var (
	errNoType  = errors.New(`field "type": is missing`)
	errCreated = errors.New(`field "event_time": must be a number of whole seconds since 1970`)
	errEvent   = errors.New(`field "event": must be an object`)
)

// read checks the whole body and returns what is known of it.
func read(body []byte) (outer, error) {
	var o outer
	err := envelope.Each(body, func(key, value []byte) error {
		one := fieldOf(key)
		if o.seen&one != 0 {
			return fmt.Errorf("field %q: is there twice", key)
		}
		o.seen |= one
		return o.set(one, value)
	})
	if err != nil {
		return outer{}, err
	}
	if o.typ == "" {
		return outer{}, errNoType
	}
	return o, nil
}

// fieldOf returns the field called key, and none if it is unknown. A known one
// may be named in an error.
func fieldOf(key []byte) field {
	switch string(key) {
	case "type":
		return typeField
	case "event_id":
		return idField
	case "team_id":
		return teamField
	case "challenge":
		return challengeField
	case "event_time":
		return createdField
	case "event":
		return eventField
	default:
		return 0
	}
}

func (o *outer) set(one field, value []byte) (err error) {
	if string(value) == "null" {
		return nil
	}
	switch one {
	case typeField:
		o.typ, err = text("type", value)
	case idField:
		o.id, err = text("event_id", value)
	case teamField:
		o.team, err = text("team_id", value)
	case challengeField:
		o.challenge, err = text("challenge", value)
	case createdField:
		o.created, err = seconds(value)
	case eventField:
		if value[0] != '{' {
			return errEvent
		}
		o.event = value
	}
	return err
}

// Types of an outer object that are not copied.
var knownTypes = [...]string{callbackType, handshakeType}

// text decodes the string that the field called name must be.
func text(name string, value []byte) (string, error) {
	if value[0] != '"' {
		return "", fmt.Errorf("field %q: must be a string", name)
	}
	if bytes.IndexByte(value, '\\') < 0 {
		plain := value[1 : len(value)-1]
		for _, known := range knownTypes {
			if string(plain) == known {
				return known, nil
			}
		}
		return string(plain), nil
	}
	var s string
	if json.Unmarshal(value, &s) != nil {
		return "", fmt.Errorf("field %q: must be a string", name)
	}
	return s, nil
}

// maxSeconds is the last second of the year 9999, beyond which a time cannot
// be written as JSON.
const maxSeconds = 253402300799

// seconds decodes a time.
func seconds(value []byte) (time.Time, error) {
	n, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil || n < 0 || n > maxSeconds {
		return time.Time{}, errCreated
	}
	return time.Unix(n, 0).UTC(), nil
}

var errInnerTwice = errors.New(`field "event.type": is there twice`)

// innerType returns the type of the event inside.
func innerType(event []byte) (typ string, err error) {
	seen := false
	err = envelope.Each(event, func(key, value []byte) error {
		if string(key) != "type" {
			return nil
		}
		if seen {
			return errInnerTwice
		}
		seen = true
		typ, err = text("event.type", value)
		return err
	})
	if err != nil {
		return "", err
	}
	if !seen {
		return "", errors.New(`field "event.type": is missing`)
	}
	if err := envelope.CheckType(typ); err != nil {
		return "", fmt.Errorf(`field "event.type": %w`, err)
	}
	return typ, nil
}
