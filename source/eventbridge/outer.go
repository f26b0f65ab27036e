package eventbridge

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cactuscorp/cactus/internal/envelope"
)

// outer is the object around a detail. An absent field is zero, and so is null.
type outer struct {
	id         string
	detailType string
	source     string
	account    string
	time       time.Time
	detail     []byte // an object; a view of the body

	seen field
}

// field is a set of the fields of outer.
type field uint8

const (
	idField field = 1 << iota
	detailTypeField
	sourceField
	accountField
	timeField
	detailField
)

// fieldOf returns the field called key, and none if it is unknown. A known one
// may be named in an error.
func fieldOf(key []byte) field {
	switch string(key) {
	case "id":
		return idField
	case "detail-type":
		return detailTypeField
	case "source":
		return sourceField
	case "account":
		return accountField
	case "time":
		return timeField
	case "detail":
		return detailField
	default:
		return 0
	}
}

// read checks the whole body and returns what is known of it.
func read(body []byte) (outer, error) {
	var o outer
	if err := envelope.Each(body, o.member); err != nil {
		return outer{}, err
	}
	for _, required := range [...]struct {
		name  string
		there bool
	}{
		{"id", o.id != ""},
		{"detail-type", o.detailType != ""},
		{"source", o.source != ""},
		{"detail", o.detail != nil},
	} {
		if !required.there {
			return outer{}, fmt.Errorf("field %q: is missing", required.name)
		}
	}
	return o, nil
}

var (
	errTime   = errors.New(`field "time": must be an RFC 3339 time`)
	errDetail = errors.New(`field "detail": must be an object`)
)

func (o *outer) member(key, value []byte) (err error) {
	one := fieldOf(key)
	if o.seen&one != 0 {
		return fmt.Errorf("field %q: is there twice", key)
	}
	o.seen |= one
	if string(value) == "null" {
		return nil
	}
	switch one {
	case idField:
		o.id, err = text(key, value, envelope.CheckID)
	case detailTypeField:
		o.detailType, err = text(key, value, checkLength)
	case sourceField:
		o.source, err = text(key, value, checkLength)
	case accountField:
		o.account, err = text(key, value, envelope.CheckContext)
	case timeField:
		if o.time.UnmarshalJSON(value) != nil {
			return errTime
		}
	case detailField:
		if value[0] != '{' {
			return errDetail
		}
		o.detail = value
	}
	return err
}

// checkLength bounds texts that EventBridge itself has at most 256 characters of.
func checkLength(s string) error {
	switch {
	case s == "":
		return errors.New("is empty")
	case len(s) > 1024:
		return errors.New("is longer than 1024 bytes")
	default:
		return nil
	}
}

// text decodes the string that a known field must be, and checks it.
func text(key, value []byte, check func(string) error) (string, error) {
	if value[0] != '"' {
		return "", fmt.Errorf("field %q: must be a string", key)
	}
	s := string(value[1 : len(value)-1])
	if bytes.IndexByte(value, '\\') >= 0 && json.Unmarshal(value, &s) != nil {
		return "", fmt.Errorf("field %q: must be a string", key)
	}
	if err := check(s); err != nil {
		return "", fmt.Errorf("field %q: %w", key, err)
	}
	return s, nil
}

// detailType makes a type of a detail-type, which has spaces more often than not.
func detailType(_, detailType string) string {
	if envelope.CheckType(detailType) == nil {
		return detailType
	}
	var b strings.Builder
	b.Grow(len(detailType))
	gap := false
	for _, r := range detailType {
		if !inType(r) {
			gap = true
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteByte('-')
		}
		gap = false
		b.WriteRune(r)
	}
	return strings.TrimLeft(b.String(), punctuation)
}

// punctuation is what a type may have beside letters and digits, but for its
// first character.
const punctuation = "_.:/[]-"

func inType(r rune) bool {
	return '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' || strings.ContainsRune(punctuation, r)
}
