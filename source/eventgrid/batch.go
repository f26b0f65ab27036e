package eventgrid

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cactuscorp/cactus"
)

// appendGrid appends the events of an array in the Event Grid schema. Errors count
// them from zero.
func (s *source) appendGrid(dst []cactus.Envelope, array []byte) ([]cactus.Envelope, error) {
	all, index := dst, 0
	err := eachElement(array, func(object []byte) (err error) {
		if all, err = s.appendOne(all, object); err != nil {
			return inBatch(index, err)
		}
		index++
		return nil
	})
	if err != nil {
		clear(all[len(dst):])
		return dst, err
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

// eachElement calls fn with each element of an array, which is no view of it and
// has been checked for its syntax alone. It goes no further than the first error,
// so that a million elements that are no events cost no more than one.
func eachElement(array []byte, fn func(element []byte) error) error {
	d := json.NewDecoder(bytes.NewReader(array))
	if begin, err := d.Token(); err != nil || begin != json.Delim('[') {
		return errArray
	}
	for d.More() {
		var element json.RawMessage
		if d.Decode(&element) != nil {
			return errArray
		}
		if err := fn(element); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return errArray
	}
	if _, err := d.Token(); err != io.EOF {
		return errArray
	}
	return nil
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
