package eventgrid

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/cactuscorp/cactus"
)

// appendGrid appends the events of an array in the Event Grid schema. Errors count
// them from zero.
func (s *source) appendGrid(dst []cactus.Envelope, array []byte) ([]cactus.Envelope, error) {
	objects, err := elements(array)
	if err != nil {
		return dst, err
	}
	all := dst
	for i, object := range objects {
		if all, err = s.appendOne(all, object); err != nil {
			clear(all[len(dst):])
			return dst, inBatch(i, err)
		}
	}
	return all, nil
}

func (s *source) appendOne(dst []cactus.Envelope, object []byte) ([]cactus.Envelope, error) {
	e, err := read(object)
	if err != nil {
		return dst, err
	}
	if e.typ == validationType { // Respond has answered it
		_, err := e.code()
		return dst, err
	}
	if s.inner != nil {
		return s.open(dst, e.data)
	}
	return append(dst, e.envelope(object)), nil
}

var (
	errArray  = errors.New("body: must be a JSON array of events")
	errNoData = errors.New(`field "data": is missing`)
)

// elements splits an array. What it returns is no view of it, and no element has
// been checked beyond its syntax.
func elements(array []byte) ([]json.RawMessage, error) {
	if trimmed := bytes.TrimLeft(array, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '[' {
		return nil, errArray
	}
	var objects []json.RawMessage
	if json.Unmarshal(array, &objects) != nil {
		return nil, errArray
	}
	return objects, nil
}

// open reads the event that data is.
func (s *source) open(dst []cactus.Envelope, data []byte) ([]cactus.Envelope, error) {
	if data == nil {
		return dst, errNoData
	}
	envs, err := s.inner(dst, data)
	if err == nil {
		return envs, nil
	}
	if inner := errors.Unwrap(err); inner != nil && errors.Is(err, cactus.ErrMalformed) {
		err = inner // the word is said once
	}
	return dst, fmt.Errorf(`field "data": %w`, err)
}

func inBatch(index int, err error) error { return fmt.Errorf("event %d: %w", index, err) }

// isCloudEvent goes by the prefix that is reserved for event formats.
func isCloudEvent(header []string) bool {
	const prefix = "application/cloudevents"
	return len(header) == 1 && len(header[0]) >= len(prefix) && strings.EqualFold(header[0][:len(prefix)], prefix)
}
