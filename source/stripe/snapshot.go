package stripe

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/internal/envelope"
)

// appendSnapshot appends the snapshot event that body is.
func (p *parser) appendSnapshot(dst []cactus.Envelope, body []byte) ([]cactus.Envelope, error) {
	s := snapshot{env: cactus.Envelope{Raw: body}}
	if err := envelope.Each(body, s.member); err != nil {
		return dst, err
	}
	if err := s.finish(); err != nil {
		return dst, err
	}
	if p.version != nil {
		p.version.check(s.env.Meta, s.version)
	}
	return append(dst, s.env), nil
}

// snapshot is an event while it is being read.
type snapshot struct {
	env     cactus.Envelope
	account string
	version string
	seen    member
}

// member has a bit for each known member that was met.
type member uint8

const (
	idMember member = 1 << iota
	typeMember
	createdMember
	dataMember
	accountMember
	contextMember
	versionMember
)

// memberOf returns the member called key, and none if it is unknown. A known one
// may be named in an error.
func memberOf(key []byte) member {
	switch string(key) {
	case "id":
		return idMember
	case "type":
		return typeMember
	case "created":
		return createdMember
	case "data":
		return dataMember
	case "account":
		return accountMember
	case "context":
		return contextMember
	case "api_version":
		return versionMember
	default:
		return 0
	}
}

var (
	errCreated = errors.New(`field "created": must be a number of whole seconds since 1970`)
	errData    = errors.New(`field "data": must be an object`)
)

func (s *snapshot) member(key, value []byte) (err error) {
	one := memberOf(key)
	if s.seen&one != 0 {
		return fmt.Errorf("field %q: is there twice", key)
	}
	s.seen |= one
	if string(value) == "null" {
		return nil
	}
	switch one {
	case idMember:
		s.env.ID, err = text(key, value, envelope.CheckID)
	case typeMember:
		s.env.Type, err = text(key, value, envelope.CheckType)
	case createdMember:
		s.env.Created, err = seconds(value)
	case dataMember:
		if value[0] != '{' {
			return errData
		}
		s.env.Data = value
	case accountMember:
		s.account, err = text(key, value, envelope.CheckContext)
	case contextMember:
		s.env.Context, err = text(key, value, envelope.CheckContext)
	case versionMember:
		s.version = versionIn(value)
	}
	return err
}

// finish checks what must be there and derives what is derived.
func (s *snapshot) finish() (err error) {
	switch {
	case s.env.ID == "":
		return errors.New(`field "id": is missing`)
	case s.env.Type == "":
		return errors.New(`field "type": is missing`)
	case s.env.Data == nil:
		return errors.New(`field "data": is missing`)
	}
	if s.env.Context == "" {
		s.env.Context = s.account
	}
	s.env.RelatedObject, err = relatedObject(s.env.Data)
	return err
}

// text decodes the string that a known member must be, and checks it.
func text(key, value []byte, check func(string) error) (string, error) {
	s, ok := unquote(value)
	if !ok {
		return "", fmt.Errorf("field %q: must be a string", key)
	}
	if err := check(s); err != nil {
		return "", fmt.Errorf("field %q: %w", key, err)
	}
	return s, nil
}

// unquote returns what a JSON value stands for if it is a string.
func unquote(value []byte) (s string, ok bool) {
	switch {
	case value[0] != '"':
		return "", false
	case bytes.IndexByte(value, '\\') < 0:
		return string(value[1 : len(value)-1]), true
	default:
		return s, json.Unmarshal(value, &s) == nil
	}
}

// maxSeconds is the last second of the year 9999, beyond which a time cannot
// be written as JSON.
const maxSeconds = 253402300799

func seconds(value []byte) (time.Time, error) {
	n, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil || n < 0 || n > maxSeconds {
		return time.Time{}, errCreated
	}
	return time.Unix(n, 0).UTC(), nil
}
