package cloudevents

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/internal/envelope"
)

// appendEvent appends the event of the JSON event format that object is. Data
// and Raw are views of it.
func appendEvent(dst []cactus.Envelope, object []byte) ([]cactus.Envelope, error) {
	dst = append(dst, cactus.Envelope{Raw: object})
	e := event{env: &dst[len(dst)-1]}
	if err := envelope.Each(object, e.member); err != nil {
		return dst, err
	}
	return dst, e.fill(e.env)
}

// event is one while it is being read.
type event struct {
	attributes

	env  *cactus.Envelope
	seen member
}

// member has a bit for each known member of the object that was met.
type member uint16

const (
	specversionMember member = 1 << iota
	idMember
	sourceMember
	typeMember
	timeMember
	subjectMember
	datacontenttypeMember
	dataschemaMember
	dataMember
	base64Member
)

// member reads one member. Those of the other attributes are left to Raw.
func (e *event) member(key, value []byte) error {
	switch string(key) {
	case "specversion":
		return e.text(specversionMember, key, value, &e.specversion)
	case "id":
		return e.text(idMember, key, value, &e.id)
	case "source":
		return e.text(sourceMember, key, value, &e.source)
	case "type":
		return e.text(typeMember, key, value, &e.typ)
	case "time":
		return e.text(timeMember, key, value, &e.time)
	case "subject":
		return e.once(subjectMember, key)
	case "datacontenttype":
		return e.once(datacontenttypeMember, key)
	case "dataschema":
		return e.once(dataschemaMember, key)
	case "data":
		if err := e.once(dataMember, key); err != nil {
			return err
		}
		return e.data(value)
	case "data_base64":
		if err := e.once(base64Member, key); err != nil || string(value) == "null" {
			return err
		}
		text, err := encoded(value)
		if err != nil {
			return fmt.Errorf("member %q: %w", key, err)
		}
		return e.data(text)
	}
	return nil
}

func (e *event) once(one member, key []byte) error {
	if e.seen&one != 0 {
		return fmt.Errorf("attribute %q: is there twice", key)
	}
	e.seen |= one
	return nil
}

// text sets target to the text of a string, and leaves it nil for null, which
// stands for an attribute that is not there.
func (e *event) text(one member, key, value []byte, target *[]byte) error {
	if err := e.once(one, key); err != nil || string(value) == "null" {
		return err
	}
	text, err := unquote(value)
	if err != nil {
		return fmt.Errorf("attribute %q: %w", key, err)
	}
	*target = text
	return nil
}

var errBothData = errors.New(`members "data" and "data_base64": only one may be there`)

func (e *event) data(value []byte) error {
	if e.env.Data != nil {
		return errBothData
	}
	e.env.Data = value
	return nil
}

var (
	errNoString  = errors.New("must be a string")
	errSurrogate = errors.New("has half of a surrogate pair")
)

// unquote returns what a JSON value stands for if it is a string: a view unless
// it has escapes. The value must be valid JSON.
func unquote(value []byte) ([]byte, error) {
	if value[0] != '"' {
		return nil, errNoString
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return value[1 : len(value)-1 : len(value)-1], nil
	}
	// As a key, because a key's escapes are decoded strictly: encoding/json
	// would make one text of every half of a surrogate pair, and of two ids.
	object := make([]byte, 0, len(value)+len(`{:0}`))
	object = append(append(append(object, '{'), value...), `:0}`...)
	var text []byte
	err := envelope.Each(object, func(key, _ []byte) error {
		text = key
		return nil
	})
	if err != nil {
		return nil, errSurrogate
	}
	return text, nil
}
